/* The order of attempts over a virtual clock: what is told, what must follow. */
#include "plan/fallback.h"

#include <string.h>

#define MS DURATION_MILLISECOND

typedef struct {
    FallbackConfig config;
    FallbackPlan *plan;
    GString *story; /* "0:start udp/4500 192.0.2.1;" ... with the time in ms */
    Instant now;
} Race;

static InetAddress
address(const char *text)
{
    InetAddress out;
    g_assert_true(inet_address_parse(text, &out));
    return out;
}

static void
tell(Race *race)
{
    static const char *const kinds[] = { "udp", "tcp", "tls" };
    FallbackAction action;
    while (fallback_plan_next_action(race->plan, &action)) {
        g_string_append_printf(race->story, "%d:", (int)(race->now / MS));
        if (action.kind == FALLBACK_START) {
            g_autofree char *text = inet_address_to_string(&action.address);
            g_string_append_printf(race->story, "start %u %s/%u %s;", action.attempt,
                                   kinds[action.transport.kind], action.transport.port, text);
        } else if (action.kind == FALLBACK_AUTHENTICATE) {
            g_string_append_printf(race->story, "auth %u;", action.attempt);
        } else if (action.kind == FALLBACK_ABANDON) {
            g_string_append_printf(race->story, "abandon %u;", action.attempt);
        } else {
            g_string_append(race->story, "exhausted;");
        }
    }
}

static Race *
race_new(const char *addresses)
{
    Race *race = g_new0(Race, 1);
    race->story = g_string_new("");
    race->config.transports[0] = (FallbackTransport){ FALLBACK_UDP, 4500 };
    race->config.transports[1] = (FallbackTransport){ FALLBACK_UDP, 500 };
    race->config.transports[2] = (FallbackTransport){ FALLBACK_TCP, 4500 };
    race->config.n_transports = 3;
    g_auto(GStrv) list = g_strsplit(addresses, " ", 0);
    for (size_t i = 0; list[i] != NULL; i++)
        race->config.addresses[race->config.n_addresses++] = address(list[i]);
    return race;
}

static void
race_start(Race *race)
{
    race->plan = fallback_plan_new(&race->config, 0);
    tell(race);
}

/* Lets time pass, one deadline after the other. */
static void
until(Race *race, Instant when)
{
    for (unsigned i = 0; i < 1000; i++) {
        Instant deadline = fallback_plan_next_deadline(race->plan);
        if (deadline > when)
            break;
        g_assert_cmpint(deadline, >, race->now - 1);
        race->now = deadline;
        fallback_plan_timeout(race->plan, race->now);
        tell(race);
    }
    g_assert_cmpint(fallback_plan_next_deadline(race->plan), >, when);
    race->now = when;
}

static void
event(Race *race, unsigned attempt, FallbackEvent what)
{
    fallback_plan_event(race->plan, attempt, what, race->now);
    tell(race);
}

static void
expect(Race *race, const char *story)
{
    g_assert_cmpstr(race->story->str, ==, story);
    fallback_plan_free(race->plan);
    g_string_free(race->story, TRUE);
    g_free(race);
}

static void
test_udp_answers(void)
{
    Race *race = race_new("192.0.2.1");
    race_start(race);
    until(race, 20 * MS);
    event(race, 0, FALLBACK_ANSWERED);
    until(race, 40 * MS);
    event(race, 0, FALLBACK_AUTH_ANSWERED);
    until(race, 60000 * MS);
    expect(race, "0:start 0 udp/4500 192.0.2.1;20:auth 0;");
}

/* Somebody types a PIN before IKE_AUTH goes out: its time begins afterwards. */
static void
test_no_time_while_asked(void)
{
    Race *race = race_new("192.0.2.1");
    race->config.transports[1] = (FallbackTransport){ FALLBACK_TCP, 4500 };
    race->config.n_transports = 2;
    race_start(race);
    until(race, 20 * MS);
    event(race, 0, FALLBACK_ANSWERED);
    event(race, 0, FALLBACK_ASKING);
    until(race, 90000 * MS);
    event(race, 0, FALLBACK_ASKED);
    until(race, 91999 * MS);
    g_assert_null(strstr(race->story->str, "abandon"));
    until(race, 92000 * MS);
    expect(race, "0:start 0 udp/4500 192.0.2.1;20:auth 0;1000:start 1 tcp/4500 192.0.2.1;"
                 "92000:abandon 0;");
}

