#include "profile/import.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "crypto/certificate.h"
#include "crypto/pkcs12.h"
#include "profile/import-private.h"
#include "profile/profile-file.h"
#include "profile/profile-proposals.h"

#define NAME_ROOM 64

/* ---- formats ---- */

static const struct {
    const char *word;
    ImportReader *read;
} formats[] = {
    [IMPORT_MOBILECONFIG] = { "mobileconfig", import_read_mobileconfig },
    [IMPORT_SSWAN] = { "sswan", import_read_sswan },
    [IMPORT_WINDOWS] = { "windows", import_read_windows },
    [IMPORT_SWANCTL] = { "swanctl", import_read_swanctl },
    [IMPORT_IPSEC] = { "ipsec", import_read_ipsec },
    [IMPORT_GINNEL] = { "ginnel", import_read_ginnel },
};

const char *
import_format_to_string(ImportFormat format)
{
    return formats[format].word;
}

bool
import_format_from_string(const char *word, ImportFormat *format)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(formats[i].word, word) != 0)
            continue;
        *format = (ImportFormat)i;
        return true;
    }
    return false;
}

static bool
has(const char *text, gsize length, const char *word)
{
    return memmem(text, length, word, strlen(word)) != NULL;
}

static bool
has_line(const char *text, gsize length, const char *pattern)
{
    return length <= IMPORT_MAX_LENGTH && g_utf8_validate_len(text, length, NULL) &&
           g_regex_match_simple(pattern, text, G_REGEX_MULTILINE, 0);
}

bool
import_guess_format(const char *text, gsize length, ImportFormat *format)
{
    g_autofree char *whole = g_strndup(text, length);
    const char *start = whole;
    while (g_ascii_isspace(*start) || (guint8)*start == 0xef || (guint8)*start == 0xbb ||
           (guint8)*start == 0xbf)
        start++;
    if (has(text, length, "<VPNProfile") || has(text, length, "<NativeProfile"))
        *format = IMPORT_WINDOWS;
    else if (*start == '0' || g_str_has_prefix(start, "-----BEGIN ") || *start == '<' ||
             g_str_has_prefix(start, "bplist"))
        *format = IMPORT_MOBILECONFIG;
    else if (*start == '{')
        *format = IMPORT_SSWAN;
    else if (has_line(whole, length, "^\\s*connections\\s*\\{"))
        *format = IMPORT_SWANCTL;
    else if (has_line(whole, length, "^conn\\s+\\S"))
        *format = IMPORT_IPSEC;
    else if (has_line(whole, length, "^\\s*\\[gateway\\]"))
        *format = IMPORT_GINNEL;
    else
        return false;
    return true;
}

bool
import_refuse(GError **error, const char *format_name, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (line > 0)
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX, "%s, line %u: %s", format_name,
                    line, why);
    else
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_SYNTAX, "%s: %s", format_name, why);
    return false;
}

char *
import_load(const char *path, gsize *length, GError **error)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GFileInputStream) stream = g_file_read(file, NULL, error);
    g_autofree char *text = stream != NULL ? g_malloc0(IMPORT_MAX_LENGTH + 2) : NULL;
    if (text == NULL || !g_input_stream_read_all(G_INPUT_STREAM(stream), text,
                                                 IMPORT_MAX_LENGTH + 1, length, NULL, error))
        return NULL;
    return g_steal_pointer(&text);
}

GPtrArray *
import_read(ImportFormat format, const char *text, gsize length, const Secret *passphrase,
            const char *fallback, GError **error)
{
    const char *word = formats[format].word;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)import_free);
    if (length > IMPORT_MAX_LENGTH || length == 0) {
        if (length == 0)
            import_refuse(error, word, 0, "the file is empty");
        else
            import_refuse(error, word, 0, "the file is longer than %d octets", IMPORT_MAX_LENGTH);
        return NULL;
    }
    if (!formats[format].read(text, length, passphrase, fallback, list, error))
        return NULL;
    if (list->len > 0)
        return g_steal_pointer(&list);
    import_refuse(error, word, 0, "there is no IKEv2 connection in it that a client could begin");
    return NULL;
}

/* ---- one connection ---- */

static void
note_free(gpointer data)
{
    ImportNote *note = data;
    g_free(note->what);
    g_free(note->why);
    g_free(note);
}

