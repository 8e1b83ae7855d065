/* Streams that die without a word, and those that are only slow: a model of one on a virtual clock.
 */
#include "plan/stream-watch.h"

#include <glib.h>

#define MS          DURATION_MILLISECOND
#define MAX_PACKETS 100000

/* How long a packet that leaves at that time takes there and back; INSTANT_NEVER: it is lost, and
 * so is everything after it. */
typedef Duration (*Delay)(Instant at);

typedef struct {
    Delay delay;
    Duration every; /* a packet of ours */
    StreamWatch watch;
    Instant now;
    Instant sent[MAX_PACKETS], acked[MAX_PACKETS];
    size_t n_sent, n_acked;
    Duration rtt, variation; /* RFC 6298, section 2 */
    unsigned n_silent, n_alive;
    Instant silent_at; /* the first time */
} Model;

static Model *
model_new(Delay delay, Duration every)
{
    Model *model = g_new0(Model, 1);
    model->delay = delay;
    model->every = every;
    model->rtt = delay(0); /* of the handshake */
    model->variation = model->rtt / 2;
    stream_watch_init(&model->watch);
    return model;
}

static void
send_one(Model *model)
{
    Duration delay = model->delay(model->now);
    Instant acked = instant_after(model->now, delay);
    g_assert_cmpuint(model->n_sent, <, MAX_PACKETS);
    if (model->n_sent > 0) /* in order */
        acked = MAX(acked, model->acked[model->n_sent - 1]);
    model->sent[model->n_sent] = model->now;
    model->acked[model->n_sent++] = acked;
    stream_watch_wake(&model->watch, model->now);
}

static void
take_acks(Model *model)
{
    while (model->n_acked < model->n_sent && model->acked[model->n_acked] <= model->now) {
        Duration rtt = model->acked[model->n_acked] - model->sent[model->n_acked];
        Duration off = ABS(model->rtt - rtt);
        model->variation = (3 * model->variation + off) / 4;
        model->rtt = (7 * model->rtt + rtt) / 8;
        model->n_acked++;
    }
}

static void
look(Model *model)
{
    Instant last = model->n_acked > 0 ? model->acked[model->n_acked - 1] : -DURATION_MINUTE;
    StreamSigns signs = { .waits = model->n_acked < model->n_sent,
                          .last_ack = model->now - last,
                          .round_trip = model->rtt + 4 * model->variation };
    StreamWatchVerdict verdict = stream_watch_look(&model->watch, &signs, model->now);
    if (verdict == STREAM_WATCH_SILENT && model->n_silent++ == 0)
        model->silent_at = model->now;
    model->n_alive += verdict == STREAM_WATCH_ALIVE;
}

static void
run(Model *model, Instant until)
{
    for (; model->now < until; model->now += MS) {
        take_acks(model);
        if (model->every > 0 && model->now % model->every == 0)
            send_one(model);
        if (model->watch.look_at <= model->now)
            look(model);
    }
}

static Duration
quick(Instant at)
{
    return 20 * MS;
}

static Duration
dead_after_10s(Instant at)
{
    return at < 10 * DURATION_SECOND ? 20 * MS : INSTANT_NEVER;
}

static void
test_dies(void)
{
    static const Duration every[] = { 5 * MS, 200 * MS, 1000 * MS };
    for (size_t i = 0; i < G_N_ELEMENTS(every); i++) {
        Model *model = model_new(dead_after_10s, every[i]);
        run(model, 14 * DURATION_SECOND);
        g_assert_cmpuint(model->n_silent, ==, 1);
        g_assert_cmpint(model->silent_at, >=, 12000 * MS);
        g_assert_cmpint(model->silent_at, <=, 12500 * MS);
        g_free(model);
    }
}

/* Nothing is waited for, so that nothing is looked at. */
static void
test_rests(void)
{
    Model *model = model_new(quick, 0);
    send_one(model);
    run(model, DURATION_SECOND);
    g_assert_cmpint(model->watch.look_at, ==, INSTANT_NEVER);
    g_assert_cmpuint(model->n_silent, ==, 0);
    g_free(model);
}

