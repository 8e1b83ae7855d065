/* What systemd-resolved and systemd are asked, in which order, by stand-ins for both. */
#include "system/resolver.h"

#include "fake-resolved.h"
#include "system/error.h"

#include <glib/gstdio.h>
#include <string.h>

#define DIGEST "F78CF3344F72137235098ECBBD08947C2C9001C7F6A085A17F518B5D8F6B916D"
#define RELOAD                                                                                     \
    "ResetFailedUnit('systemd-resolved.service',);"                                                \
    "ReloadOrTryRestartUnit('systemd-resolved.service', 'replace');"

typedef struct {
    FakeResolved fake;
    Resolver *resolver;
    char *folder, *file;
} Bench;

typedef struct {
    bool done, ok;
    GError *error;
} Outcome;

#define WINDOW_US (100 * 1000)

static void
bench_start_with(Bench *bench, bool networkd, gint64 window_us)
{
    bench->fake = (FakeResolved){ .networkd = networkd };
    fake_resolved_start(&bench->fake);
    bench->folder = g_dir_make_tmp("ginnel-anchors-XXXXXX", NULL);
    bench->file = g_build_filename(bench->folder, ANCHOR_FILES_NAME, NULL);
    bench->resolver = resolver_new_in(bench->fake.client, bench->folder, window_us);
    resolver_keep_lost_links(bench->resolver);
}

static void
bench_start(Bench *bench)
{
    bench_start_with(bench, false, WINDOW_US);
}

static void
bench_stop(Bench *bench)
{
    resolver_free(bench->resolver);
    fake_resolved_stop(&bench->fake);
    g_unlink(bench->file);
    for (int i = 0; i < 3; i++) {
        g_autofree char *name = g_strdup_printf("ginnel-ginnel%d.anchors", i);
        g_autofree char *path = g_build_filename(bench->folder, name, NULL);
        g_unlink(path);
    }
    g_assert_cmpint(g_rmdir(bench->folder), ==, 0);
    g_free(bench->folder);
    g_free(bench->file);
}

/* Servers 10.99.0.1; corp.example, with an anchor or without. */
static SplitDnsPlan *
make_plan(bool anchor)
{
    static const char name[] = "corp.example";
    g_autoptr(GByteArray) value = g_byte_array_new();
    g_autoptr(GArray) servers = g_array_new(FALSE, FALSE, sizeof(InetAddress));
    g_autoptr(GArray) remote = g_array_new(FALSE, FALSE, sizeof(InetRange));
    InetAddress server;
    InetRange everything = inet_range_any(INET_V4);
    char *none[] = { NULL }, *trust[] = { (char *)name, NULL };
    char *domains[] = { (char *)name, (char *)"two.example", NULL };
    g_byte_array_append(value, (const guint8 *)"\x7a\xae\x08\x02" DIGEST, 4 + strlen(DIGEST));
    SplitDnsAttribute attributes[] = {
        { ATTRIBUTE_INTERNAL_DNS_DOMAIN, (const uint8_t *)name, strlen(name) },
        { ATTRIBUTE_INTERNAL_DNSSEC_TA, value->data, value->len },
        { ATTRIBUTE_INTERNAL_DNS_DOMAIN, (const uint8_t *)"two.example", 11 },
    };
    g_assert_true(inet_address_parse("10.99.0.1", &server));
    g_array_append_val(servers, server);
    g_array_append_val(remote, everything);
    SplitDnsOffer offer = { .attributes = attributes,
                            .n_attributes = anchor ? 3 : 1,
                            .servers = servers,
                            .remote = remote,
                            .domains = domains,
                            .add_domains = none,
                            .search_domains = none,
                            .trust_anchor_domains = trust,
                            .dnssec = true,
                            .held = none,
                            .where = "of the test" };
    return split_dns_plan_new(&offer);
}

static void
applied(GObject *source, GAsyncResult *result, gpointer data)
{
    Outcome *outcome = data;
    outcome->ok = resolver_apply_finish(result, &outcome->error);
    outcome->done = true;
}

static void
start(Bench *bench, const char *interface, int ifindex, const SplitDnsPlan *plan, Outcome *outcome)
{
    *outcome = (Outcome){ 0 };
    resolver_apply_async(bench->resolver, interface, ifindex, plan, applied, outcome);
}

