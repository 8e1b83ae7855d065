/*
 * The attempts of a connect as lines that appear while it happens. Pure: told of the timeline and
 * of the time, it says what to write.
 */
#pragma once
#include <glib.h>

typedef struct _Progress Progress;

/* live: a terminal, where unfinished lines are written again and again; columns: its width. */
Progress *progress_new(gboolean live, guint columns);
void progress_free(Progress *progress);

/* Appends what is to be written now. timeline: a(xsa{sv}); elapsed: microseconds since the connect
 * began. */
void progress_update(Progress *progress, GVariant *timeline, gint64 elapsed, GString *out);
/* The same once more, at the end: nothing stays unfinished. */
void progress_finish(Progress *progress, gint64 elapsed, GString *out);
/* Somebody else writes below what is drawn: it stays there. */
void progress_leave(Progress *progress);
/* This command asks for passwords itself: nobody need be told that one is waited for. */
void progress_asks_itself(Progress *progress);
/* Whether a line on the terminal still changes with time. */
gboolean progress_is_waiting(const Progress *progress);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Progress, progress_free)