static void
file_free(gpointer data)
{
    ImportFile *file = data;
    g_free(file->setting);
    g_free(file->ending);
    secret_unref(file->content);
    g_free(file);
}

static char *
name_from(const char *title)
{
    GString *name = g_string_new(NULL);
    for (const char *c = title; *c != '\0' && name->len < NAME_ROOM; c++) {
        bool plain = g_ascii_isalnum(*c) || (name->len > 0 && strchr("-_.", *c) != NULL);
        bool again = name->len > 0 && name->str[name->len - 1] == '-';
        if (plain)
            g_string_append_c(name, *c);
        else if (name->len > 0 && !again)
            g_string_append_c(name, '-');
    }
    while (name->len > 0 && name->str[name->len - 1] == '-')
        g_string_truncate(name, name->len - 1);
    if (name->len == 0)
        g_string_append(name, "vpn");
    return g_string_free(name, FALSE);
}

Import *
import_new(const char *title, const char *fallback)
{
    Import *import = g_new0(Import, 1);
    const char *from = title != NULL && *title != '\0' ? title : fallback;
    g_autofree char *cut = g_strndup(from, 200);
    import->title = g_utf8_make_valid(cut, -1);
    import->name = name_from(import->title);
    import->settings = g_ptr_array_new_with_free_func(g_free);
    import->files = g_ptr_array_new_with_free_func(file_free);
    import->notes = g_ptr_array_new_with_free_func(note_free);
    return import;
}

void
import_free(Import *import)
{
    if (import == NULL)
        return;
    g_ptr_array_unref(import->settings);
    g_ptr_array_unref(import->files);
    g_ptr_array_unref(import->notes);
    secret_unref(import->psk);
    secret_unref(import->password);
    secret_unref(import->passphrase);
    g_free(import->name);
    g_free(import->title);
    g_free(import);
}

void
import_add(GPtrArray *list, Import *import)
{
    if (list->len < IMPORT_MAX_FOUND)
        g_ptr_array_add(list, import);
    else
        import_free(import);
}

const char *
import_get(const Import *import, const char *setting)
{
    for (guint i = 0; i + 1 < import->settings->len; i += 2)
        if (strcmp(import->settings->pdata[i], setting) == 0)
            return import->settings->pdata[i + 1];
    return NULL;
}

void
import_set(Import *import, const char *setting, const char *value)
{
    for (guint i = 0; i + 1 < import->settings->len; i += 2) {
        if (strcmp(import->settings->pdata[i], setting) != 0)
            continue;
        g_free(import->settings->pdata[i + 1]);
        import->settings->pdata[i + 1] = g_strdup(value);
        return;
    }
    g_ptr_array_add(import->settings, g_strdup(setting));
    g_ptr_array_add(import->settings, g_strdup(value));
}

void
import_note(Import *import, ImportNoteKind kind, const char *what, const char *format, ...)
{
    va_list arguments;
    if (import->notes->len >= IMPORT_MAX_NOTES)
        return;
    ImportNote *note = g_new0(ImportNote, 1);
    va_start(arguments, format);
    note->kind = kind;
    note->what = error_quote(what, strlen(what), 80);
    note->why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(import->notes, note);
}

void
import_note_more(Import *import, guint others)
{
    import_note(import, IMPORT_NOT_CARRIED, import->title, "%u more of the same file", others);
}

/* What no profile can hold is left out, and the check of the whole is not lost for it. */
static bool
is_value(Import *import, const char *value, const char *what)
{
    bool plain = g_utf8_validate(value, -1, NULL) && strlen(value) <= IMPORT_MAX_STRING;
    for (const char *c = value; plain && *c != '\0'; c++)
        plain = !g_ascii_iscntrl(*c);
    if (!plain)
        import_note(import, IMPORT_NOT_CARRIED, what,
                    "too long, or with characters that a profile cannot have");
    return plain;
}

static void
put(Import *import, ImportNoteKind kind, const char *setting, const char *value, const char *what)
{
    if (value == NULL || *value == '\0' || !is_value(import, value, what))
        return;
    import_set(import, setting, value);
    import_note(import, kind, what, "%s = %s", setting, value);
}

void
import_take(Import *import, const char *setting, const char *value, const char *what)
{
    put(import, IMPORT_TAKEN, setting, value, what);
}

void
import_change(Import *import, const char *setting, const char *value, const char *what)
{
    put(import, IMPORT_CHANGED, setting, value, what);
}

