/* Moves over a virtual clock: what is told, what must follow. */
#include "plan/mobility.h"

#include <string.h>

#define MS DURATION_MILLISECOND

typedef struct {
    MobilityConfig config;
    MobilityPlan *plan;
    GString *story; /* "0:open 1 udp/4500 192.0.2.1;" ... with the time in ms */
    Instant now;
} Journey;

static InetAddress
address(const char *text)
{
    InetAddress out;
    g_assert_true(inet_address_parse(text, &out));
    return out;
}

static char *
place(const MobilityAction *action)
{
    static const char *const kinds[] = { "udp", "tcp", "tls" };
    g_autofree char *text = inet_address_to_string(&action->address);
    return g_strdup_printf("%s/%u %s", kinds[action->transport.kind], action->transport.port, text);
}

static void
tell_one(Journey *journey, const MobilityAction *action)
{
    GString *story = journey->story;
    g_autofree char *where = place(action);
    switch (action->kind) {
    case MOBILITY_OPEN:
        g_string_append_printf(story, "open %u %s;", action->path, where);
        break;
    case MOBILITY_TELL:
        g_string_append_printf(story, "tell %u%s;", action->path, action->also ? " also" : "");
        break;
    case MOBILITY_USE:
        g_string_append_printf(story, "use %u;", action->path);
        break;
    case MOBILITY_CHECK:
        g_string_append_printf(story, "check %u;", action->path);
        break;
    case MOBILITY_DONE:
        g_string_append_printf(story, "done %u from %u, %s;", action->path, action->old_path,
                               mobility_reason_to_string(action->reason));
        break;
    case MOBILITY_CLOSE:
        g_string_append_printf(story, "close %u;", action->path);
        break;
    case MOBILITY_LOOK:
        g_string_append_printf(story, "look %s;", where);
        break;
    case MOBILITY_REPLACE:
        g_string_append_printf(story, "replace, %s;", mobility_reason_to_string(action->reason));
        break;
    case MOBILITY_OFFLINE:
        g_string_append(story, "offline;");
        break;
    case MOBILITY_LOST:
        g_string_append(story, "lost;");
        break;
    }
}

static void
tell(Journey *journey)
{
    MobilityAction action;
    while (mobility_next_action(journey->plan, &action)) {
        g_string_append_printf(journey->story, "%d:", (int)(journey->now / MS));
        tell_one(journey, &action);
    }
}

static Journey *
journey_new(const char *addresses)
{
    Journey *journey = g_new0(Journey, 1);
    MobilityConfig *config = &journey->config;
    journey->story = g_string_new("");
    config->transports[0] = (FallbackTransport){ FALLBACK_UDP, 4500 };
    config->transports[1] = (FallbackTransport){ FALLBACK_UDP, 500 };
    config->transports[2] = (FallbackTransport){ FALLBACK_TCP, 4500 };
    config->transports[3] = (FallbackTransport){ FALLBACK_TLS, 443 };
    config->n_transports = 4;
    config->mobike = true;
    g_auto(GStrv) list = g_strsplit(addresses, " ", 0);
    for (size_t i = 0; list[i] != NULL; i++)
        config->addresses[config->n_addresses++] = address(list[i]);
    return journey;
}

/* Up over config's transport. */
static void
start(Journey *journey, size_t transport)
{
    journey->plan = mobility_plan_new(&journey->config, 0, &journey->config.transports[transport],
                                      &journey->config.addresses[0], 0);
    tell(journey);
}

static Journey *
up_over(size_t transport)
{
    Journey *journey = journey_new("192.0.2.1");
    start(journey, transport);
    return journey;
}

static void
until(Journey *journey, Instant when)
{
    for (unsigned i = 0; i < 1000; i++) {
        Instant deadline = mobility_next_deadline(journey->plan);
        if (deadline > when)
            break;
        g_assert_cmpint(deadline, >=, journey->now);
        journey->now = deadline;
        mobility_timeout(journey->plan, journey->now);
        tell(journey);
    }
    g_assert_cmpint(mobility_next_deadline(journey->plan), >, when);
    journey->now = when;
}

