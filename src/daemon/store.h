/*
 * What outlives a ginneld: descriptors in systemd's store, and beside them one file for each
 * connection in the runtime folder that says what they belong to. No secrets.
 */
#pragma once
#include "profile/profile-files.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t id;
    char *name, *file;  /* of the profile; file NULL: not stored */
    GVariant *settings; /* a{ss}: the profile as it was activated */
    char *owner;        /* bus name, or NULL */
    uint32_t user;      /* who activated it: is asked for secrets */
    bool caller_configures;
    char **gateways; /* addresses */
    int64_t activated_at, connected_at;
    uint32_t mtu;        /* inside; 0: was never up */
    int tun, control;    /* -1: not there */
    ProfileFiles *files; /* NULL: none */
} StoredConnection;

bool store_save(const StoredConnection *stored, GError **error);
void store_remove(uint32_t id);
/* Keeps a descriptor: kind is "tun" or "control". An earlier one of the same name is dropped. */
void store_keep(const char *kind, uint32_t id, int fd);
void store_drop(const char *kind, uint32_t id);
/* The same for files that were handed over, each by the name of its setting. files may be NULL. */
void store_keep_files(uint32_t id, const ProfileFiles *files);
void store_drop_files(uint32_t id);
/* Everything that systemd handed over, with its file; what has none is closed and dropped. */
GPtrArray *store_load(void); /* StoredConnection */
/* Removes every file: there is no descriptor that one could belong to. */
void store_clear(void);
void stored_connection_free(StoredConnection *stored);
