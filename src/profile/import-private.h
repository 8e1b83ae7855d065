/* What the importers share. */
#pragma once
#include "profile/import.h"

#define IMPORT_MAX_STRING PROFILE_MAX_VALUE

Import *import_new(const char *title, const char *fallback);
G_GNUC_PRINTF(4, 5)
void import_note(Import *import, ImportNoteKind kind, const char *what, const char *format, ...);
/* setting becomes value, and it is told that what was taken. */
void import_take(Import *import, const char *setting, const char *value, const char *what);
/* The same where value is not what the file says, but means it. */
void import_change(Import *import, const char *setting, const char *value, const char *what);
/* An item more of a list of values. */
void import_append(Import *import, const char *setting, const char *item, const char *what);
/* content is taken; a later one for the same setting is not carried. */
void import_add_file(Import *import, const char *setting, const char *ending, Secret *content,
                     const char *what);
/* A certificate (DER or PEM) more for the file of a setting, which is PEM. */
bool import_add_certificate(Import *import, const char *setting, const void *data, gsize length,
                            const char *what);
/* A PKCS#12 file: opened where the passphrase does it, into certificate, key and authorities. */
void import_add_pkcs12(Import *import, const void *data, gsize length, const Secret *passphrase,
                       const char *what);
/* Other clients' words for algorithms (strongSwan's) as ours, where we know all of them. */
void import_take_proposals(Import *import, bool ike, const char *text, char separator,
                           const char *what);
/* "90m" of seconds; not carried where it is no time that a profile can have. */
void import_take_lifetime(Import *import, const char *setting, guint64 seconds, const char *what);

/* Refuses with a place: "FORMAT, line 7: ...". line 0: without. */
G_GNUC_PRINTF(4, 5)
bool import_refuse(GError **error, const char *format_name, unsigned line, const char *format, ...);
void import_add(GPtrArray *list, Import *import);

/* Well-formed, bounded in depth and elements, and without declarations of its own (no entities).
 * GMarkup reads it: no file or network is ever asked. */
bool import_xml_check(const char *text, gsize length, const char *format_name, GError **error);

typedef bool ImportReader(const char *text, gsize length, const Secret *passphrase,
                          const char *fallback, GPtrArray *list, GError **error);
ImportReader import_read_mobileconfig, import_read_sswan, import_read_windows, import_read_swanctl,
    import_read_ipsec, import_read_ginnel;
