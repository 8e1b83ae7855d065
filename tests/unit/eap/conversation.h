/*
 * One conversation of EAP with a method that carries TLS: our peer, and a server made of
 * tls-server.h and a script for what is said inside.
 */
#pragma once
#include "eap/eap-method.h"
#include "tls-server.h"

#define TEST_USER     "tess"
#define TEST_PASSWORD "correct horse"
#define TEST_NAME     "eap.example.com"

typedef struct _Conversation Conversation;

/* What the server says next: data is what came inside, NULL for none. Called whenever TLS has
 * nothing to say for itself; returns a request, made by the functions below. */
typedef GBytes *(*Script)(Conversation *talk, GBytes *data);

struct _Conversation {
    TestIdentity *authority, *other, *identity, *client;
    TrustStore *trust;
    EapConfig config;
    uint8_t type;
    const char *priority;
    bool tls13;
    bool ask_client;      /* for a certificate */
    size_t fragment;      /* octets of TLS in one request */
    const char *password; /* that our side has */
    bool no_signature;
    bool revoked; /* the server's certificate, when it is asked about */
    unsigned asked_revocation;
    Script script;
    unsigned step; /* for the script */

    EapPeer *peer;
    TestTlsServer *server;
    uint8_t identifier;
    GByteArray *in;
    GBytes *out;
    size_t out_offset;
    unsigned asked, fragments_sent, fragments_received;
    EapActionKind end;
    char *detail;
    Secret *msk;
    bool mutual;
};

/* A server with a certificate for TEST_NAME, a user with one of the same authority. */
void conversation_set_up(Conversation *talk, gconstpointer tls13);
void conversation_tear_down(Conversation *talk, gconstpointer unused);
/* From Start to an end. */
void conversation_run(Conversation *talk);

GBytes *conversation_request(Conversation *talk, const void *data, size_t length);
GBytes *conversation_say(Conversation *talk, const void *data, size_t length);
GBytes *conversation_end(Conversation *talk, uint8_t code);