void
import_append(Import *import, const char *setting, const char *item, const char *what)
{
    const char *before = import_get(import, setting);
    if (item == NULL || *item == '\0' || strpbrk(item, "; \t") != NULL) {
        import_note(import, IMPORT_NOT_CARRIED, what, "an item of a list that is none");
        return;
    }
    g_auto(GStrv) items = before != NULL ? g_strsplit(before, ";", -1) : g_new0(char *, 1);
    if (g_strv_contains((const char *const *)items, item))
        return;
    if (g_strv_length(items) >= PROFILE_MAX_ITEMS) {
        import_note(import, IMPORT_NOT_CARRIED, what, "more than %d items", PROFILE_MAX_ITEMS);
        return;
    }
    g_autofree char *longer =
        before != NULL ? g_strconcat(before, ";", item, NULL) : g_strdup(item);
    if (!is_value(import, longer, what))
        return;
    import_set(import, setting, longer);
    import_note(import, IMPORT_TAKEN, what, "%s: %s", setting, item);
}

/* ---- files ---- */

static ImportFile *
find_file(const Import *import, const char *setting)
{
    for (guint i = 0; i < import->files->len; i++) {
        ImportFile *file = import->files->pdata[i];
        if (strcmp(file->setting, setting) == 0)
            return file;
    }
    return NULL;
}

void
import_add_file(Import *import, const char *setting, const char *ending, Secret *content,
                const char *what)
{
    if (find_file(import, setting) != NULL) {
        import_note(import, IMPORT_NOT_CARRIED, what, "a second one");
        secret_unref(content);
        return;
    }
    ImportFile *file = g_new0(ImportFile, 1);
    *file = (ImportFile){ g_strdup(setting), g_strdup(ending), content };
    g_ptr_array_add(import->files, file);
    import_note(import, IMPORT_TAKEN, what, "a file of its own: %s", setting);
}

static Secret *
joined(const Secret *before, const char *text)
{
    uint8_t *octets;
    gsize first = before != NULL ? secret_length(before) : 0, second = strlen(text);
    Secret *whole = secret_new_blank(first + second, &octets);
    if (before != NULL)
        memcpy(octets, secret_data(before), first);
    memcpy(octets + first, text, second);
    return whole;
}

static char *
to_pem(GBytes *der)
{
    gsize length;
    const void *octets = g_bytes_get_data(der, &length);
    g_autofree char *base64 = g_base64_encode(octets, length);
    GString *pem = g_string_new("-----BEGIN CERTIFICATE-----\n");
    for (gsize at = 0; base64[at] != '\0'; at += MIN(64, strlen(base64 + at)))
        g_string_append_printf(pem, "%.64s\n", base64 + at);
    g_string_append(pem, "-----END CERTIFICATE-----\n");
    return g_string_free(pem, FALSE);
}

bool
import_add_certificate(Import *import, const char *setting, const void *data, gsize length,
                       const char *what)
{
    g_autoptr(GPtrArray) list = NULL;
    g_autoptr(Certificate) one = certificate_new_der(data, length, NULL);
    if (one == NULL && length <= IMPORT_MAX_LENGTH)
        list = certificate_list_from_pem(data, length, NULL);
    if (one == NULL && list == NULL) {
        import_note(import, IMPORT_NOT_CARRIED, what, "no certificate");
        return false;
    }
    ImportFile *file = find_file(import, setting);
    for (guint i = 0; i < (one != NULL ? 1 : list->len); i++) {
        Certificate *certificate = one != NULL ? one : list->pdata[i];
        g_autofree char *pem = to_pem(certificate_der(certificate));
        Secret *content = joined(file != NULL ? file->content : NULL, pem);
        if (file == NULL) {
            import_add_file(import, setting, "pem", content, what);
            file = find_file(import, setting);
        } else {
            secret_unref(file->content);
            file->content = content;
        }
    }
    return true;
}

void
import_add_pkcs12(Import *import, const void *data, gsize length, const Secret *passphrase,
                  const char *what)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) chain = NULL;
    g_autoptr(Secret) key = NULL;
    if (!pkcs12_is_likely(data, length) || length > PKCS12_MAX_LENGTH) {
        import_note(import, IMPORT_NOT_CARRIED, what, "no PKCS#12 file");
        return;
    }
    if (pkcs12_to_pem(data, length, passphrase, &chain, &key, &why)) {
        gsize size;
        const void *pem = g_bytes_get_data(chain, &size);
        import_add_file(import, "user-certificate", "pem", secret_new(pem, size), what);
        import_add_file(import, "user-key", "key", secret_ref(key), what);
        return;
    }
    /* Still locked: certificate and key stay in one file, and its passphrase is asked for. */
    import_add_file(import, "user-certificate", "p12", secret_new(data, length), what);
    import_note(import, IMPORT_CHANGED, what, "it stays locked: its passphrase was not given");
}