static void
test_udp_silent(void)
{
    Race *race = race_new("192.0.2.1");
    race_start(race);
    until(race, 1030 * MS);
    event(race, 2, FALLBACK_ANSWERED);
    until(race, 1100 * MS);
    event(race, 2, FALLBACK_AUTH_ANSWERED);
    expect(race, "0:start 0 udp/4500 192.0.2.1;500:start 1 udp/500 192.0.2.1;"
                 "1000:start 2 tcp/4500 192.0.2.1;1080:auth 2;1100:abandon 0;1100:abandon 1;");
}

static void
test_udp_wins_within_grace(void)
{
    Race *race = race_new("192.0.2.1");
    race_start(race);
    until(race, 1030 * MS);
    event(race, 2, FALLBACK_ANSWERED);
    until(race, 1060 * MS);
    event(race, 0, FALLBACK_ANSWERED);
    expect(race, "0:start 0 udp/4500 192.0.2.1;500:start 1 udp/500 192.0.2.1;"
                 "1000:start 2 tcp/4500 192.0.2.1;1060:auth 0;");
}

static void
test_refused_starts_tcp_at_once(void)
{
    Race *race = race_new("192.0.2.1");
    race_start(race);
    until(race, 5 * MS);
    event(race, 0, FALLBACK_REFUSED);
    expect(race, "0:start 0 udp/4500 192.0.2.1;5:abandon 0;5:start 2 tcp/4500 192.0.2.1;");
}

static void
test_all_refused(void)
{
    Race *race = race_new("192.0.2.1");
    race_start(race);
    event(race, 0, FALLBACK_REFUSED);
    event(race, 2, FALLBACK_REFUSED);
    until(race, 500 * MS);
    event(race, 1, FALLBACK_REFUSED);
    expect(race, "0:start 0 udp/4500 192.0.2.1;0:abandon 0;0:start 2 tcp/4500 192.0.2.1;"
                 "0:abandon 2;0:start 1 udp/500 192.0.2.1;500:abandon 1;500:exhausted;");
}

static void
test_answered_but_never_authenticated(void)
{
    Race *race = race_new("192.0.2.1");
    race_start(race);
    event(race, 0, FALLBACK_ANSWERED);
    until(race, 2010 * MS);
    event(race, 1, FALLBACK_SILENT);
    event(race, 2, FALLBACK_ANSWERED);
    expect(race, "0:start 0 udp/4500 192.0.2.1;0:auth 0;500:start 1 udp/500 192.0.2.1;"
                 "1000:start 2 tcp/4500 192.0.2.1;2000:abandon 0;2010:abandon 1;2010:auth 2;");
}

static void
test_only_one_authenticates(void)
{
    Race *race = race_new("2001:db8::1 192.0.2.1");
    race_start(race);
    until(race, 260 * MS);
    event(race, 0, FALLBACK_ANSWERED);
    event(race, 1, FALLBACK_ANSWERED);
    until(race, 400 * MS);
    event(race, 0, FALLBACK_AUTH_ANSWERED);
    expect(race, "0:start 0 udp/4500 2001:db8::1;250:start 1 udp/4500 192.0.2.1;260:auth 0;"
                 "400:abandon 1;");
}

static void
test_known_blocked(void)
{
    Race *race = race_new("192.0.2.1");
    race->config.udp_blocked = true;
    race_start(race);
    until(race, 990 * MS);
    expect(race, "0:start 2 tcp/4500 192.0.2.1;");
}

static void
test_half_open_bound(void)
{
    Race *race = race_new("192.0.2.1");
    race->config.transports[3] = (FallbackTransport){ FALLBACK_TLS, 443 };
    race->config.n_transports = 4;
    race_start(race);
    until(race, 1500 * MS);
    event(race, 2, FALLBACK_OPENED);
    until(race, 2500 * MS);
    event(race, 0, FALLBACK_SILENT);
    expect(race, "0:start 0 udp/4500 192.0.2.1;500:start 1 udp/500 192.0.2.1;"
                 "1000:start 2 tcp/4500 192.0.2.1;2500:abandon 0;2500:start 3 tls/443 192.0.2.1;");
}

/* Where TCP's connect stays silent, the gateway knows nothing of it: TLS does not wait for it. When
 * both lead to the gateway after all, the last UDP port makes room. */