static void
opened(Journey *journey, uint32_t path, bool same_local)
{
    mobility_opened(journey->plan, path, same_local, journey->now);
    tell(journey);
}

static void
answered(Journey *journey, uint32_t path, bool told)
{
    mobility_answered(journey->plan, path, told, false, journey->now);
    tell(journey);
}

static void
failed(Journey *journey, uint32_t path, bool unreachable)
{
    mobility_failed(journey->plan, path, unreachable, journey->now);
    tell(journey);
}

static void
network_changed(Journey *journey, bool udp_blocked)
{
    mobility_network_changed(journey->plan, udp_blocked, journey->now);
    tell(journey);
}

static void
unanswered(Journey *journey)
{
    mobility_unanswered(journey->plan, journey->now);
    tell(journey);
}

static void
stalled(Journey *journey)
{
    mobility_stalled(journey->plan, journey->now);
    tell(journey);
}

static void
revived(Journey *journey)
{
    mobility_revived(journey->plan, journey->now);
    tell(journey);
}

static void
looked(Journey *journey, bool found)
{
    mobility_looked(journey->plan, found, journey->now);
    tell(journey);
}

static void
expect(Journey *journey, const char *story)
{
    g_assert_cmpstr(journey->story->str, ==, story);
    g_string_truncate(journey->story, 0);
}

static void
arrive(Journey *journey)
{
    mobility_plan_free(journey->plan);
    g_string_free(journey->story, TRUE);
    g_free(journey);
}

static void
test_other_address(void)
{
    Journey *journey = up_over(0);
    network_changed(journey, false);
    expect(journey, "0:open 1 udp/4500 192.0.2.1;");
    opened(journey, 1, false);
    expect(journey, "0:tell 1;");
    until(journey, 40 * MS);
    answered(journey, 1, true);
    expect(journey, "40:done 1 from 0, network-changed;40:close 0;");
    until(journey, 24 * 60 * DURATION_MINUTE);
    expect(journey, "");
    arrive(journey);
}

static void
test_same_address(void)
{
    Journey *journey = up_over(0);
    network_changed(journey, false);
    opened(journey, 1, true);
    expect(journey, "0:open 1 udp/4500 192.0.2.1;0:close 1;0:check 0;");
    answered(journey, 0, true);
    expect(journey, "0:done 0 from 0, network-changed;");
    g_assert_false(mobility_is_moving(journey->plan));
    arrive(journey);
}

/* RFC 9329, section 7.1: UDP first, then the same request over TCP, and where the answer may be of
 * either, once more by the one that is kept. */
static void
test_udp_blocked_there(void)
{
    Journey *journey = up_over(0);
    network_changed(journey, false);
    opened(journey, 1, false);
    expect(journey, "0:open 1 udp/4500 192.0.2.1;0:tell 1;");
    until(journey, 1100 * MS);
    expect(journey, "1000:open 2 tcp/4500 192.0.2.1;");
    opened(journey, 2, false);
    expect(journey, "1100:tell 2 also;");
    until(journey, 1200 * MS);
    answered(journey, 2, false);
    expect(journey, "1200:use 2;");
    until(journey, 1300 * MS);
    answered(journey, 2, true);
    expect(journey, "1300:done 2 from 0, network-changed;1300:close 0;1300:close 1;");
    until(journey, 62 * DURATION_SECOND);
    expect(journey, "61300:look udp/4500 192.0.2.1;");
    arrive(journey);
}

static void
test_udp_known_to_be_blocked(void)
{
    Journey *journey = up_over(2);
    network_changed(journey, true);
    expect(journey, "0:check 0;");
    answered(journey, 0, true);
    until(journey, 0);
    expect(journey, "0:done 0 from 0, network-changed;0:look udp/4500 192.0.2.1;");
    arrive(journey);
}

static void
test_silent(void)
{
    Journey *journey = up_over(0);
    unanswered(journey);
    expect(journey, "0:open 1 tcp/4500 192.0.2.1;");
    unanswered(journey); /* it is looked into already */
    opened(journey, 1, true);
    expect(journey, "0:tell 1 also;");
    answered(journey, 1, false);
    answered(journey, 1, true);
    expect(journey, "0:use 1;0:done 1 from 0, udp-silent;0:close 0;");
    arrive(journey);
}

