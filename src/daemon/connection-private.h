/* What the files of a connection share. */
#pragma once
#include "daemon/agent.h"
#include "daemon/connection.h"
#include "daemon/eap-signer.h"
#include "daemon/signing.h"
#include "daemon/store.h"

#include "bus/names.h"
#include "channel/channel.h"
#include "plan/network-plan.h"
#include "plan/redirect.h"
#include "profile/profile-credentials.h"
#include "system/tun-device.h"

#define TIMELINE_MAX 128
/* What a taken-over tunnel process can make us keep and do. */
#define EVENT_MAX_LENGTH   4096 /* octets of one timeline event */
#define DETAIL_MAX_LENGTH  2048 /* octets of a sentence */
#define RECORDS_PER_SECOND 500  /* an honest one sends a few dozen for a connect */
/* Gateways forget a session that is half open after 30 s. Who took longer to type has the connect
 * begun anew, with the answer at hand. */
#define TYPING_PATIENCE_US (20 * G_USEC_PER_SEC)

typedef struct _EapState EapState;

typedef struct _TokenUse TokenUse;

typedef struct _PskUse PskUse;

typedef struct _StubUse StubUse;
/* It answers, or connection->stub_failed says why not. */
typedef void (*StubReady)(Connection *connection);
/* why: NULL where it was done. */
typedef void (*ResolvconfDone)(Connection *connection, const char *why);

typedef struct _ProxyUse ProxyUse;

typedef struct _Resolving Resolving;

struct _Connection {
    Machine *machine;
    uint32_t id;
    Profile *profile;
    char *owner;
    uid_t user; /* who activated it; 0 where nobody did */
    bool caller_configures;
    ProfileFiles *files; /* NULL: none */
    ConnectionEnded ended;
    gpointer user_data;

    ProfileCredentials *credentials;
    Signer *signer;
    TokenUse *token;                  /* NULL: the key is in none, or was not used */
    PskUse *psk;                      /* NULL: it is in a file, or there is none */
    ProxyUse *proxy;                  /* NULL: it was not looked for */
    EapState *eap;                    /* NULL: the profile has no EAP */
    StubUse *stub;                    /* NULL: names do not go by one */
    char *stub_failed, *names_failed; /* why names do not resolve inside; NULL: not for that */
    bool uses_resolvconf;
    gpointer resolvconf_call; /* NULL: none is open */
    TunDevice tun;
    Channel *channel; /* NULL while there is no tunnel process */
    GinTunnel *tunnel;
    GCancellable *cancellable;

    GArray *ports;             /* uint16_t: of the profile's transports */
    GArray *gateways;          /* InetAddress: where packets may go; the last good ones are kept */
    bool stand_in;             /* they are the proxy's: nobody here knows the gateway's */
    Resolving *resolving_held; /* until it is known whether there is a proxy; NULL: none */
    GHashTable *gateway_names; /* address (char *) to the name (char *) that it was found by */
    NetworkPlan *network;
    SplitDnsPlan *dns;
    bool applying;
    bool names_told;     /* the resolver may know something of the device */
    bool let_go;         /* see connection_lifted */
    bool plan_failed;    /* what the gateway gave is no use, rather than refused by this machine */
    bool answer_applied; /* the tunnel process waits for APPLIED */
    GVariant *configure; /* what is being applied, or was last */
    guint max_domains;   /* that the resolver takes; 0: not known */
    GVariant *configure_next; /* came while another was being applied */
    uint32_t mtu;             /* not 0: has been up */
    uint32_t path_mtu;        /* towards the gateway; 0: not known */
    int64_t connected_at;

    RedirectHistory redirects;
    uint32_t *fetching;    /* serial that something is fetched for; NULL: nothing is */
    GArray *web;           /* InetEndpoint: where it is fetched from */
    GHashTable *web_known; /* name (char *) to its last good addresses (GArray of InetAddress) */
    int64_t fetches_since; /* second in which fetches came */
    unsigned fetches;
    int64_t connect_began_us; /* monotonic; what events are counted from */
    uint32_t *resolving;      /* serial that the addresses are asked for by; NULL: not asked */
    int64_t records_since;    /* second in which records_seen came */
    unsigned records_seen;
    bool check;    /* only to see what gets through: no device, no secrets */
    bool made_pss; /* the last AUTH payload of ours */
    bool closing, over;
    bool tearing_down;
    char *failed_reason, *failed_detail; /* when torn down because it failed */
    guint close_timeout, restart_timeout;
    unsigned deaths; /* of tunnel processes, in a row */
    gint64 process_started_at;
    GPtrArray *events;       /* GVariant (xsa{sv}) */
    GQueue statistics_calls; /* GDBusMethodInvocation */
};