static void
test_streams_that_do_not_open(void)
{
    Race *race = race_new("192.0.2.1");
    race->config.transports[3] = (FallbackTransport){ FALLBACK_TLS, 443 };
    race->config.n_transports = 4;
    race_start(race);
    until(race, 2100 * MS);
    event(race, 3, FALLBACK_OPENED);
    until(race, 2200 * MS);
    event(race, 2, FALLBACK_OPENED);
    event(race, 3, FALLBACK_ANSWERED);
    until(race, 2300 * MS);
    expect(race, "0:start 0 udp/4500 192.0.2.1;500:start 1 udp/500 192.0.2.1;"
                 "1000:start 2 tcp/4500 192.0.2.1;2000:start 3 tls/443 192.0.2.1;"
                 "2200:abandon 1;2250:auth 3;");
}

/* Any order of events: it ends, never two at IKE_AUTH, never more than the bound half open. */
static void
test_any_order(void)
{
    for (guint32 seed = 0; seed < 3000; seed++) {
        GRand *rand = g_rand_new_with_seed(seed);
        Race *race = race_new(seed % 2 ? "192.0.2.1" : "2001:db8::1 192.0.2.1");
        race->config.udp_blocked = seed % 3 == 0;
        race->plan = fallback_plan_new(&race->config, 0);
        int started[6] = { 0 }, authenticating = 0;
        bool exhausted = false;
        for (unsigned step = 0; step < 400; step++) {
            FallbackAction action;
            while (fallback_plan_next_action(race->plan, &action)) {
                g_assert_false(exhausted);
                if (action.kind == FALLBACK_START)
                    started[action.attempt] = 1;
                if (action.kind == FALLBACK_AUTHENTICATE) {
                    authenticating++;
                    started[action.attempt] = 2;
                }
                if (action.kind == FALLBACK_ABANDON) {
                    g_assert_cmpint(started[action.attempt], >, 0);
                    authenticating -= started[action.attempt] == 2;
                    started[action.attempt] = 0;
                }
                exhausted = action.kind == FALLBACK_EXHAUSTED;
                int open = 0;
                for (unsigned i = race->config.n_addresses - 1; i < 6;
                     i += race->config.n_addresses)
                    open += started[i] > 0;
                g_assert_cmpint(open, <=, FALLBACK_MAX_HALF_OPEN);
                g_assert_cmpint(authenticating, <=, 1);
            }
            race->now += g_rand_int_range(rand, 0, 400) * MS;
            fallback_plan_timeout(race->plan, race->now);
            unsigned attempt =
                (unsigned)g_rand_int_range(rand, 0, 3 * (int)race->config.n_addresses);
            FallbackEvent what = (FallbackEvent)g_rand_int_range(rand, 0, 5);
            if (what != FALLBACK_AUTH_ANSWERED && started[attempt] > 0)
                fallback_plan_event(race->plan, attempt, what, race->now);
        }
        g_assert_true(exhausted);
        g_rand_free(rand);
        fallback_plan_free(race->plan);
        g_string_free(race->story, TRUE);
        g_free(race);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/fallback/udp-answers", test_udp_answers);
    g_test_add_func("/plan/fallback/udp-silent-tcp-joins", test_udp_silent);
    g_test_add_func("/plan/fallback/udp-wins-within-grace", test_udp_wins_within_grace);
    g_test_add_func("/plan/fallback/refused-starts-tcp-at-once", test_refused_starts_tcp_at_once);
    g_test_add_func("/plan/fallback/all-refused-is-exhausted", test_all_refused);
    g_test_add_func("/plan/fallback/answered-but-never-authenticated",
                    test_answered_but_never_authenticated);
    g_test_add_func("/plan/fallback/only-one-authenticates", test_only_one_authenticates);
    g_test_add_func("/plan/fallback/no-time-runs-while-somebody-is-asked",
                    test_no_time_while_asked);
    g_test_add_func("/plan/fallback/known-blocked-starts-tcp-first", test_known_blocked);
    g_test_add_func("/plan/fallback/half-open-bound", test_half_open_bound);
    g_test_add_func("/plan/fallback/streams-that-do-not-open", test_streams_that_do_not_open);
    g_test_add_func("/plan/fallback/any-order-ends", test_any_order);
    return g_test_run();
}
