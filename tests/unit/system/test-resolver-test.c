/* What `ginnel dns NAME` tells, asked of a stand-in for systemd-resolved. */
#include "system/resolver-test.h"

#include "fake-resolved.h"

typedef struct {
    bool done;
    GVariant *told;
} Answer;

static void
tested(GObject *source, GAsyncResult *result, gpointer data)
{
    Answer *answer = data;
    g_autoptr(GError) error = NULL;
    answer->told = resolver_test_finish(result, &error);
    g_assert_no_error(error);
    answer->done = true;
}

static char *
ask(FakeResolved *fake, const char *name)
{
    Answer answer = { 0 };
    fake->questions = 0;
    resolver_test_async(fake->client, name, tested, &answer);
    fake_resolved_run_until(&answer.done);
    g_autoptr(GVariant) told = answer.told;
    GVariantDict entries;
    g_variant_dict_init(&entries, told);
    g_autofree const char **links = NULL;
    g_autofree const char **addresses = NULL;
    const char *domain = "", *error = "";
    g_variant_dict_lookup(&entries, "domain", "&s", &domain);
    g_variant_dict_lookup(&entries, "links", "^a&s", &links);
    g_variant_dict_lookup(&entries, "addresses", "^a&s", &addresses);
    g_variant_dict_lookup(&entries, "error", "&s", &error);
    g_autofree char *links_text = links != NULL ? g_strjoinv(",", (char **)links) : g_strdup("");
    g_autofree char *addresses_text =
        addresses != NULL ? g_strjoinv(",", (char **)addresses) : g_strdup("");
    char *text = g_strdup_printf("%s on %s: %s%s", domain, links_text, addresses_text, error);
    g_variant_dict_clear(&entries);
    return text;
}

static void
start(FakeResolved *fake)
{
    fake_resolved_start(fake);
    fake->addresses = "[(1, 2, [byte 192, 0, 2, 1])]";
    fake->servers = "[(1, 2, [byte 192, 0, 2, 53])]";
}

/* The loopback device is the one link that each machine has under a known number. */
static void
test_longest_domain_decides(void)
{
    FakeResolved fake = { 0 };
    start(&fake);
    fake.domains = "[(0, '.', true), (1, 'corp.example', true), (0, 'example', false)]";
    g_autofree char *inside = ask(&fake, "www.corp.example");
    g_assert_cmpstr(inside, ==, "corp.example on lo: 192.0.2.1");
    g_autofree char *outside = ask(&fake, "elsewhere.test");
    g_assert_cmpstr(outside, ==, ". on all: 192.0.2.1");
    fake.domains = "[(1, 'corp.example', true)]";
    g_autofree char *usual = ask(&fake, "elsewhere.test");
    g_assert_cmpstr(usual, ==, ". on lo: 192.0.2.1");
    fake_resolved_stop(&fake);
}

/* What a resolver that is restarted takes along is asked again, and not for ever. */
static void
test_restarted_resolver(void)
{
    FakeResolved fake = { 0 };
    start(&fake);
    fake.error = "org.freedesktop.DBus.Error.NoReply";
    fake.failures = 2;
    g_autofree char *text = ask(&fake, "www.corp.example");
    g_assert_cmpstr(text, ==, ". on lo: 192.0.2.1");
    fake.failures = 0;
    g_autofree char *nothing = ask(&fake, "www.corp.example");
    g_assert_cmpstr(nothing, ==, ". on lo: as told");
    g_assert_cmpuint(fake.questions, ==, 3);
    fake.error = "org.freedesktop.resolve1.DnsError.NXDOMAIN";
    g_autofree char *unknown = ask(&fake, "www.corp.example");
    g_assert_cmpstr(unknown, ==, ". on lo: as told");
    g_assert_cmpuint(fake.questions, ==, 1);
    fake_resolved_stop(&fake);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/resolver-test/longest-domain-decides", test_longest_domain_decides);
    g_test_add_func("/system/resolver-test/restarted-resolver", test_restarted_resolver);
    return g_test_run();
}
