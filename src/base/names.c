#include "base/names.h"

#include "base/error.h"

#include <string.h>

#define NAME_MAX_LENGTH  253
#define LABEL_MAX_LENGTH 63

static char *
refuse(const char *name, size_t length, const char *why, GError **error)
{
    g_autofree char *quoted = error_quote(name, length, 80);
    g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "\"%s\" is no domain name: %s", quoted,
                why);
    return NULL;
}

char *
dns_name_normalise(const void *octets, size_t length, GError **error)
{
    const char *name = octets;
    size_t end = length, label = 0;
    if (end > 0 && name[end - 1] == '.')
        end--;
    if (length == 0)
        return refuse(name, length, "it is empty", error);
    if (end > NAME_MAX_LENGTH)
        return refuse(name, length, "it is too long", error);
    for (size_t i = 0; i < end; i++) {
        bool dot = name[i] == '.';
        if (!dot && !g_ascii_isalnum(name[i]) && name[i] != '-' && name[i] != '_')
            return refuse(name, length, "it has a character that names do not have", error);
        if (dot && label == 0)
            return refuse(name, length, "a label is empty", error);
        label = dot ? 0 : label + 1;
        if (label > LABEL_MAX_LENGTH)
            return refuse(name, length, "a label is too long", error);
    }
    if (end > 0 && label == 0)
        return refuse(name, length, "a label is empty", error);
    return g_ascii_strdown(name, (gssize)end);
}

bool
dns_name_is_at_or_below(const char *name, const char *apex)
{
    size_t n = strlen(name), a = strlen(apex);
    if (a == 0)
        return true;
    return n >= a && strcmp(name + n - a, apex) == 0 && (n == a || name[n - a - 1] == '.');
}

unsigned
dns_name_count_labels(const char *name)
{
    unsigned labels = *name != '\0';
    for (; *name != '\0'; name++)
        labels += *name == '.';
    return labels;
}
