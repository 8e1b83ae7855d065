/*
 * Connections of NetworkManager's from other clients' files, and the other way.
 */
#pragma once
#include "profile/export.h"
#include "profile/import.h"

#include <NetworkManager.h>

/* Where the files of an import go: the caller's own folder. */
char *transfer_folder(void);
/* The connection that a file describes, its files written into folder (0600). notes: what was
 * changed or not carried, as lines; may be NULL, free with g_free. */
NMConnection *transfer_import(const char *path, const char *folder, char **notes, GError **error);
/* Into a file whose ending says the format. */
gboolean transfer_export(NMConnection *connection, const char *path, GError **error);