/* ---- connection.c ---- */
/* A tunnel process, once there is a certificate to begin with. */
bool connection_start_process(Connection *connection, GError **error);
/* checking.c: a tunnel process that only looks. */
bool connection_start_check(Connection *connection, GError **error);
void connection_send(Connection *connection, RecordType type, GVariant *body);
void connection_set_state(Connection *connection, const char *state, const char *reason,
                          const char *detail);
void connection_event(Connection *connection, GVariant *event);
void connection_save(Connection *connection);
/* Ends it for good. */
void connection_fail(Connection *connection, const char *reason, const char *detail);
/* Another tunnel process begins the connect anew. */
void connection_begin_again(Connection *connection);
/* Takes everything out of the system, then says ended. */
void connection_tear_down(Connection *connection);

/* ---- connection-ask.c ---- */
/* An event of ours, at its time since the connect began; details are taken when floating. */
void connection_event_now(Connection *connection, const char *event, GVariant *details);
/* Asks whoever activated the connection (agent.h); the timeline tells. The answer does not come
 * once the connection is torn down. */
void connection_ask(Connection *connection, AgentKind kind, const char *who, const char *prompt,
                    bool retry, AgentAnswered answered, gpointer user_data,
                    GDestroyNotify free_data);

/* ---- connection-eap.c ---- */
/* key: for TLS (taken), or NULL. */
void connection_eap_new(Connection *connection, PrivateKey *key);
void connection_eap_free(EapState *eap);
/* Another connect begins. */
void connection_eap_begin(Connection *connection);
void connection_eap_set_key(Connection *connection, PrivateKey *key /* taken */);
/* A SIGN_TLS request that was admitted, and whose key is here. */
void connection_eap_sign(Connection *connection, GVariant *request);
/* RECORD_MSCHAP, _MD5, _PASSWORD, _SIGN_TLS. */
void connection_handle_eap(Connection *connection, RecordType type, GVariant *request);
/* The gateway did not accept us. True where a person typed, and may type again. */
bool connection_eap_refused(Connection *connection);
void connection_eap_accepted(Connection *connection);
void connection_add_eap(Connection *connection, GVariantDict *dict);

/* ---- connection-requests.c: what the tunnel process may ask ---- */
void connection_handle_resolve(Connection *connection, GVariant *body);
/* It is known now whether there is a proxy. */
void connection_resolve_goes_on(Connection *connection);
void connection_resolving_free(Resolving *resolving);
/* addresses: InetAddress, of the gateway that name says. */
void connection_note_name(Connection *connection, const GArray *addresses, const char *name);
/* found: InetAddress; empty: the last good ones, or why. */
void connection_answer_resolve(Connection *connection, uint32_t serial, const GArray *found,
                               const char *why);
/* ---- connection-psk.c ---- */
bool connection_psk_is_missing(const Connection *connection);
/* request: SIGN or VERIFY, handled once the key is known. */
void connection_psk_ask(Connection *connection, RecordType type, GVariant *request);
/* The two ends have different ones. True where a person typed, and may type again. */
bool connection_psk_refused(Connection *connection);
void connection_psk_accepted(Connection *connection);
void connection_psk_free(PskUse *use);
/* ---- connection-proxy.c ---- */
/* Another connect begins: is there a proxy on the way, and where? */
void connection_proxy_begin(Connection *connection);
/* True where that is not known yet: request, a SOCKET, is handled when it is. */
bool connection_proxy_waits(Connection *connection, GVariant *request);
bool connection_proxy_is_looking(const Connection *connection);
/* Where a stream has to lead instead of to the gateway; NULL: there is none, or *why not. */
const InetEndpoint *connection_proxy_endpoint(Connection *connection, const char **why);
/* What the tunnel process says there; host: whom it is to be connected to. */
void connection_proxy_describe(Connection *connection, const char *host, GVariantDict *details);
/* InetEndpoint, or NULL. */
const GArray *connection_proxies(const Connection *connection);
void connection_handle_proxy_login(Connection *connection, GVariant *body);
void connection_proxy_free(ProxyUse *use);
/* ---- connection-token.c ---- */
/* Reads the user's certificate; then goes on with request (SIGN), or begins the connect where that
 * is NULL. */