/* One packet was lost, nothing else. */
static void
test_not_silent_after_all(void)
{
    Journey *journey = up_over(0);
    unanswered(journey);
    failed(journey, 1, false);
    expect(journey, "0:open 1 tcp/4500 192.0.2.1;0:close 1;0:open 2 tls/443 192.0.2.1;");
    failed(journey, 2, false);
    expect(journey, "0:close 2;");
    answered(journey, 0, false);
    expect(journey, "0:done 0 from 0, udp-silent;");
    /* The stream is not even open when the answer comes. */
    unanswered(journey);
    answered(journey, 0, false);
    expect(journey, "0:open 3 tcp/4500 192.0.2.1;0:done 0 from 0, udp-silent;0:close 3;");
    /* The request had gone by the stream as well: which copy was acted on? */
    unanswered(journey);
    opened(journey, 4, true);
    g_string_truncate(journey->story, 0);
    answered(journey, 0, false);
    expect(journey, "0:use 0;");
    answered(journey, 4, false); /* UDP is preferred, and nobody else would tell by it again */
    expect(journey, "0:use 0;");
    answered(journey, 0, true);
    expect(journey, "0:done 0 from 0, udp-silent;0:close 4;");
    arrive(journey);
}

static void
test_stream_broke(void)
{
    Journey *journey = up_over(2);
    failed(journey, 0, false);
    expect(journey, "0:open 1 tcp/4500 192.0.2.1;");
    opened(journey, 1, true);
    expect(journey, "0:tell 1;");
    failed(journey, 1, false); /* refused */
    expect(journey, "0:close 1;0:open 2 udp/4500 192.0.2.1;");
    opened(journey, 2, true);
    expect(journey, "0:tell 2;");
    until(journey, 250 * MS);
    expect(journey, "250:open 3 tcp/4500 192.0.2.1;");
    opened(journey, 3, true);
    answered(journey, 3, false);
    answered(journey, 3, true);
    expect(journey, "250:tell 3 also;250:use 3;250:done 3 from 0, stream-broke;250:close 0;"
                    "250:close 2;");
    arrive(journey);
}

static void
test_stream_never_again(void)
{
    Journey *journey = up_over(2);
    journey->config.mobike = false;
    mobility_plan_free(journey->plan);
    start(journey, 2);
    failed(journey, 0, false);
    for (uint32_t path = 1; path <= 6; path++) {
        opened(journey, path, true);
        failed(journey, path, false);
        until(journey, journey->now + 4 * DURATION_SECOND);
    }
    g_assert_true(g_str_has_suffix(journey->story->str, "close 6;20000:lost;") ||
                  g_str_has_suffix(journey->story->str, "lost;"));
    g_assert_false(mobility_is_moving(journey->plan));
    arrive(journey);
}

/* The one in use is given up when another is open, and not before. */
static void
test_stream_silent(void)
{
    Journey *journey = up_over(2);
    stalled(journey);
    expect(journey, "0:open 1 tcp/4500 192.0.2.1;");
    stalled(journey); /* it is looked into already */
    opened(journey, 1, true);
    expect(journey, "0:tell 1;");
    answered(journey, 1, true);
    expect(journey, "0:done 1 from 0, stream-silent;0:close 0;");
    arrive(journey);
}

/* Others of the profile, and UDP, where that one does not open either. */
static void
test_stream_silent_and_so_is_the_next(void)
{
    Journey *journey = up_over(2);
    stalled(journey);
    until(journey, 2 * DURATION_SECOND);
    expect(journey, "0:open 1 tcp/4500 192.0.2.1;1000:open 2 tcp/4500 192.0.2.1;"
                    "1000:open 3 udp/4500 192.0.2.1;");
    opened(journey, 3, true);
    failed(journey, 1, false);
    expect(journey, "2000:tell 3;2000:close 1;2000:open 4 tls/443 192.0.2.1;");
    opened(journey, 4, true);
    expect(journey, "2000:tell 4 also;");
    answered(journey, 4, false);
    answered(journey, 4, true);
    expect(journey, "2000:use 4;2000:done 4 from 0, stream-silent;2000:close 0;2000:close 2;"
                    "2000:close 3;");
    arrive(journey);
}

