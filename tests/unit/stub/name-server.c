#include "name-server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
append_u16(GByteArray *out, guint16 value)
{
    guint8 octets[2] = { (guint8)(value >> 8), (guint8)value };
    g_byte_array_append(out, octets, 2);
}

static void
append_octets(GByteArray *out, const char *octets, guint n)
{
    g_byte_array_append(out, (const guint8 *)octets, n);
}

GByteArray *
query_new(guint16 id, const char *name, guint16 type, bool edns)
{
    GByteArray *out = g_byte_array_new();
    g_auto(GStrv) labels = g_strsplit(name, ".", -1);
    append_u16(out, id);
    append_octets(out, "\1\0\0\1\0\0\0\0\0", 9); /* RD, one question */
    append_octets(out, edns ? "\1" : "\0", 1);
    for (char **label = labels; *label != NULL && **label != '\0'; label++) {
        guint8 length = (guint8)strlen(*label);
        g_byte_array_append(out, &length, 1);
        append_octets(out, *label, length);
    }
    append_octets(out, "\0", 1);
    append_u16(out, type);
    append_u16(out, 1);
    if (edns)
        append_octets(out, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
    return out;
}

/* Where the question ends. */
static size_t
question_end(const guint8 *query)
{
    size_t at = 12;
    while (query[at] != 0)
        at += 1u + query[at];
    return at + 5;
}

static bool
asks_for(const guint8 *query, const char *label)
{
    return query[12] == strlen(label) && memcmp(query + 13, label, strlen(label)) == 0;
}

static GByteArray *
answer_new(const guint8 *query)
{
    GByteArray *out = g_byte_array_new();
    size_t end = question_end(query);
    bool none = asks_for(query, "none"), big = asks_for(query, "big");
    unsigned n = none ? 0 : big ? 60 : 1;
    g_byte_array_append(out, query, 2);
    append_u16(out, none ? 0x8583 : 0x8580);
    append_u16(out, 1);
    append_u16(out, (guint16)n);
    append_octets(out, "\0\0\0\0", 4);
    g_byte_array_append(out, query + 12, (guint)(end - 12));
    for (unsigned i = 0; i < n; i++) {
        append_octets(out, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\x0a\x63\0", 15);
        guint8 last = (guint8)(i + 1);
        g_byte_array_append(out, &last, 1);
    }
    return out;
}

static void
serve_udp(NameServer *server)
{
    guint8 query[1500];
    struct sockaddr_in client;
    socklen_t length = sizeof client;
    ssize_t got =
        recvfrom(server->udp, query, sizeof query, 0, (struct sockaddr *)&client, &length);
    if (got < 17)
        return;
    g_atomic_int_inc(&server->questions);
    if (asks_for(query, "silent"))
        return;
    g_autoptr(GByteArray) answer = answer_new(query);
    g_assert_cmpint(
        sendto(server->udp, answer->data, answer->len, 0, (struct sockaddr *)&client, length), ==,
        answer->len);
}

static gpointer
serve(gpointer data)
{
    NameServer *server = data;
    struct pollfd fds[] = { { server->stop[0], POLLIN, 0 }, { server->udp, POLLIN, 0 } };
    while (poll(fds, G_N_ELEMENTS(fds), -1) > 0 && fds[0].revents == 0)
        if ((fds[1].revents & POLLIN) != 0)
            serve_udp(server);
    return NULL;
}

void
name_server_start(NameServer *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof address;
    *server = (NameServer){ .udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
    g_assert_cmpint(bind(server->udp, (struct sockaddr *)&address, length), ==, 0);
    g_assert_cmpint(getsockname(server->udp, (struct sockaddr *)&address, &length), ==, 0);
    server->port = ntohs(address.sin_port);
    g_assert_cmpint(pipe(server->stop), ==, 0);
    server->thread = g_thread_new("name-server", serve, server);
}

void
name_server_stop(NameServer *server)
{
    g_assert_cmpint(write(server->stop[1], "", 1), ==, 1);
    g_thread_join(server->thread);
    close(server->udp);
    close(server->stop[0]);
    close(server->stop[1]);
}

char *
name_server_word(const NameServer *server)
{
    return g_strdup_printf("127.0.0.1@%u", server->port);
}
