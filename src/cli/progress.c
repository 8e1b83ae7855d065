#include "config.h"

#include "cli/progress.h"

#include <glib/gi18n.h>
#include <string.h>

#include "base/instant.h"
#include "bus/names.h"
#include "cli/output.h"
#include "cli/props.h"

/* A line: an attempt, or a sentence that is final at once. */
typedef struct {
    guint attempt; /* 0: a sentence */
    char *head;    /* "  udp 4500   192.0.2.1        ", or the sentence */
    char *outcome; /* NULL: still waiting */
    gint64 started;
    gboolean mentioned; /* without a terminal: "no answer" was said */
} Line;

struct _Progress {
    gboolean live;
    guint columns;
    gsize seen; /* events of the timeline */
    GPtrArray *lines;
    guint written; /* lines that will not change any more */
    guint drawn;   /* lines below them on the terminal */
    gboolean asks_itself;
    char *proxy; /* the sentence; told when a stream is tried, NULL: none, or told */
};

static void
line_free(void *data)
{
    Line *line = data;
    g_free(line->head);
    g_free(line->outcome);
    g_free(line);
}

Progress *
progress_new(gboolean live, guint columns)
{
    Progress *progress = g_new0(Progress, 1);
    progress->live = live;
    progress->columns = columns;
    progress->lines = g_ptr_array_new_with_free_func(line_free);
    return progress;
}

void
progress_free(Progress *progress)
{
    if (progress == NULL)
        return;
    g_ptr_array_unref(progress->lines);
    g_free(progress->proxy);
    g_free(progress);
}

static Line *
add_line(Progress *progress, guint attempt, char *head, gint64 started)
{
    Line *line = g_new0(Line, 1);
    line->attempt = attempt;
    line->head = head;
    line->started = started;
    if (attempt == 0)
        line->outcome = g_strdup("");
    g_ptr_array_add(progress->lines, line);
    return line;
}

static Line *
find_attempt(Progress *progress, guint attempt)
{
    for (guint i = progress->lines->len; i-- > 0;) {
        Line *line = g_ptr_array_index(progress->lines, i);
        if (line->attempt == attempt && attempt != 0)
            return line;
    }
    return NULL;
}

static char *
no_answer(const Line *line, gint64 now)
{
    g_autofree char *waited = duration_to_string(MAX(now - line->started, 0));
    return g_strdup_printf(_("no answer for %s"), waited);
}

static void
append_line(const Progress *progress, GString *out, const Line *line, const char *outcome)
{
    g_autofree char *raw = g_strconcat(line->head, outcome, NULL);
    g_autofree char *text = output_clean(raw);
    g_strdelimit(text, "\n", ' ');
    /* A line that wraps would be two, and the cursor would come back to the wrong one. */
    gboolean long_line = progress->live && progress->columns > 1 &&
                         g_utf8_strlen(text, -1) >= (glong)progress->columns;
    if (long_line && line->outcome == NULL)
        *g_utf8_offset_to_pointer(text, (glong)progress->columns - 1) = '\0';
    g_string_append_printf(out, "%s\n", text);
}

/* Without a terminal: what was tried before and has not answered, said once. */
static void
mention_waiting(Progress *progress, gint64 now, GString *out)
{
    for (guint i = 0; i < progress->lines->len && !progress->live; i++) {
        Line *line = g_ptr_array_index(progress->lines, i);
        if (line->outcome != NULL || line->mentioned)
            continue;
        g_autofree char *outcome = no_answer(line, now);
        append_line(progress, out, line, outcome);
        line->mentioned = TRUE;
    }
}

static void
settle(Progress *progress, Line *line, char *outcome, GString *out)
{
    if (line->outcome != NULL) {
        g_free(outcome);
        return;
    }
    line->outcome = outcome;
    if (!progress->live)
        append_line(progress, out, line, outcome);
}

static void
start_attempt(Progress *progress, gint64 at, GVariant *details, GString *out)
{
    g_autofree char *way = output_way(details);
    mention_waiting(progress, at, out);
    add_line(progress, props_uint(details, "attempt"),
             g_strdup_printf("  %-10s %-16s ", way, props_string(details, "address")), at);
}