/* Applies to ginnel0, link 3, and gives what was asked for on the way. */
static char *
apply(Bench *bench, bool plan, bool anchor)
{
    Outcome outcome;
    g_autoptr(SplitDnsPlan) dns = plan ? make_plan(anchor) : NULL;
    g_string_truncate(bench->fake.story, 0);
    start(bench, "ginnel0", 3, dns, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_assert_no_error(outcome.error);
    g_assert_true(outcome.ok);
    return g_strdup(bench->fake.story->str);
}

static char *
read_file(const char *path)
{
    char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

static void
test_without_anchor(void)
{
    Bench bench;
    bench_start(&bench);
    g_autofree char *story = apply(&bench, true, false);
    g_assert_cmpstr(story, ==,
                    "SetLinkLLMNR(3, 'no');SetLinkMulticastDNS(3, 'no');"
                    "SetLinkDefaultRoute(3, false);SetLinkDomains(3, [('corp.example', true)]);"
                    "SetLinkDNSSEC(3, '');"
                    "SetLinkDNSSECNegativeTrustAnchors(3, ['corp.example']);"
                    "SetLinkDNSOverTLS(3, 'no');"
                    "SetLinkDNSEx(3, [(2, [0x0a, 0x63, 0x00, 0x01], 0, '')]);FlushCaches;");
    bench_stop(&bench);
}

/* The anchors first, then the link; a reload that cannot meet systemd's start limit. */
static void
test_with_anchor(void)
{
    Bench bench;
    bench_start(&bench);
    g_autofree char *story = apply(&bench, true, true);
    g_assert_cmpstr(story, ==,
                    RELOAD "SetLinkLLMNR(3, 'no');SetLinkMulticastDNS(3, 'no');"
                           "SetLinkDefaultRoute(3, false);"
                           "SetLinkDomains(3, [('corp.example', true), ('two.example', true)]);"
                           "SetLinkDNSSEC(3, 'yes');"
                           "SetLinkDNSSECNegativeTrustAnchors(3, ['two.example']);"
                           "SetLinkDNSOverTLS(3, 'no');"
                           "SetLinkDNSEx(3, [(2, [0x0a, 0x63, 0x00, 0x01], 0, '')]);FlushCaches;");
    g_autofree char *text = read_file(bench.file);
    g_assert_cmpstr(text, ==, "corp.example. IN DS 31406 8 2 " DIGEST "\n");
    bench_stop(&bench);
}

/* 10.99.0.2 by DNS over TLS, in place of 10.99.0.1. */
static SplitDnsPlan *
make_encrypted_plan(bool by_other)
{
    SplitDnsPlan *plan = make_plan(false);
    SplitDnsServer *server = &g_array_index(plan->servers, SplitDnsServer, 0);
    server->port = 853;
    server->name = g_strdup("dns.example");
    plan->encrypted = true;
    plan->by_other = by_other;
    return plan;
}

static char *
apply_plan(Bench *bench, const SplitDnsPlan *plan)
{
    Outcome outcome;
    g_string_truncate(bench->fake.story, 0);
    start(bench, "ginnel0", 3, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_assert_no_error(outcome.error);
    return g_strdup(bench->fake.story->str);
}

static void
test_encrypted(void)
{
    Bench bench;
    bench_start(&bench);
    g_autoptr(SplitDnsPlan) plan = make_encrypted_plan(false);
    g_autofree char *story = apply_plan(&bench, plan);
    g_assert_nonnull(strstr(story, "SetLinkDNSOverTLS(3, 'yes');"
                                   "SetLinkDNSEx(3, [(2, [0x0a, 0x63, 0x00, 0x01], 0, "
                                   "'dns.example')]);"));
    bench.fake.lose = "SetLinkDNSOverTLS";
    g_hash_table_remove_all(bench.fake.settings);
    Outcome outcome;
    start(&bench, "ginnel0", 3, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_assert_null(outcome.error); /* the stand-in says "yes" where it was told nothing */
    plan->encrypted = false;
    start(&bench, "ginnel0", 3, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_assert_error(outcome.error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED);
    g_assert_nonnull(strstr(outcome.error->message, "DNS over TLS"));
    g_clear_error(&outcome.error);
    bench_stop(&bench);
}

/* Whether names of encrypted servers are looked at is the machine's setting. */
static void
test_checks_names(void)
{
    for (int i = 0; i < 2; i++) {
        Bench bench;
        bench.fake = (FakeResolved){ .encrypted_everywhere = i == 1 };
        fake_resolved_start(&bench.fake);
        bench.fake.encrypted_everywhere = i == 1;
        bench.folder = g_dir_make_tmp("ginnel-anchors-XXXXXX", NULL);
        bench.file = g_build_filename(bench.folder, ANCHOR_FILES_NAME, NULL);
        bench.resolver = resolver_new_in(bench.fake.client, bench.folder, WINDOW_US);
        g_assert_false(resolver_checks_names(bench.resolver));
        /* Whatever is asked of the bus after that is answered after that. */
        g_autofree char *story = apply(&bench, false, false);
        while (i == 1 && !resolver_checks_names(bench.resolver))
            g_main_context_iteration(NULL, TRUE);
        g_assert_true(resolver_checks_names(bench.resolver) == (i == 1));
        bench_stop(&bench);
    }
}

/* A stub is the link's only server, and where it validates, resolved does not. */
static void
test_stub(void)
{
    Bench bench;
    InetEndpoint stub = { .port = 4711 };
    g_assert_true(inet_address_parse("10.77.0.10", &stub.address));
    bench_start(&bench);
    g_autoptr(SplitDnsPlan) plan = make_plan(true);
    split_dns_plan_use_stub(plan, &stub, true);
    g_autofree char *story = apply_plan(&bench, plan);
    g_assert_null(strstr(story, "Reload"));
    g_assert_nonnull(strstr(story, "SetLinkDNSSEC(3, 'no');"
                                   "SetLinkDNSSECNegativeTrustAnchors(3, []);"
                                   "SetLinkDNSOverTLS(3, 'no');"
                                   "SetLinkDNSEx(3, [(2, [0x0a, 0x4d, 0x00, 0x0a], 4711, '')]);"));
    split_dns_plan_use_stub(plan, &stub, false);
    g_autofree char *resolved = apply_plan(&bench, plan);
    g_assert_nonnull(strstr(resolved, "Reload"));
    g_assert_nonnull(strstr(resolved, "SetLinkDNSSEC(3, 'yes');"));
    g_assert_nonnull(strstr(resolved, "[0x0a, 0x4d, 0x00, 0x0a], 4711, '')]);"));
    /* The usual port is kept as 0. */
    stub.port = 53;
    split_dns_plan_use_stub(plan, &stub, false);
    g_autofree char *usual = apply_plan(&bench, plan);
    g_assert_nonnull(strstr(usual, "[0x0a, 0x4d, 0x00, 0x0a], 0, '')]);"));
    bench_stop(&bench);
}

/* NetworkManager sets the link's servers and domains: those are not ours to touch. */
static void
test_by_other(void)
{
    Bench bench;
    bench_start(&bench);
    g_autoptr(SplitDnsPlan) plain = make_plan(true);
    plain->by_other = true;
    g_autofree char *story = apply_plan(&bench, plain);
    g_assert_cmpstr(story, ==,
                    RELOAD "SetLinkDNSSEC(3, 'yes');"
                           "SetLinkDNSSECNegativeTrustAnchors(3, ['two.example']);FlushCaches;");
    g_autoptr(SplitDnsPlan) encrypted = make_encrypted_plan(true);
    g_autofree char *names = apply_plan(&bench, encrypted);
    g_assert_nonnull(strstr(names, "SetLinkDNSOverTLS(3, 'yes');SetLinkDNSEx(3, "));
    g_assert_null(strstr(names, "SetLinkDomains"));
    g_assert_null(strstr(names, "SetLinkDefaultRoute"));
    g_autofree char *down = apply(&bench, false, false);
    g_assert_nonnull(strstr(down, "RevertLink(3,);"));
    bench_stop(&bench);
}

static void
test_reloads_for_changes_only(void)
{
    Bench bench;
    bench_start(&bench);
    g_autofree char *first = apply(&bench, true, true);
    g_autofree char *again = apply(&bench, true, true);
    g_assert_nonnull(strstr(first, "Reload"));
    g_assert_null(strstr(again, "Reload"));
    g_assert_nonnull(strstr(again, "SetLinkDNSEx"));
    bench_stop(&bench);
}

static void
test_revert(void)
{
    Bench bench;
    bench_start(&bench);
    g_autofree char *up = apply(&bench, true, true);
    g_autofree char *down = apply(&bench, false, false);
    g_assert_cmpstr(down, ==, "RevertLink(3,);" RELOAD "FlushCaches;");
    g_assert_false(g_file_test(bench.file, G_FILE_TEST_EXISTS));
    g_autofree char *again = apply(&bench, false, false);
    g_assert_cmpstr(again, ==, "RevertLink(3,);FlushCaches;");
    bench_stop(&bench);
}

/* The last link's anchors are gone, and the resolver has nothing more to do. */
static void
wait_until_left(Bench *bench)
{
    while (g_file_test(bench->file, G_FILE_TEST_EXISTS))
        g_main_context_iteration(NULL, TRUE);
    g_autofree char *after = apply(bench, false, false);
}

/* What comes while a reload runs is served by one more, not by one each. */
static void
test_gathers(void)
{
    Bench bench;
    Outcome outcomes[4];
    g_autoptr(SplitDnsPlan) plan = make_plan(true), other = make_plan(true);
    ((TrustAnchor *)other->anchors->pdata[0])->key_tag = 4711;
    bench_start(&bench);
    bench.fake.hold = true;
    start(&bench, "ginnel0", 3, plan, &outcomes[0]);
    while (strstr(bench.fake.story->str, "Reload") == NULL)
        g_main_context_iteration(NULL, TRUE);
    start(&bench, "ginnel1", 4, other, &outcomes[1]);
    start(&bench, "ginnel2", 5, other, &outcomes[2]);
    start(&bench, "ginnel1", 4, NULL, &outcomes[3]);
    bench.fake.hold = false;
    fake_resolved_let_go(&bench.fake);
    for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++) {
        fake_resolved_run_until(&outcomes[i].done);
        g_assert_no_error(outcomes[i].error);
    }
    g_auto(GStrv) parts = g_strsplit(bench.fake.story->str, "ReloadOrTryRestartUnit", -1);
    g_assert_cmpuint(g_strv_length(parts), ==, 1 + 2);
    /* The last word about a link counts. */
    g_assert_null(strstr(bench.fake.story->str, "SetLinkDNSEx(4"));
    g_assert_nonnull(strstr(bench.fake.story->str, "SetLinkDNSEx(5"));
    start(&bench, "ginnel2", 5, NULL, &outcomes[2]);
    fake_resolved_run_until(&outcomes[2].done);
    start(&bench, "ginnel0", 3, NULL, &outcomes[0]);
    fake_resolved_run_until(&outcomes[0].done);
    wait_until_left(&bench);
    bench_stop(&bench);
}

/* Up and down again: what the next connection wants again is not taken away while reloads are few,
 * and costs none. */
static void
test_reloads_are_kept_for_who_waits(void)
{
    Bench bench;
    bench_start_with(&bench, false, G_TIME_SPAN_HOUR);
    for (int i = 0; i < 20; i++) {
        g_autofree char *up = apply(&bench, true, true);
        g_assert_true(i > 1 || strstr(up, "Reload") != NULL);
        g_assert_nonnull(strstr(up, "SetLinkDNSEx(3"));
        g_autofree char *down = apply(&bench, false, false);
        g_assert_true(g_str_has_prefix(down, "RevertLink(3,);"));
        g_assert_true(g_file_test(bench.file, G_FILE_TEST_EXISTS) == (i > 0));
        g_assert_true(i <= 1 || strstr(up, "Reload") == NULL);
        g_assert_true(i == 0 || strstr(down, "Reload") == NULL);
    }
    /* Others for whom somebody waits come in time, and what was left goes along. */
    g_autoptr(SplitDnsPlan) plan = make_plan(true);
    ((TrustAnchor *)plan->anchors->pdata[0])->key_tag = 4711;
    Outcome outcome;
    start(&bench, "ginnel1", 4, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_autofree char *text = read_file(bench.file);
    g_assert_cmpstr(text, ==, "corp.example. IN DS 4711 8 2 " DIGEST "\n");
    bench_stop(&bench);
}

/* Who has no keys does not get those of whoever was here before, even where reloads are used up. */
static void
test_without_the_keys_before(void)
{
    Bench bench;
    bench_start(&bench);
    for (uint16_t i = 0; i < 4; i++) {
        g_autoptr(SplitDnsPlan) plan = make_plan(true);
        ((TrustAnchor *)plan->anchors->pdata[0])->key_tag = i;
        g_autofree char *with = apply_plan(&bench, plan);
    }
    Outcome down, without;
    g_autoptr(SplitDnsPlan) plain = make_plan(false);
    g_string_truncate(bench.fake.story, 0);
    start(&bench, "ginnel0", 3, NULL, &down);
    fake_resolved_run_until(&down.done);
    start(&bench, "ginnel0", 3, plain, &without);
    fake_resolved_run_until(&without.done);
    g_assert_true(down.ok && without.ok);
    const char *reload = strstr(bench.fake.story->str, "Reload");
    g_assert_nonnull(reload);
    g_assert_true(reload < strstr(bench.fake.story->str, "SetLink"));
    bench_stop(&bench);
}

/* In the end it is taken away by itself. */
static void
test_anchors_that_leave(void)
{
    Bench bench;
    bench_start(&bench);
    for (int i = 0; i < 3; i++) {
        g_autofree char *up = apply(&bench, true, true);
        g_autofree char *down = apply(&bench, false, false);
    }
    wait_until_left(&bench);
    bench_stop(&bench);
}

static void
test_reload_that_fails(void)
{
    Bench bench;
    Outcome outcome;
    g_autoptr(SplitDnsPlan) plan = make_plan(true);
    bench_start(&bench);
    bench.fake.job_result = "failed";
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*systemd-resolved.service*failed*");
    start(&bench, "ginnel0", 3, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_test_assert_expected_messages();
    g_assert_error(outcome.error, SYSTEM_ERROR, SYSTEM_ERROR_UNAVAILABLE);
    g_assert_null(strstr(bench.fake.story->str, "SetLinkDNSEx"));
    g_clear_error(&outcome.error);
    bench_stop(&bench);
}

/* Nobody is waited for but before the server, which comes when all else is in force. */
static void
test_waits_once(void)
{
    Bench bench;
    bench_start(&bench);
    bench.fake.hold_until = "SetLinkDNSOverTLS";
    g_autofree char *story = apply(&bench, true, false);
    g_assert_nonnull(strstr(story, "SetLinkDNSOverTLS(3, 'no');answered;SetLinkDNSEx("));
    bench_stop(&bench);
}

static void
test_call_that_is_refused(void)
{
    Bench bench;
    Outcome outcome;
    g_autoptr(SplitDnsPlan) plan = make_plan(false);
    bench_start(&bench);
    bench.fake.refuse = "SetLinkDomains";
    start(&bench, "ginnel0", 3, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_assert_nonnull(outcome.error);
    g_assert_nonnull(strstr(outcome.error->message, "SetLinkDomains"));
    /* Nothing is asked over a link that is not set up. */
    g_assert_null(strstr(bench.fake.story->str, "SetLinkDNSEx"));
    g_clear_error(&outcome.error);
    bench_stop(&bench);
}

/* What is in force is told to a systemd-resolved that was started anew; what is not, is not. */
static void
test_another_resolved(void)
{
    Bench bench;
    Outcome outcome;
    bench_start(&bench);
    g_autoptr(SplitDnsPlan) plan = make_plan(false);
    g_autofree char *story = apply(&bench, true, true);
    start(&bench, "ginnel1", 4, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    start(&bench, "ginnel1", 4, NULL, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_string_truncate(bench.fake.story, 0);
    fake_resolved_restart(&bench.fake);
    while (strstr(bench.fake.story->str, "FlushCaches") == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_nonnull(strstr(bench.fake.story->str, "SetLinkDNSEx(3"));
    g_assert_null(strstr(bench.fake.story->str, "SetLinkDNSEx(4"));
    g_assert_null(strstr(bench.fake.story->str, "Reload"));
    bench_stop(&bench);
}

static void
test_not_kept(void)
{
    Bench bench;
    Outcome outcome;
    g_autoptr(SplitDnsPlan) plan = make_plan(false);
    bench_start(&bench);
    bench.fake.lose = "SetLinkDomains";
    start(&bench, "ginnel0", 3, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_assert_error(outcome.error, SYSTEM_ERROR, SYSTEM_ERROR_FAILED);
    g_assert_nonnull(strstr(outcome.error->message, "domains"));
    g_clear_error(&outcome.error);
    bench_stop(&bench);
}

/* Somebody else takes a setting away, without a signal: it comes back at the next look; where all
 * is as it should be, nothing is set and no cache is lost. */
static void
test_taken_away(void)
{
    Bench bench;
    Outcome outcome;
    bench_start(&bench);
    g_autofree char *up = apply(&bench, true, false);
    g_string_truncate(bench.fake.story, 0);
    resolver_check(bench.resolver);
    start(&bench, "ginnel1", 4, NULL, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_assert_null(strstr(bench.fake.story->str, "SetLink"));
    g_hash_table_remove_all(bench.fake.settings);
    resolver_check(bench.resolver);
    while (strstr(bench.fake.story->str, "SetLinkDNSEx(3") == NULL)
        g_main_context_iteration(NULL, TRUE);
    start(&bench, "ginnel1", 4, NULL, &outcome);
    fake_resolved_run_until(&outcome.done);
    bench_stop(&bench);
}

static gboolean
was_not_soon(gpointer data)
{
    g_error("a change soon after a link was set had to wait");
    return G_SOURCE_REMOVE;
}

/* The same, found out by what resolved writes. */
static void
test_change_is_noticed(void)
{
    Bench bench;
    bench_start(&bench);
    g_autofree char *folder = g_dir_make_tmp("ginnel-resolve-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(folder, "resolv.conf", NULL);
    resolver_watch_changes(bench.resolver, folder);
    /* Others' changes are looked at every 20 seconds, but after a second once a link was set. */
    guint watchdog = g_timeout_add_seconds(12, was_not_soon, NULL);
    for (int i = 0; i < 2; i++) {
        g_autofree char *up = apply(&bench, true, false);
        g_string_truncate(bench.fake.story, 0);
        g_hash_table_remove_all(bench.fake.settings);
        g_assert_true(g_file_set_contents(file, "", -1, NULL));
        while (strstr(bench.fake.story->str, "SetLinkDNSEx(3") == NULL)
            g_main_context_iteration(NULL, TRUE);
    }
    g_source_remove(watchdog);
    Outcome outcome;
    start(&bench, "ginnel1", 4, NULL, &outcome);
    fake_resolved_run_until(&outcome.done);
    bench_stop(&bench);
    g_unlink(file);
    g_rmdir(folder);
}

/* There is no such interface on this machine: its anchors go, and are forgotten. */
static void
test_link_is_lost(void)
{
    Bench bench;
    bench_start(&bench);
    resolver_free(bench.resolver);
    bench.resolver = resolver_new_in(bench.fake.client, bench.folder, WINDOW_US);
    Outcome outcome;
    g_autoptr(SplitDnsPlan) plan = make_plan(true);
    start(&bench, "ginnel0", 0x7ffffff0, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_clear_error(&outcome.error);
    g_assert_true(g_file_test(bench.file, G_FILE_TEST_EXISTS));
    g_string_truncate(bench.fake.story, 0);
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "ginnel0: the device is gone*");
    resolver_check(bench.resolver);
    g_test_assert_expected_messages();
    while (strstr(bench.fake.story->str, "FlushCaches") == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_nonnull(strstr(bench.fake.story->str, "Reload"));
    g_assert_false(g_file_test(bench.file, G_FILE_TEST_EXISTS));
    bench_stop(&bench);
}

static void
expect_words(Bench *bench, int code, const char *words)
{
    Outcome outcome;
    g_autoptr(SplitDnsPlan) plan = make_plan(false);
    start(bench, "ginnel0", 3, plan, &outcome);
    fake_resolved_run_until(&outcome.done);
    g_assert_error(outcome.error, SYSTEM_ERROR, code);
    g_assert_nonnull(strstr(outcome.error->message, words));
    g_clear_error(&outcome.error);
}

static void
test_no_resolved(void)
{
    Bench bench;
    bench_start(&bench);
    fake_resolved_leave(&bench.fake);
    expect_words(&bench, SYSTEM_ERROR_ABSENT, "systemctl enable --now systemd-resolved");
    g_autofree char *down = apply(&bench, false, false);
    fake_resolved_come_back(&bench.fake);
    bench_stop(&bench);
}

static void
test_old_resolved(void)
{
    Bench bench;
    bench_start(&bench);
    bench.fake.old = true;
    expect_words(&bench, SYSTEM_ERROR_UNAVAILABLE, "too old");
    bench_stop(&bench);
}

static void
test_link_of_networkd(void)
{
    Bench bench;
    bench_start_with(&bench, true, WINDOW_US);
    bench.fake.refuse = "SetLinkDNSEx";
    g_autofree char *story = apply(&bench, true, false);
    g_assert_nonnull(strstr(story, "networkd SetLinkDNSEx(3,"));
    bench.fake.refuse = "RevertLink";
    g_autofree char *down = apply(&bench, false, false);
    g_assert_nonnull(strstr(down, "networkd RevertLinkDNS(3,)"));
    bench_stop(&bench);
}

/* Twenty times up and down: four reloads in the time for four, and in the end what was asked for
 * last. */
static void
test_reloads_are_rationed(void)
{
    Bench bench;
    Outcome up, down;
    g_autoptr(SplitDnsPlan) plan = make_plan(true);
    bench_start(&bench);
    gint64 began = g_get_monotonic_time();
    for (int i = 0; i < 20; i++) {
        start(&bench, "ginnel0", 3, plan, &up);
        start(&bench, "ginnel1", 4, NULL, &down);
        fake_resolved_run_until(&down.done);
        start(&bench, "ginnel0", 3, NULL, &down);
        fake_resolved_run_until(&down.done);
        fake_resolved_run_until(&up.done);
        g_assert_true(up.ok && down.ok);
    }
    start(&bench, "ginnel0", 3, plan, &up);
    fake_resolved_run_until(&up.done);
    g_assert_no_error(up.error);
    gint64 windows = 1 + (g_get_monotonic_time() - began) / WINDOW_US;
    g_auto(GStrv) parts = g_strsplit(bench.fake.story->str, "ReloadOrTryRestartUnit", -1);
    g_assert_cmpint(g_strv_length(parts) - 1, <=, 4 * windows);
    g_assert_true(g_str_has_suffix(bench.fake.story->str, "FlushCaches;"));
    g_assert_nonnull(strstr(parts[g_strv_length(parts) - 1], "SetLinkDNSEx(3"));
    g_assert_true(g_file_test(bench.file, G_FILE_TEST_EXISTS));
    bench_stop(&bench);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/resolver/without-anchor", test_without_anchor);
    g_test_add_func("/system/resolver/with-anchor", test_with_anchor);
    g_test_add_func("/system/resolver/encrypted", test_encrypted);
    g_test_add_func("/system/resolver/checks-names", test_checks_names);
    g_test_add_func("/system/resolver/stub", test_stub);
    g_test_add_func("/system/resolver/by-other", test_by_other);
    g_test_add_func("/system/resolver/reloads-for-changes-only", test_reloads_for_changes_only);
    g_test_add_func("/system/resolver/revert", test_revert);
    g_test_add_func("/system/resolver/gathers", test_gathers);
    g_test_add_func("/system/resolver/reloads-are-kept-for-who-waits",
                    test_reloads_are_kept_for_who_waits);
    g_test_add_func("/system/resolver/without-the-keys-before", test_without_the_keys_before);
    g_test_add_func("/system/resolver/anchors-that-leave", test_anchors_that_leave);
    g_test_add_func("/system/resolver/reload-that-fails", test_reload_that_fails);
    g_test_add_func("/system/resolver/waits-once", test_waits_once);
    g_test_add_func("/system/resolver/call-that-is-refused", test_call_that_is_refused);
    g_test_add_func("/system/resolver/another-resolved", test_another_resolved);
    g_test_add_func("/system/resolver/not-kept", test_not_kept);
    g_test_add_func("/system/resolver/taken-away", test_taken_away);
    g_test_add_func("/system/resolver/change-is-noticed", test_change_is_noticed);
    g_test_add_func("/system/resolver/link-is-lost", test_link_is_lost);
    g_test_add_func("/system/resolver/no-resolved", test_no_resolved);
    g_test_add_func("/system/resolver/old-resolved", test_old_resolved);
    g_test_add_func("/system/resolver/link-of-networkd", test_link_of_networkd);
    g_test_add_func("/system/resolver/reloads-are-rationed", test_reloads_are_rationed);
    return g_test_run();
}