/* It was slow: nothing has happened, and the way back is looked for when it was to be. */
static void
test_stream_only_slow(void)
{
    Journey *journey = up_over(2);
    for (unsigned i = 1; i <= 10; i++) {
        until(journey, i * 5 * DURATION_SECOND);
        stalled(journey);
        g_string_truncate(journey->story, 0);
        revived(journey);
        g_autofree char *story =
            g_strdup_printf("%u:done 0 from 0, stream-silent;%u:close %u;", i * 5000, i * 5000, i);
        expect(journey, story);
        g_assert_false(mobility_is_moving(journey->plan));
    }
    until(journey, 60 * DURATION_SECOND);
    expect(journey, "60000:look udp/4500 192.0.2.1;");
    looked(journey, false);
    g_assert_cmpint(mobility_next_look(journey->plan), ==, 180 * DURATION_SECOND);
    arrive(journey);
}

/* UDP was told, is blocked, and the stream comes to life: the gateway is told again where we are.
 */
static void
test_stream_slow_after_all(void)
{
    Journey *journey = up_over(2);
    stalled(journey);
    until(journey, 1 * DURATION_SECOND);
    opened(journey, 3, true);
    g_string_truncate(journey->story, 0);
    revived(journey);
    revived(journey);
    expect(journey, "");
    until(journey, 2 * DURATION_SECOND);
    expect(journey, "2000:tell 0 also;");
    answered(journey, 0, false);
    answered(journey, 0, true);
    expect(journey, "2000:use 0;2000:done 0 from 0, stream-silent;2000:close 1;2000:close 2;"
                    "2000:close 3;");
    arrive(journey);
}

/* TCP gives up while others are tried: they go on, and what follows is a stream that broke. */
static void
test_stream_silent_then_broken(void)
{
    Journey *journey = up_over(2);
    stalled(journey);
    failed(journey, 0, false);
    expect(journey, "0:open 1 tcp/4500 192.0.2.1;0:open 2 tcp/4500 192.0.2.1;");
    opened(journey, 1, true);
    answered(journey, 1, true);
    expect(journey, "0:tell 1;0:done 1 from 0, stream-broke;0:close 0;0:close 2;");
    /* The one that was chosen breaks as well: there is none left. */
    stalled(journey);
    opened(journey, 3, true);
    answered(journey, 3, false);
    failed(journey, 1, false);
    g_string_truncate(journey->story, 0);
    failed(journey, 3, false);
    expect(journey, "0:close 3;0:lost;");
    arrive(journey);
}

static void
test_stream_silent_without_mobike(void)
{
    Journey *journey = journey_new("192.0.2.1");
    journey->config.mobike = false;
    start(journey, 2);
    stalled(journey);
    until(journey, 5 * DURATION_SECOND);
    expect(journey, "0:open 1 tcp/4500 192.0.2.1;"); /* and no other kind */
    opened(journey, 1, true);
    answered(journey, 1, true);
    expect(journey, "5000:tell 1;5000:done 1 from 0, stream-silent;5000:close 0;");
    arrive(journey);
}

static void
test_way_back(void)
{
    Journey *journey = up_over(2);
    mobility_look_now(journey->plan, 0);
    until(journey, 0);
    expect(journey, "0:look udp/4500 192.0.2.1;");
    mobility_plan_free(journey->plan);
    start(journey, 2);
    until(journey, 60 * DURATION_SECOND);
    expect(journey, "60000:look udp/4500 192.0.2.1;");
    looked(journey, false);
    until(journey, 179 * DURATION_SECOND);
    expect(journey, "");
    until(journey, 180 * DURATION_SECOND);
    expect(journey, "180000:look udp/4500 192.0.2.1;");
    looked(journey, true);
    expect(journey, "180000:open 1 udp/4500 192.0.2.1;");
    opened(journey, 1, true);
    answered(journey, 1, true);
    expect(journey, "180000:tell 1;180000:done 1 from 0, udp-found;180000:close 0;");
    g_assert_cmpint(mobility_next_look(journey->plan), ==, INSTANT_NEVER);
    arrive(journey);
}

