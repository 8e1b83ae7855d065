#include "config.h"

#include "crypto/distinguished-name.h"

#include "crypto/error.h"

#include <gnutls/x509.h>
#include <string.h>

#define MAX_PARTS 32 /* attributes of a name */

enum { /* tags of DirectoryString and IA5String (X.680) whose octets are ASCII or UTF-8 */
       TAG_UTF8 = 12,
       TAG_PRINTABLE = 19,
       TAG_IA5 = 22,
};

/* ---- from text ---- */

/* At commas that are not escaped. */
static GPtrArray *
split(const char *text)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
    const char *start = text;
    for (const char *c = text;; c++) {
        if (*c == '\\' && c[1] != '\0') {
            c++;
            continue;
        }
        if (*c != ',' && *c != '\0')
            continue;
        g_ptr_array_add(parts, g_strstrip(g_strndup(start, (gsize)(c - start))));
        start = c + 1;
        if (*c == '\0')
            return parts;
    }
}

static bool
is_type(const char *part, const char *type)
{
    size_t length = strlen(type);
    return g_ascii_strncasecmp(part, type, length) == 0 && part[length] == '=';
}

/* As the library calls it. */
static char *
normalise(const char *part)
{
    const char *equals = strchr(part, '=');
    if (equals == NULL || equals == part || equals[1] == '\0')
        return NULL;
    g_autofree char *type = g_strstrip(g_strndup(part, (gsize)(equals - part)));
    g_autofree char *value = g_strstrip(g_strdup(equals + 1));
    bool mail = g_ascii_strcasecmp(type, "E") == 0 || g_ascii_strcasecmp(type, "emailAddress") == 0;
    return g_strdup_printf("%s=%s", mail ? "EMAIL" : type, value);
}

/* The most specific part first. */
static char *
to_rfc4514(const char *text)
{
    g_autoptr(GPtrArray) parts = split(text);
    g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);
    if (parts->len > MAX_PARTS)
        return NULL;
    for (guint i = 0; i < parts->len; i++) {
        char *part = normalise(parts->pdata[i]);
        if (part == NULL)
            return NULL;
        g_ptr_array_add(made, part);
    }
    bool specific_first = is_type(made->pdata[0], "CN") || is_type(made->pdata[0], "UID");
    GString *joined = g_string_new(NULL);
    for (guint i = 0; i < made->len; i++)
        g_string_append_printf(joined, "%s%s", i > 0 ? "," : "",
                               (char *)made->pdata[specific_first ? i : made->len - 1 - i]);
    return g_string_free(joined, FALSE);
}

GBytes *
distinguished_name_parse(const char *text, GError **error)
{
    g_autofree char *ordered = to_rfc4514(text);
    gnutls_x509_dn_t name;
    gnutls_datum_t der = { 0 };
    const char *where = NULL;
    gnutls_x509_dn_init(&name);
    bool ok = ordered != NULL && gnutls_x509_dn_set_str(name, ordered, &where) == 0 &&
              gnutls_x509_dn_export2(name, GNUTLS_X509_FMT_DER, &der) == 0;
    gnutls_x509_dn_deinit(name);
    if (!ok) {
        g_set_error(error, CRYPTO_ERROR, CRYPTO_ERROR_INVALID, "no distinguished name");
        return NULL;
    }
    GBytes *octets = g_bytes_new(der.data, der.size);
    gnutls_free(der.data);
    return octets;
}

/* ---- of DER ---- */

static gnutls_x509_dn_t
import(const void *der, size_t length)
{
    gnutls_x509_dn_t name;
    gnutls_datum_t datum = { (void *)der, (unsigned)length };
    gnutls_x509_dn_init(&name);
    if (length > 0 && gnutls_x509_dn_import(name, &datum) == 0)
        return name;
    gnutls_x509_dn_deinit(name);
    return NULL;
}

char *
distinguished_name_to_string(const void *der, size_t length)
{
    gnutls_datum_t text = { 0 };
    gnutls_x509_dn_t name = import(der, length);
    if (name == NULL)
        return NULL;
    char *copy = gnutls_x509_dn_get_str2(name, &text, 0) == 0
                     ? g_strndup((const char *)text.data, text.size)
                     : NULL;
    gnutls_free(text.data);
    gnutls_x509_dn_deinit(name);
    return copy;
}

static bool
is_text(unsigned long tag)
{
    return tag == TAG_UTF8 || tag == TAG_PRINTABLE || tag == TAG_IA5;
}

static bool
parts_equal(const gnutls_x509_ava_st *a, const gnutls_x509_ava_st *b)
{
    bool text = is_text(a->value_tag) && is_text(b->value_tag);
    if (a->oid.size != b->oid.size || memcmp(a->oid.data, b->oid.data, a->oid.size) != 0 ||
        a->value.size != b->value.size || (!text && a->value_tag != b->value_tag))
        return false;
    for (unsigned i = 0; i < a->value.size; i++) {
        char x = (char)a->value.data[i], y = (char)b->value.data[i];
        if (x != y && (!text || g_ascii_tolower(x) != g_ascii_tolower(y)))
            return false;
    }
    return true;
}

static bool
names_equal(gnutls_x509_dn_t a, gnutls_x509_dn_t b)
{
    for (int rdn = 0; rdn < MAX_PARTS; rdn++) {
        for (int part = 0; part < MAX_PARTS; part++) {
            gnutls_x509_ava_st of_a, of_b;
            bool in_a = gnutls_x509_dn_get_rdn_ava(a, rdn, part, &of_a) == 0;
            bool in_b = gnutls_x509_dn_get_rdn_ava(b, rdn, part, &of_b) == 0;
            if (in_a != in_b || (in_a && !parts_equal(&of_a, &of_b)))
                return false;
            if (!in_a && part == 0)
                return rdn > 0;
            if (!in_a)
                break;
        }
    }
    return false;
}

bool
distinguished_name_equal(const void *a, size_t a_length, const void *b, size_t b_length)
{
    if (a_length == b_length && a_length > 0 && memcmp(a, b, a_length) == 0)
        return true;
    gnutls_x509_dn_t name_a = import(a, a_length), name_b = import(b, b_length);
    bool equal = name_a != NULL && name_b != NULL && names_equal(name_a, name_b);
    if (name_a != NULL)
        gnutls_x509_dn_deinit(name_a);
    if (name_b != NULL)
        gnutls_x509_dn_deinit(name_b);
    return equal;
}
