/* What a request says of names and keys, and what a reply that leaves them out comes to. */
#include "plan/split-dns-request.h"

#include <string.h>

/* "d=corp.example a=A": a word an attribute; "d=" and "a=" are empty ones. */
static char *
words(const GArray *list)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < list->len; i++) {
        const SplitDnsAttribute *one = &g_array_index(list, SplitDnsAttribute, i);
        g_string_append_printf(out, "%s%c=%.*s", i > 0 ? " " : "",
                               one->type == ATTRIBUTE_INTERNAL_DNS_DOMAIN  ? 'd'
                               : one->type == ATTRIBUTE_INTERNAL_DNSSEC_TA ? 'a'
                                                                           : '?',
                               (int)one->length, (const char *)one->data);
    }
    return g_string_free(out, FALSE);
}

/* Anchors as held: their values are what matters here. "corp.example=A two.example=B" */
static GPtrArray *
held(const char *text)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)trust_anchor_free);
    g_auto(GStrv) pairs = g_strsplit(text, " ", -1);
    for (char **pair = pairs; *pair != NULL; pair++) {
        TrustAnchor *anchor = g_new0(TrustAnchor, 1);
        const char *value = strchr(*pair, '=') + 1;
        anchor->owner = g_strndup(*pair, value - 1 - *pair);
        anchor->value = g_bytes_new(value, strlen(value));
        g_ptr_array_add(list, anchor);
    }
    return list;
}

typedef struct {
    const char *name;
    const char *domains, *add; /* of the profile, between blanks */
    bool anchors;
    const char *told; /* NULL: none */
    const char *request;
} RequestCase;

static const RequestCase requests[] = {
    { "nothing", "", "", false, NULL, "d=" },
    { "keys", "", "", true, NULL, "d= a=" },
    { "names-and-keys", "corp.example", "two.example", true, NULL,
      "d=corp.example d=two.example a=" },
    { "a-name-once", "corp.example", "corp.example", false, NULL, "d=corp.example" },
    { "told", "", "", true, "corp.example=A", "d= a= d=corp.example a=A" },
    { "told-of-a-name-of-ours", "corp.example two.example", "", true, "corp.example=A",
      "d=two.example a= d=corp.example a=A" },
    { "told-of-all-names", "corp.example", "", true, "corp.example=A", "d=corp.example a=A" },
    { "two-keys-of-one-name-together", "", "", true, "corp.example=A two.example=B corp.example=C",
      "d= a= d=corp.example a=A a=C d=two.example a=B" },
};

static void
test_request(gconstpointer data)
{
    const RequestCase *one = data;
    g_auto(GStrv) domains = g_strsplit(one->domains, " ", -1), add = g_strsplit(one->add, " ", -1);
    g_autoptr(GPtrArray) told = one->told != NULL ? held(one->told) : NULL;
    SplitDnsWishes wishes = {
        .domains = domains, .add_domains = add, .anchors = one->anchors, .told = told
    };
    g_autoptr(GArray) request = split_dns_request_new(&wishes);
    g_autofree char *text = words(request);
    g_assert_cmpstr(text, ==, one->request);
}

static void
test_most(void)
{
    char *none[] = { NULL };
    g_autoptr(GString) text = g_string_new("d0.example=A");
    for (guint i = 1; i < 2 * SPLIT_DNS_MAX_TOLD; i++)
        g_string_append_printf(text, " d%u.example=A", i);
    g_autoptr(GPtrArray) told = held(text->str);
    SplitDnsWishes wishes = { .domains = none, .add_domains = none, .anchors = true, .told = told };
    g_autoptr(GArray) request = split_dns_request_new(&wishes);
    g_assert_cmpuint(request->len, ==, 2 + 2 * SPLIT_DNS_MAX_TOLD);
}

typedef struct {
    const char *name;
    const char *request, *reply, *kept;
} KeptCase;

static const KeptCase replies[] = {
    { "nothing-told", "d= a=", "d=corp.example d=two.example", "d=corp.example d=two.example" },
    { "left-out", "d= a= d=corp.example a=A a=B", "d=two.example d=corp.example",
      "d=two.example d=corp.example a=A a=B" },
    { "left-out-in-capitals", "d=corp.example a=A", "d=CORP.example. d=two.example",
      "d=CORP.example. a=A d=two.example" },
    { "another", "d=corp.example a=A", "d=corp.example a=B", "d=corp.example a=B" },
    { "another-further-on", "d=corp.example a=A", "d=corp.example d=corp.example a=B",
      "d=corp.example d=corp.example a=B" },
    { "the-domain-left-out", "d=corp.example a=A", "d=two.example", "d=two.example" },
    { "not-the-domain-below", "d=corp.example a=A", "d=a.corp.example", "d=a.corp.example" },
    { "an-empty-key", "d=corp.example a=A", "d=corp.example a=", "d=corp.example a=A a=" },
    { "no-name", "d=corp.example a=A", "d=a..b d=", "d=a..b d=" },
};

static GArray *
attributes(char **texts)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(SplitDnsAttribute));
    for (; *texts != NULL; texts++) {
        SplitDnsAttribute one = { .type = **texts == 'd' ? ATTRIBUTE_INTERNAL_DNS_DOMAIN
                                                         : ATTRIBUTE_INTERNAL_DNSSEC_TA,
                                  .data = (const uint8_t *)*texts + 2,
                                  .length = strlen(*texts) - 2 };
        g_array_append_val(list, one);
    }
    return list;
}

static void
test_kept(gconstpointer data)
{
    const KeptCase *one = data;
    g_auto(GStrv) asked = g_strsplit(one->request, " ", -1), sent = g_strsplit(one->reply, " ", -1);
    g_autoptr(GArray) request = attributes(asked), reply = attributes(sent);
    g_autoptr(GArray) kept = split_dns_keep_told(request, reply);
    g_autofree char *text = words(kept);
    g_assert_cmpstr(text, ==, one->kept);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *path = g_strconcat("/plan/split-dns-request/", requests[i].name, NULL);
        g_test_add_data_func(path, &requests[i], test_request);
    }
    g_test_add_func("/plan/split-dns-request/no-more-than-so-many", test_most);
    for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
        g_autofree char *path = g_strconcat("/plan/split-dns-request/kept/", replies[i].name, NULL);
        g_test_add_data_func(path, &replies[i], test_kept);
    }
    return g_test_run();
}
