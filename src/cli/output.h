/*
 * Sentences and tables for people, made from a tunnel's properties. Pure: no bus, no clock, no
 * terminal. DESIGN's words, in the user's language.
 */
#pragma once
#include <glib.h>

/* "work · vpn.example.com". */
void output_head(GString *out, GVariant *props);
/* What `up` says at the end, of a tunnel that is connected or has failed. */
void output_result(GString *out, GVariant *props);
/* One tunnel for `status`. now: Unix microseconds. statistics: a{st} or NULL. */
void output_status(GString *out, GVariant *props, GVariant *statistics, gint64 now,
                   gboolean verbose);
/* A row of such a table; lines of the text are indented below one another. */
void output_row(GString *out, const char *label, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The rows of names inside and of what was refused. */
void output_names(GString *out, GVariant *props);
/* One event of the timeline as a sentence without a line end: "udp 4500 to 192.0.2.1 started";
 * for `monitor` and `status --verbose`. */
/* Of a "moved" event, in words. */
const char *output_move_reason(const char *why);
char *output_event(const char *event, GVariant *details);
/* "connected over TCP", "failed: the gateway does not answer". */
char *output_state(GVariant *props);
/* Why, for people: one of GINNEL_REASON_*; an unknown one stands for itself. */
const char *output_reason(const char *reason);
/* "udp 4500" of "udp/4500". */
char *output_transport(const char *transport);
/* The same of an "attempt-started" event. */
char *output_way(GVariant *details);
/* "a, b and c". */
char *output_join(const char *const *items);
/* Without control characters, which could make a terminal do things; line ends stay. */
char *output_clean(const char *text);
/* "1.2 GB". */
char *output_octets(guint64 octets);
