/*
 * A TLS server over memory, for tests of our clients: octets in, octets out.
 */
#pragma once
#include "test-pki.h"

#define TEST_TLS_12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TEST_TLS_13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

typedef struct _TestTlsServer TestTlsServer;

/* priority: the library's words, TEST_TLS_12 and such; client_issuer: whose certificates a client
 * must show, NULL: it is not asked. */
TestTlsServer *test_tls_server_new(const TestIdentity *identity, const char *priority,
                                   const TestIdentity *client_issuer);
void test_tls_server_free(TestTlsServer *server);
/* What the client sent, and what the server has to say to it (maybe nothing). */
GBytes *test_tls_server_feed(TestTlsServer *server, GBytes *octets);
bool test_tls_server_open(const TestTlsServer *server);
/* What the handshake or a read ended with; 0 while all is well. */
int test_tls_server_error(const TestTlsServer *server);
/* All plaintext since the last call; NULL where there is none. */
GBytes *test_tls_server_take_data(TestTlsServer *server);
/* Before the first octet: tickets, which any other server of this process takes. */
void test_tls_server_give_tickets(TestTlsServer *server);
bool test_tls_server_resumed(const TestTlsServer *server);
/* New keys, and a demand for the client's (RFC 8446, section 4.6.3). */
GBytes *test_tls_server_update_keys(TestTlsServer *server);
/* Says goodbye. */
GBytes *test_tls_server_close(TestTlsServer *server);
/* As records. */
GBytes *test_tls_server_write(TestTlsServer *server, const void *data, size_t length);
Secret *test_tls_server_export(TestTlsServer *server, const char *label, const void *context,
                               size_t context_length, size_t length);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestTlsServer, test_tls_server_free)