/* ---- algorithms and times ---- */

static char *
our_words(const char *theirs)
{
    static const struct {
        const char *theirs, *ours;
    } rows[] = {
        { "curve25519", "x25519" },
        { "curve448", "x448" },
        { "aes128gcm128", "aes128gcm16" },
        { "aes192gcm128", "aes192gcm16" },
        { "aes256gcm128", "aes256gcm16" },
        { "aes", "aes128" },
        { "sha2_256", "sha256" },
        { "sha2_384", "sha384" },
        { "sha2_512", "sha512" },
        { "sha", "sha1" },
        { "dh14", "modp2048" },
    };
    g_auto(GStrv) words = g_strsplit(theirs, "-", -1);
    for (size_t i = 0; words[i] != NULL; i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(rows); k++) {
            if (g_ascii_strcasecmp(words[i], rows[k].theirs) != 0)
                continue;
            g_free(words[i]);
            words[i] = g_strdup(rows[k].ours);
        }
    }
    return g_strjoinv("-", words);
}

void
import_take_proposals(Import *import, bool ike, const char *text, char separator, const char *what)
{
    const char by[] = { separator, '\0' };
    g_auto(GStrv) items = g_strsplit(text, by, PROFILE_MAX_PROPOSALS + 1);
    g_autoptr(GString) list = g_string_new(NULL);
    for (size_t i = 0; items[i] != NULL && i < PROFILE_MAX_PROPOSALS; i++) {
        g_autofree char *why = NULL;
        g_autofree char *ours = our_words(g_strstrip(items[i]));
        if (strcmp(ours, "default") == 0 || *ours == '\0')
            continue;
        if (profile_proposal_check(ours, ike, &why))
            g_string_append_printf(list, "%s%s", list->len > 0 ? ";" : "", ours);
        else
            import_note(import, IMPORT_NOT_CARRIED, what, "\"%.80s\" %s", ours, why);
    }
    if (list->len > 0)
        import_take(import, ike ? "proposals-ike" : "proposals-esp", list->str, what);
}

void
import_take_lifetime(Import *import, const char *setting, guint64 seconds, const char *what)
{
    if (seconds < 60 || seconds > 366 * 86400) {
        import_note(import, IMPORT_NOT_CARRIED, what, "no time from a minute to a year");
        return;
    }
    g_autofree char *text = g_strdup_printf("%um", (unsigned)(seconds / 60));
    import_take(import, setting, text, what);
}

/* ---- XML ---- */

typedef struct {
    unsigned depth, elements;
} XmlGuard;

static void
guard_start(GMarkupParseContext *context, const char *element, const char **names,
            const char **values, gpointer data, GError **error)
{
    XmlGuard *guard = data;
    const char *why = ++guard->depth > IMPORT_MAX_DEPTH         ? "nested too deeply"
                      : ++guard->elements > IMPORT_MAX_ELEMENTS ? "too many elements"
                      : strlen(element) > IMPORT_MAX_NAME       ? "a name that is too long"
                                                                : NULL;
    if (why != NULL)
        g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "%s", why);
}

static void
guard_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
    ((XmlGuard *)data)->depth--;
}

/* <!DOCTYPE NAME ...> is all of a declaration that is allowed. */
static void
guard_passthrough(GMarkupParseContext *context, const char *text, gsize length, gpointer data,
                  GError **error)
{
    bool declares = length > 2 && text[0] == '<' && text[1] == '!' &&
                    !g_str_has_prefix(text, "<!--") && !g_str_has_prefix(text, "<![CDATA[");
    if (declares && memchr(text, '[', length) != NULL)
        g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
                    "it declares entities or elements of its own");
}