/* UDP let one packet through, and no other: the stream goes on. */
static void
test_way_back_in_vain(void)
{
    Journey *journey = up_over(2);
    until(journey, 60 * DURATION_SECOND);
    looked(journey, true);
    opened(journey, 1, true);
    g_string_truncate(journey->story, 0);
    until(journey, 61 * DURATION_SECOND);
    expect(journey, "61000:tell 0 also;");
    answered(journey, 0, false);
    expect(journey, "61000:use 0;");
    answered(journey, 0, true);
    expect(journey, "61000:done 0 from 0, udp-found;61000:close 1;");
    arrive(journey);
}

/* Large datagrams get lost, small ones are still answered. */
static void
test_narrow(void)
{
    Journey *journey = up_over(0);
    mobility_too_narrow(journey->plan, 0);
    tell(journey);
    expect(journey, "0:open 1 tcp/4500 192.0.2.1;");
    answered(journey, 0, false);
    expect(journey, "");
    opened(journey, 1, true);
    answered(journey, 1, true);
    expect(journey, "0:tell 1;0:done 1 from 0, udp-narrow;0:close 0;");
    arrive(journey);
}

static void
test_narrow_and_nothing_else(void)
{
    Journey *journey = up_over(0);
    mobility_too_narrow(journey->plan, 0);
    tell(journey);
    failed(journey, 1, false);
    failed(journey, 2, false);
    g_string_truncate(journey->story, 0);
    until(journey, 2 * DURATION_SECOND);
    answered(journey, 0, false);
    expect(journey, "2000:tell 0 also;2000:done 0 from 0, udp-narrow;");
    arrive(journey);
}

static void
test_looks_are_rarer(void)
{
    Journey *journey = up_over(2);
    unsigned looks = 0;
    for (unsigned minute = 1; minute <= 24 * 60; minute++) {
        until(journey, minute * DURATION_MINUTE);
        if (journey->story->len > 0) {
            looks++;
            g_string_truncate(journey->story, 0);
            looked(journey, false);
        }
    }
    g_assert_cmpuint(looks, >=, 48); /* every half hour in the end */
    g_assert_cmpuint(looks, <=, 54);
    arrive(journey);
}

static void
test_offline(void)
{
    Journey *journey = up_over(0);
    network_changed(journey, false);
    failed(journey, 1, true);
    failed(journey, 2, true);
    failed(journey, 3, true);
    expect(journey, "0:open 1 udp/4500 192.0.2.1;0:close 1;0:open 2 tcp/4500 192.0.2.1;0:close 2;"
                    "0:open 3 tls/443 192.0.2.1;0:close 3;0:offline;");
    g_assert_true(mobility_is_offline(journey->plan));
    unanswered(journey);
    expect(journey, "");
    network_changed(journey, false);
    g_assert_false(mobility_is_offline(journey->plan));
    expect(journey, "0:open 4 udp/4500 192.0.2.1;");
    arrive(journey);
}

static void
test_other_family(void)
{
    Journey *journey = journey_new("2001:db8::1 192.0.2.1");
    start(journey, 0);
    network_changed(journey, false);
    failed(journey, 1, true);
    expect(journey, "0:open 1 udp/4500 2001:db8::1;0:close 1;0:open 2 udp/4500 192.0.2.1;");
    opened(journey, 2, false);
    answered(journey, 2, true);
    expect(journey, "0:tell 2;0:done 2 from 0, network-changed;0:close 0;");
    arrive(journey);
}

static void
test_without_mobike(void)
{
    Journey *journey = journey_new("192.0.2.1");
    journey->config.mobike = false;
    start(journey, 0);
    network_changed(journey, false);
    opened(journey, 1, false);
    expect(journey, "0:open 1 udp/4500 192.0.2.1;0:close 1;0:replace, network-changed;");
    unanswered(journey);
    expect(journey, "");
    arrive(journey);
}

/* A new SA by UDP would have other addresses inside: the stream is kept, and nobody looks again
 * until it breaks or the network changes. */