static void
take_attempt_event(Progress *progress, gint64 at, const char *event, GVariant *details,
                   GString *out)
{
    Line *line = find_attempt(progress, props_uint(details, "attempt"));
    if (line == NULL)
        return;
    if (strcmp(event, GINNEL_EVENT_ATTEMPT_ANSWERED) == 0) {
        g_autofree char *after = duration_to_string(props_int64(details, "after"));
        settle(progress, line, g_strdup_printf(_("answered after %s"), after), out);
    } else if (strcmp(event, GINNEL_EVENT_ATTEMPT_FAILED) == 0) {
        /* One that had answered may fail later; the end of the connect says why. */
        settle(progress, line, g_strdup(props_string(details, "why")), out);
    } else if (strcmp(event, GINNEL_EVENT_ATTEMPT_ABANDONED) == 0 && line->mentioned) {
        line->outcome = g_strdup("");
    } else if (strcmp(event, GINNEL_EVENT_ATTEMPT_ABANDONED) == 0) {
        settle(progress, line, no_answer(line, at), out);
    }
}

static void
add_sentence(Progress *progress, gint64 at, const char *sentence, GString *out)
{
    mention_waiting(progress, at, out);
    Line *line = add_line(progress, 0, g_strdup_printf("  %s", sentence), at);
    if (!progress->live)
        append_line(progress, out, line, "");
}

/* UDP does not go through it: nobody needs to know before a stream is tried. */
static void
mention_proxy(Progress *progress, gint64 at, GVariant *details, GString *out)
{
    if (progress->proxy == NULL || g_str_has_prefix(props_string(details, "transport"), "udp"))
        return;
    add_sentence(progress, at, progress->proxy, out);
    g_clear_pointer(&progress->proxy, g_free);
}

static void
take_event(Progress *progress, gint64 at, const char *event, GVariant *details, GString *out)
{
    if (strcmp(event, GINNEL_EVENT_PROXY) == 0) {
        g_free(progress->proxy);
        progress->proxy = output_event(event, details);
    } else if (strcmp(event, GINNEL_EVENT_ATTEMPT_STARTED) == 0) {
        mention_proxy(progress, at, details, out);
        start_attempt(progress, at, details, out);
    } else if (g_str_has_prefix(event, "attempt-")) {
        take_attempt_event(progress, at, event, details, out);
    } else if (strcmp(event, GINNEL_EVENT_AUTHENTICATED) == 0 ||
               strcmp(event, GINNEL_EVENT_REDIRECTED) == 0 ||
               strcmp(event, GINNEL_EVENT_REVOCATION_UNKNOWN) == 0 ||
               strcmp(event, GINNEL_EVENT_NAMES_WAITING) == 0 ||
               (strcmp(event, GINNEL_EVENT_ASKING) == 0 && !progress->asks_itself)) {
        g_autofree char *sentence = output_event(event, details);
        add_sentence(progress, at, sentence, out);
    }
}

/* Takes the cursor back to the first unfinished line and writes everything from there again. */
static void
redraw(Progress *progress, gint64 now, GString *out)
{
    if (progress->drawn > 0)
        g_string_append_printf(out, "\033[%uA\r\033[J", progress->drawn);
    progress->drawn = 0;
    gboolean final = TRUE;
    for (guint i = progress->written; i < progress->lines->len; i++) {
        const Line *line = g_ptr_array_index(progress->lines, i);
        g_autofree char *waiting = line->outcome == NULL ? no_answer(line, now) : NULL;
        append_line(progress, out, line, waiting != NULL ? waiting : line->outcome);
        final = final && waiting == NULL;
        if (final)
            progress->written++;
        else
            progress->drawn++;
    }
}

void
progress_update(Progress *progress, GVariant *timeline, gint64 elapsed, GString *out)
{
    gsize n = g_variant_n_children(timeline);
    if (n < progress->seen) { /* another connect began */
        progress_finish(progress, elapsed, out);
        progress->seen = 0;
    }
    for (; progress->seen < n; progress->seen++) {
        gint64 at;
        const char *event;
        g_autoptr(GVariant) details = NULL;
        g_variant_get_child(timeline, progress->seen, "(x&s@a{sv})", &at, &event, &details);
        take_event(progress, at, event, details, out);
    }
    if (progress->live)
        redraw(progress, elapsed, out);
}

void
progress_finish(Progress *progress, gint64 elapsed, GString *out)
{
    mention_waiting(progress, elapsed, out);
    for (guint i = 0; i < progress->lines->len; i++) {
        Line *line = g_ptr_array_index(progress->lines, i);
        if (line->outcome == NULL)
            line->outcome = no_answer(line, elapsed);
    }
    if (progress->live)
        redraw(progress, elapsed, out);
    g_ptr_array_set_size(progress->lines, 0);
    progress->written = 0;
    progress->drawn = 0;
}

void
progress_leave(Progress *progress)
{
    progress->drawn = 0;
}

void
progress_asks_itself(Progress *progress)
{
    progress->asks_itself = TRUE;
}

gboolean
progress_is_waiting(const Progress *progress)
{
    return progress->live && progress->drawn > 0;
}