void connection_token_read(Connection *connection, GVariant *request);
bool connection_key_is_in_token(const Connection *connection);
/* request: SIGN, of a connection whose key is in a token. */
void connection_token_sign(Connection *connection, GVariant *request);
/* request: SIGN_TLS that was admitted. */
void connection_token_sign_tls(Connection *connection, GVariant *request);
void connection_token_free(TokenUse *use);
/* ---- connection-resolvconf.c ---- */
/* False where that cannot serve, and done is not called. */
bool connection_resolvconf_set(Connection *connection, ResolvconfDone done);
/* The same: false where there is nothing to take away. */
bool connection_resolvconf_take_away(Connection *connection, ResolvconfDone done);
/* Whatever is open is not told of any more. */
void connection_resolvconf_forget(Connection *connection);
/* ---- connection-dns.c: what is told of names ---- */
/* Serves GetDns and TestName. */
void connection_dns_serve(Connection *connection);
/* Of a plan: ValidatedBy. */
const char *connection_validated_by(const SplitDnsPlan *plan);
/* DnsOffered, of a CONFIGURE. */
GVariant *connection_offered_variant(GVariant *configure);
/* ---- connection-stub.c ---- */
/* Of the plan in connection->dns: whether the names of this connection go by a stub. */
bool connection_wants_stub(const Connection *connection);
/* Has the plan's names go by one; ready is called once, maybe at once. */
void connection_stub_start(Connection *connection, StubReady ready);
/* Where it listens, to be asked at port 53; family 0: no rule is needed. */
InetEndpoint connection_stub_redirect(const Connection *connection);
/* Ends it where there is one, and the rule with it. */
void connection_stub_drop(Connection *connection);
void connection_stub_free(StubUse *use);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StubUse, connection_stub_free)
/* ---- connection-unlock.c ---- */
/* request: SIGN, or SIGN_TLS that was admitted; handled once the passphrase of the key is known.
 */
void connection_unlock(Connection *connection, RecordType type, GVariant *request);
/* ---- connection-redirect.c ---- */
void connection_handle_redirect(Connection *connection, GVariant *body);
/* Of START: START_TRANSPORTS; identities that nobody gets to see. */
void connection_add_transports(GVariantDict *dict, const Profile *profile);
void connection_add_nobody(GVariantDict *dict);
void connection_handle_socket(Connection *connection, GVariant *body);
void connection_handle_sign(Connection *connection, GVariant *body);
/* auth: of an AUTH payload that was made. */
void connection_signed(Connection *connection, uint8_t method, GVariant *auth);
/* The gateway did not accept us. True where it may take another form of signature, which is what
 * comes from now on. */
bool connection_sign_otherwise(Connection *connection);
void connection_handle_verify(Connection *connection, GVariant *body);
void connection_handle_ppk(Connection *connection, GVariant *body);
/* a(qay), as START_REQUEST_SPLIT_DNS: by the profile and the plan in connection->dns; floating. */
GVariant *connection_request_split_dns_variant(const Connection *connection);
/* Body of START. */
GVariant *connection_start_variant(Connection *connection, int64_t delay_us);

/* ---- fetching.c: what it asks of web servers ---- */
void connection_handle_fetch(Connection *connection, GVariant *body);

/* ---- connection-apply.c: what it reports ---- */
void connection_handle_configure(Connection *connection, GVariant *body, bool answer);
/* The stub began to answer, or has failed, when its connection was up already. */
void connection_stub_changed(Connection *connection);
/* way: (yayq), as CONFIGURE_TRANSPORT; why: for the history. */
void connection_tell_transport(GinTunnel *tunnel, GVariant *way, const char *why);

/* ---- connection-moves.c ---- */
void connection_handle_moved(Connection *connection, GVariant *body);
void connection_handle_looking(Connection *connection, GVariant *body);
void connection_handle_learnt(Connection *connection, GVariant *body);

/* ---- reasons.c ---- */
/* One of the names that the bus API documents. */
bool reason_is_known(const char *reason);
/* One or two sentences: what happened, what to do. */
char *reason_to_sentence(const Profile *profile, const char *reason, const char *detail);