bool
import_xml_check(const char *text, gsize length, const char *format_name, GError **error)
{
    static const GMarkupParser parser = { .start_element = guard_start,
                                          .end_element = guard_end,
                                          .passthrough = guard_passthrough };
    XmlGuard guard = { 0 };
    g_autoptr(GError) why = NULL;
    g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new(&parser, 0, &guard, NULL);
    if (!g_utf8_validate_len(text, length, NULL))
        return import_refuse(error, format_name, 0, "it is no UTF-8");
    /* It may say yes with an error set. */
    if (g_markup_parse_context_parse(context, text, (gssize)length, &why) && why == NULL &&
        g_markup_parse_context_end_parse(context, &why) && why == NULL)
        return true;
    int line = 0;
    g_markup_parse_context_get_position(context, &line, NULL);
    g_autofree char *quoted = error_quote(why->message, strlen(why->message), 200);
    return import_refuse(error, format_name, (unsigned)MAX(line, 0), "%s", quoted);
}

/* ---- what comes out ---- */

char *
import_file_path(const Import *import, const char *folder, const char *setting, const char *ending)
{
    const char *key = strchr(setting, '-') + 1;
    return g_strdup_printf("%s/%s-%s.%s", folder, import->name, key, ending);
}

static bool
has_secret(const Import *import)
{
    return import->psk != NULL || import->password != NULL || import->passphrase != NULL;
}

static const Secret *
one_secret(const Import *import)
{
    return import->psk != NULL        ? import->psk
           : import->password != NULL ? import->password
                                      : import->passphrase;
}

static GVariant *
to_settings(const Import *import, const char *folder, bool secret_in_file)
{
    GVariantBuilder list;
    g_variant_builder_init(&list, G_VARIANT_TYPE("a{ss}"));
    for (guint i = 0; i + 1 < import->settings->len; i += 2)
        if (find_file(import, import->settings->pdata[i]) == NULL)
            g_variant_builder_add(&list, "{ss}", import->settings->pdata[i],
                                  import->settings->pdata[i + 1]);
    for (guint i = 0; i < import->files->len; i++) {
        const ImportFile *file = import->files->pdata[i];
        g_autofree char *path = import_file_path(import, folder, file->setting, file->ending);
        g_variant_builder_add(&list, "{ss}", file->setting, path);
    }
    if (secret_in_file && has_secret(import) && import_get(import, "user-secret-file") == NULL) {
        g_autofree char *path = import_file_path(import, folder, "user-secret", "secret");
        g_variant_builder_add(&list, "{ss}", "user-secret-file", path);
    }
    return g_variant_builder_end(&list);
}

Profile *
import_to_profile(const Import *import, const char *folder, bool secret_in_file, GError **error)
{
    g_autoptr(GVariant) settings = g_variant_ref_sink(to_settings(import, folder, secret_in_file));
    return profile_from_settings(import->name, settings, error);
}

char *
import_to_text(const Import *import, const char *folder, bool secret_in_file, GError **error)
{
    g_autoptr(Profile) profile = import_to_profile(import, folder, secret_in_file, error);
    return profile != NULL ? profile_to_text(profile, error) : NULL;
}

static bool
write_file(const char *path, const Secret *content, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    gsize done = 0;
    while (fd >= 0 && done < secret_length(content)) {
        ssize_t n = write(fd, secret_data(content) + done, secret_length(content) - done);
        if (n < 0 && errno != EINTR)
            break;
        done += n > 0 ? (gsize)n : 0;
    }
    int why = errno;
    bool ok = fd >= 0 && done == secret_length(content);
    if (fd >= 0 && close(fd) < 0)
        ok = false;
    if (!ok)
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE, "%s cannot be written: %s",
                    path, g_strerror(why));
    return ok;
}

bool
import_write_files(const Import *import, const char *folder, bool secret_in_file, GError **error)
{
    if (import->files->len == 0 && !(secret_in_file && has_secret(import)))
        return true;
    if (g_mkdir_with_parents(folder, 0700) < 0) {
        g_set_error(error, PROFILE_ERROR, PROFILE_ERROR_UNREADABLE, "%s cannot be made: %s", folder,
                    g_strerror(errno));
        return false;
    }
    for (guint i = 0; i < import->files->len; i++) {
        const ImportFile *file = import->files->pdata[i];
        g_autofree char *path = import_file_path(import, folder, file->setting, file->ending);
        if (!write_file(path, file->content, error))
            return false;
    }
    g_autofree char *path = import_file_path(import, folder, "user-secret", "secret");
    return !secret_in_file || !has_secret(import) || write_file(path, one_secret(import), error);
}
