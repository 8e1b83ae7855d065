/* What a tunnel process that was taken over may not have fetched, and by whom nothing is fetched.
 */
#include "daemon/connection-private.h"

#include "profile/profile-file.h"
#include "system/http-fetch.h"

#include <string.h>
#include <sys/socket.h>

#define PROFILE(gateway)                                                                           \
    "[gateway]\naddress = gw.example\n" gateway "[user]\nid = tess@example.com\n"

#define WITH_CERTIFICATE                                                                           \
    PROFILE("auth = certificate\n") "auth = certificate\ncertificate = /c\nkey = /k\n"
#define WITHOUT_ASKING                                                                             \
    PROFILE("revocation = off\n") "auth = certificate\ncertificate = /c\nkey = /k\n"
#define WITH_PSK PROFILE("auth = psk\n") "auth = psk\nsecret-file = /s\n"

typedef struct {
    Connection connection;
    Machine machine;
    Channel *tunnel;
    guint serial, answered;
    char *why;
} Bed;

static void
from_tunnel(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds,
            gpointer data)
{
    g_assert_not_reached();
}

static void
to_tunnel(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    Bed *bed = data;
    g_autoptr(GVariant) octets = NULL;
    g_assert_cmpint(type, ==, RECORD_FETCH_REPLY);
    g_free(bed->why);
    g_variant_get(body, "(u@ays)", &bed->answered, &octets, &bed->why);
    g_assert_cmpuint(g_variant_get_size(octets), ==, 0);
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    g_error("%s", error->message);
}

static void
bed_up(Bed *bed, gconstpointer profile)
{
    static const ChannelHandler daemon = { from_tunnel, closed };
    static const ChannelHandler tunnel = { to_tunnel, closed };
    g_autoptr(GError) error = NULL;
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
    bed->machine.netlink = netlink_new(&error);
    bed->machine.locked = g_ptr_array_new();
    g_assert_no_error(error);
    bed->connection.machine = &bed->machine;
    bed->connection.profile = profile_parse("work", NULL, profile, strlen(profile), &error);
    g_assert_no_error(error);
    bed->connection.cancellable = g_cancellable_new();
    bed->connection.channel = channel_new(pair[0], &daemon, bed);
    bed->tunnel = channel_new(pair[1], &tunnel, bed);
}

static void
bed_down(Bed *bed, gconstpointer profile)
{
    channel_free(bed->connection.channel);
    channel_free(bed->tunnel);
    netlink_free(bed->machine.netlink);
    g_ptr_array_unref(bed->machine.locked);
    profile_unref(bed->connection.profile);
    g_object_unref(bed->connection.cancellable);
    g_clear_pointer(&bed->connection.web_known, g_hash_table_unref);
    g_free(bed->why);
}

static void
refused(Bed *bed, const char *host, guint16 port, const char *target, size_t posted,
        const char *words)
{
    g_autofree char *octets = g_strnfill(posted, 'x');
    g_autoptr(GVariant) body =
        g_variant_ref_sink(g_variant_new("(usqs@ay)", ++bed->serial, host, port, target,
                                         channel_variant_from_octets((uint8_t *)octets, posted)));
    connection_handle_fetch(&bed->connection, body);
    while (bed->answered != bed->serial)
        g_main_context_iteration(NULL, TRUE);
    if (strstr(bed->why, words) == NULL)
        g_error("%s: \"%s\" does not say \"%s\"", host, bed->why, words);
}

static void
test_not_wanted(Bed *bed, gconstpointer profile)
{
    refused(bed, "192.0.2.1", 80, "/", 0, "the profile does not ask for that");
}

static void
test_unfit(Bed *bed, gconstpointer profile)
{
    const char *unfit = "no address of a web server";
    refused(bed, "192.0.2.1", 22, "/", 0, unfit);
    refused(bed, "192.0.2.1", 80, "/\r\nHost: x", 0, unfit);
    refused(bed, "192.0.2.1", 80, "/", HTTP_FETCH_MAX_BODY + 1, unfit);
}

static void
test_inward(Bed *bed, gconstpointer profile)
{
    static const char *const hosts[] = { "127.0.0.1",       "::1",     "0.0.0.0",
                                         "169.254.169.254", "fe80::1", "::ffff:127.0.0.1" };
    for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++)
        refused(bed, hosts[i], 80, "/", 0, "an address of this machine");
}

static void
test_too_often(Bed *bed, gconstpointer profile)
{
    for (int i = 0; i < 16; i++)
        refused(bed, "127.0.0.1", 80, "/", 0, "an address of this machine");
    refused(bed, "127.0.0.1", 80, "/", 0, "too often");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/daemon/fetching/off", Bed, WITHOUT_ASKING, bed_up, test_not_wanted, bed_down);
    g_test_add("/daemon/fetching/psk", Bed, WITH_PSK, bed_up, test_not_wanted, bed_down);
    g_test_add("/daemon/fetching/unfit", Bed, WITH_CERTIFICATE, bed_up, test_unfit, bed_down);
    g_test_add("/daemon/fetching/inward", Bed, WITH_CERTIFICATE, bed_up, test_inward, bed_down);
    g_test_add("/daemon/fetching/too-often", Bed, WITH_CERTIFICATE, bed_up, test_too_often,
               bed_down);
    return g_test_run();
}