/* A rest of a minute is no silence. */
static void
test_first_after_a_rest(void)
{
    Model *model = model_new(quick, 0);
    send_one(model);
    run(model, DURATION_MINUTE);
    model->delay = dead_after_10s;
    send_one(model);
    run(model, DURATION_MINUTE + 1900 * MS);
    g_assert_cmpuint(model->n_silent, ==, 0);
    run(model, DURATION_MINUTE + 2500 * MS);
    g_assert_cmpuint(model->n_silent, ==, 1);
    g_free(model);
}

static Duration
fills_in_a_second(Instant at)
{
    Instant over = MAX(at - 10 * DURATION_SECOND, 0);
    return 20 * MS + MIN(2 * over, 2 * DURATION_SECOND);
}

static Duration
jumps(Instant at)
{
    return at < 10 * DURATION_SECOND ? 20 * MS : 1400 * MS;
}

static Duration
comes_and_goes(Instant at)
{
    return at / (3 * DURATION_SECOND) % 2 == 0 ? 200 * MS : 2 * DURATION_SECOND;
}

static Duration
far(Instant at)
{
    return 2500 * MS;
}

/* A buffer on the way that fills with what others send, or with ours. */
static void
test_slow_but_alive(void)
{
    static const Delay delays[] = { quick, fills_in_a_second, jumps, comes_and_goes, far };
    static const Duration every[] = { 5 * MS, 200 * MS, 1000 * MS, 10000 * MS };
    for (size_t i = 0; i < G_N_ELEMENTS(delays); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(every); j++) {
            Model *model = model_new(delays[i], every[j]);
            run(model, 2 * DURATION_MINUTE);
            g_assert_cmpuint(model->n_silent, ==, 0);
            g_free(model);
        }
    }
}

static Duration
pauses(Instant at)
{
    Duration into = at % (20 * DURATION_SECOND);
    return 20 * MS + MAX(5 * DURATION_SECOND - into, 0);
}

/* Where it is mistaken time and again it is more patient each time. */
static void
test_false_alarms(void)
{
    Model *model = model_new(pauses, 100 * MS);
    run(model, 10 * DURATION_MINUTE);
    g_assert_cmpuint(model->n_silent, >=, 1);
    g_assert_cmpuint(model->n_silent, <=, 4); /* of 30 pauses */
    g_assert_cmpuint(model->n_alive, <=, model->n_silent);
    g_assert_cmpuint(model->n_alive, >=, 1);
    stream_watch_moved(&model->watch, model->now);
    model->delay = dead_after_10s;
    model->n_silent = 0;
    run(model, model->now + 3 * DURATION_SECOND);
    g_assert_cmpuint(model->n_silent, ==,
                     1); /* another stream, and as little patience as at first */
    g_free(model);
}

/* While it lasts it is said now and then: who could do nothing before may now. */
static void
test_said_again(void)
{
    Model *model = model_new(dead_after_10s, 100 * MS);
    run(model, 20 * DURATION_SECOND);
    g_assert_cmpuint(model->n_silent, >=, 3);
    g_assert_cmpuint(model->n_silent, <=, 4);
    g_assert_cmpuint(model->n_alive, ==, 0);
    g_assert_cmpint(stream_watch_silence(&model->watch, model->now), >=, 9900 * MS);
    g_free(model);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/stream-watch/dies", test_dies);
    g_test_add_func("/plan/stream-watch/rests", test_rests);
    g_test_add_func("/plan/stream-watch/first-after-a-rest", test_first_after_a_rest);
    g_test_add_func("/plan/stream-watch/slow-but-alive", test_slow_but_alive);
    g_test_add_func("/plan/stream-watch/false-alarms", test_false_alarms);
    g_test_add_func("/plan/stream-watch/said-again", test_said_again);
    return g_test_run();
}