static void
test_content_with_the_stream(void)
{
    Journey *journey = journey_new("192.0.2.1");
    journey->config.mobike = false;
    start(journey, 2);
    until(journey, DURATION_MINUTE);
    looked(journey, true);
    expect(journey, "60000:look udp/4500 192.0.2.1;60000:replace, udp-found;");
    mobility_content(journey->plan);
    g_assert_cmpint(mobility_next_look(journey->plan), ==, INSTANT_NEVER);
    stalled(journey);
    revived(journey);
    g_string_truncate(journey->story, 0);
    until(journey, 24 * 60 * DURATION_MINUTE);
    expect(journey, "");
    failed(journey, 0, false);
    opened(journey, 2, true);
    answered(journey, 2, true);
    g_assert_cmpint(mobility_next_look(journey->plan), >, journey->now);
    g_assert_cmpint(mobility_next_look(journey->plan), <, INSTANT_NEVER);
    mobility_content(journey->plan);
    network_changed(journey, true);
    answered(journey, 2, true);
    g_string_truncate(journey->story, 0);
    until(journey, journey->now);
    g_assert_true(g_str_has_suffix(journey->story->str, ":look udp/4500 192.0.2.1;"));
    looked(journey, false);
    g_assert_cmpint(mobility_next_look(journey->plan), <, INSTANT_NEVER);
    arrive(journey);
}

static void
test_refused(void)
{
    Journey *journey = up_over(0);
    network_changed(journey, false);
    opened(journey, 1, false);
    g_string_truncate(journey->story, 0);
    mobility_answered(journey->plan, 1, false, true, journey->now);
    tell(journey);
    expect(journey, "0:replace, network-changed;");
    arrive(journey);
}

/* Networks change faster than gateways answer: no more paths than there may be. */
static void
test_flapping(void)
{
    Journey *journey = journey_new("192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2");
    start(journey, 0);
    for (unsigned i = 0; i < 1000; i++) {
        network_changed(journey, i % 2 == 0);
        until(journey, journey->now + (i % 7) * 100 * MS);
        g_string_truncate(journey->story, 0);
    }
    arrive(journey);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/mobility/other-address", test_other_address);
    g_test_add_func("/plan/mobility/same-address", test_same_address);
    g_test_add_func("/plan/mobility/udp-blocked-there", test_udp_blocked_there);
    g_test_add_func("/plan/mobility/udp-known-to-be-blocked", test_udp_known_to_be_blocked);
    g_test_add_func("/plan/mobility/silent", test_silent);
    g_test_add_func("/plan/mobility/not-silent-after-all", test_not_silent_after_all);
    g_test_add_func("/plan/mobility/stream-broke", test_stream_broke);
    g_test_add_func("/plan/mobility/stream-never-again", test_stream_never_again);
    g_test_add_func("/plan/mobility/stream-silent", test_stream_silent);
    g_test_add_func("/plan/mobility/stream-silent-and-so-is-the-next",
                    test_stream_silent_and_so_is_the_next);
    g_test_add_func("/plan/mobility/stream-only-slow", test_stream_only_slow);
    g_test_add_func("/plan/mobility/stream-slow-after-all", test_stream_slow_after_all);
    g_test_add_func("/plan/mobility/stream-silent-then-broken", test_stream_silent_then_broken);
    g_test_add_func("/plan/mobility/stream-silent-without-mobike",
                    test_stream_silent_without_mobike);
    g_test_add_func("/plan/mobility/way-back", test_way_back);
    g_test_add_func("/plan/mobility/way-back-in-vain", test_way_back_in_vain);
    g_test_add_func("/plan/mobility/narrow", test_narrow);
    g_test_add_func("/plan/mobility/narrow-and-nothing-else", test_narrow_and_nothing_else);
    g_test_add_func("/plan/mobility/looks-are-rarer", test_looks_are_rarer);
    g_test_add_func("/plan/mobility/offline", test_offline);
    g_test_add_func("/plan/mobility/other-family", test_other_family);
    g_test_add_func("/plan/mobility/without-mobike", test_without_mobike);
    g_test_add_func("/plan/mobility/content-with-the-stream", test_content_with_the_stream);
    g_test_add_func("/plan/mobility/refused", test_refused);
    g_test_add_func("/plan/mobility/flapping", test_flapping);
    return g_test_run();
}
