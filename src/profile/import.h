/*
 * Profiles from what other clients write: Apple's .mobileconfig, strongSwan's .sswan, Windows'
 * ProfileXML, swanctl.conf, ipsec.conf, and our own. What a file says is taken, changed or left
 * out, and each is told. Reads octets only: no file that the octets name is opened.
 */
#pragma once
#include "base/secret.h"
#include "profile/profile.h"

#define IMPORT_MAX_LENGTH   (1024 * 1024) /* octets of a file */
#define IMPORT_MAX_DEPTH    32            /* of anything nested */
#define IMPORT_MAX_ELEMENTS 20000         /* of XML */
#define IMPORT_MAX_NAME     200           /* octets of an element's, a key's or a section's */
#define IMPORT_MAX_FOUND    16            /* connections of one file; more are left out */
#define IMPORT_MAX_NOTES    256           /* of one connection; more are not told */

typedef enum {
    IMPORT_MOBILECONFIG,
    IMPORT_SSWAN,
    IMPORT_WINDOWS,
    IMPORT_SWANCTL,
    IMPORT_IPSEC,
    IMPORT_GINNEL,
} ImportFormat;

typedef enum { IMPORT_TAKEN, IMPORT_CHANGED, IMPORT_NOT_CARRIED } ImportNoteKind;

typedef struct {
    ImportNoteKind kind;
    char *what; /* as the file calls it */
    char *why;  /* what became of it: a setting, or a reason */
} ImportNote;

typedef struct {
    char *setting; /* that names the file: "user-key" */
    char *ending;  /* "pem", "p12" */
    Secret *content;
} ImportFile;

/* One connection of a file. */
typedef struct {
    char *name;                          /* a profile's, made from title */
    char *title;                         /* as people read it */
    GPtrArray *settings;                 /* char *: GROUP-KEY, value, GROUP-KEY, value, ... */
    GPtrArray *files;                    /* ImportFile: their settings are not among the others */
    GPtrArray *notes;                    /* ImportNote */
    Secret *psk, *password, *passphrase; /* NULL: not in the file */
} Import;

/* A file's octets, and a NUL behind them; of one that is too long so much that import_read says it.
 */
char *import_load(const char *path, gsize *length, GError **error);

/* "mobileconfig"; NULL where there is no such word. */
const char *import_format_to_string(ImportFormat format);
bool import_format_from_string(const char *word, ImportFormat *format);
/* What the octets look like. */
bool import_guess_format(const char *text, gsize length, ImportFormat *format);

/* passphrase: for a PKCS#12 file inside, or NULL. What its file says of its name is fallback's
 * where it says nothing. Import, at least one; NULL with PROFILE_ERROR, naming the place. */
GPtrArray *import_read(ImportFormat format, const char *text, gsize length,
                       const Secret *passphrase, const char *fallback, GError **error);
void import_free(Import *import);

/* Tells that the file has more connections than this one. */
void import_note_more(Import *import, guint others);

const char *import_get(const Import *import, const char *setting); /* NULL: not set */
/* Completes or corrects what the file says. */
void import_set(Import *import, const char *setting, const char *value);

/* The profile, with each file where folder/NAME-KEY.ENDING is. secret_in_file: where there is a
 * psk or password, secret-file names its place as well. PROFILE_ERROR_MISSING: something is not in
 * the file, and has to be set. */
Profile *import_to_profile(const Import *import, const char *folder, bool secret_in_file,
                           GError **error);
/* The same as the text of a profile file. */
char *import_to_text(const Import *import, const char *folder, bool secret_in_file, GError **error);
/* Where import_to_profile says a file is. */
char *import_file_path(const Import *import, const char *folder, const char *setting,
                       const char *ending);
/* Writes the files (and the secret), for their owner alone: 0600. Existing ones are not written
 * over. */
bool import_write_files(const Import *import, const char *folder, bool secret_in_file,
                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Import, import_free)
