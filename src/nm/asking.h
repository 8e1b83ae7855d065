/*
 * Which secrets a front end of NetworkManager's has to ask for, in which words. Shared by the two
 * ways of asking: a description for somebody else's window, or a window of our own.
 */
#pragma once
#include <glib.h>

typedef struct {
    const char *name; /* in vpn.secrets */
    char *label;      /* with a mnemonic */
    char *value;      /* as it is known, or NULL */
    gboolean ask;
} AskedSecret;

typedef struct {
    char *title, *message;
    GPtrArray *secrets; /* AskedSecret */
} Asking;

/* data and secrets: of the connection (char * to char *). hints: of NetworkManager's,
 * NULL-terminated, or NULL. again: what is known was not accepted. */
Asking *asking_new(const char *name, GHashTable *data, GHashTable *secrets,
                   const char *const *hints, gboolean again);
void asking_free(Asking *asking);
gboolean asking_has_to_ask(const Asking *asking);
/* The key file that GNOME Shell and nmcli draw from. */
char *asking_to_key_file(const Asking *asking);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Asking, asking_free)
