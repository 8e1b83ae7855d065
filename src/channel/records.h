/*
 * The private protocol between ginneld and one ginnel-tunnel: every record there is, on one page.
 * SOCK_SEQPACKET; a record is one GVariant "(qv)" (type, body) of at most RECORD_MAX_LENGTH octets,
 * in normal form, its body of the type listed here; descriptors travel beside it. There is no
 * handshake: after QUERY the tunnel reports everything and sends its open request again, so that a
 * new ginneld can take up an old conversation. Each side has at most one request open.
 *
 * What a tunnel sends is a stranger's word: ginneld checks it against the profile.
 */
#pragma once
#include <glib.h>

/* A CFG_REPLY alone may be nearly 64 KiB, and GVariant adds offsets to it. */
#define RECORD_MAX_LENGTH      (128 * 1024)
#define RECORD_MAX_DESCRIPTORS 3

typedef enum {
    RECORD_INVALID = 0,

    /* ginneld to tunnel */
    RECORD_START,   /* a{sv}: see START_*; descriptors: TUN queue, trust anchors in PEM (memfd),
                     * and where the EAP server has others those */
    RECORD_QUERY,   /* (): REPORT, and the open request again */
    RECORD_CLOSE,   /* (): tell the gateway, then end */
    RECORD_APPLIED, /* (bsu): answer to CONFIGURE: done, else why not; inner MTU */
    RECORD_SOCKET_REPLY,   /* (uisa{sv}): serial, errno or 0, text, SOCKET_*; descriptor: the socket
                            * when 0 */
    RECORD_RESOLVE_REPLY,  /* (uaaysb): serial, addresses of 4 or 16 octets, or why there are none;
                            * whether UDP is known to be blocked in this network */
    RECORD_SIGN_REPLY,     /* (uyays): serial, authentication method, data (empty: refused), text */
    RECORD_VERIFY_REPLY,   /* (ub): serial, whether the AUTH is the gateway's */
    RECORD_MSCHAP_REPLY,   /* (uayayays): serial, NT-Response, AuthenticatorResponse (20 octets),
                            * MasterKey (16), or empty and why */
    RECORD_MD5_REPLY,      /* (uays): serial, digest, or empty and why */
    RECORD_PASSWORD_REPLY, /* (uays): serial, password in UTF-8, or empty and why */
    RECORD_SIGN_TLS_REPLY, /* (uays): serial, signature, or empty and why */
    RECORD_PPK_REPLY,      /* (uayayays): serial, SK_d, SK_pi, SK_pr, or empty and why */
    RECORD_FETCH_REPLY, /* (uays): serial, what the server sent, head and all, or empty and why */
    RECORD_REPLACE,     /* (): reauthenticate now */
    RECORD_NETWORK,     /* (b): other addresses or routes here, or back from sleep; whether UDP is
                         * known to be blocked in this network */
    RECORD_MTU,         /* (u): inner MTU, as it is from now on */
    RECORD_REQUEST_SPLIT_DNS, /* (a(qay)): as START_REQUEST_SPLIT_DNS, for the engines to come */
    RECORD_PROXY_LOGIN_REPLY, /* (us): serial, empty where there is another login, or why not */

    /* tunnel to ginneld */
    RECORD_SOCKET = 32, /* (uyayq): serial, TRANSPORT_*, address octets, port */
    RECORD_RESOLVE,     /* (u): serial; the profile says which names */
    RECORD_SIGN,   /* (uayayqayaqay): serial, IKE_SA_INIT request, Nr, PRF, SK_pi, HASH_*, IntAuth
                    * (empty without IKE_INTERMEDIATE) */
    RECORD_VERIFY, /* (uayayqayayayay): serial, IKE_SA_INIT response, Ni, PRF, SK_pr, IDr body,
                    * AUTH, IntAuth */
    RECORD_EVENT,  /* (xsa{sv}): microseconds since the connect began, timeline event, details */
    RECORD_STATE,  /* (sss): TUNNEL_STATE_*, reason (bus API), detail for people */
    RECORD_CONFIGURE, /* a{sv}: see CONFIGURE_*; answered by APPLIED */
    RECORD_REPORT,    /* a{sv}: see REPORT_*; answer to QUERY */
    RECORD_MSCHAP,    /* (uayayay): serial, authenticator challenge and peer challenge (16 each),
                       * user name as the method has it */
    RECORD_MD5,       /* (uyay): serial, EAP identifier, challenge */
    RECORD_PASSWORD,  /* (uss): serial, what for: gtc, pap; what a GTC server shows, or empty */
    RECORD_SIGN_TLS,  /* (uqay): serial, TLS SignatureScheme, octets to be signed: only those of a
                       * TLS client's CertificateVerify */
    RECORD_PPK,       /* (uqayayay): serial, PRF, SK_d, SK_pi, SK_pr (RFC 8784, section 3) */
    RECORD_REDIRECT,  /* (uays): serial, address of 4 or 16 octets, else name; answered by
                       * RESOLVE_REPLY (RFC 5685) */
    RECORD_MOVED,     /* ((yayq)bs): as CONFIGURE_TRANSPORT and _NAT, why */
    RECORD_LOOKING, /* (x): microseconds until UDP is looked for while on a stream; -1: it is not */
    RECORD_LEARNT,  /* (bu): of this network: UDP is blocked, else works, and the largest packet
                     * that gets through (0: not known) */
    RECORD_FETCH,   /* (usqsay): serial, host, port, path, body of a POST (empty: GET) */
    RECORD_PROXY_LOGIN, /* (us): serial, what the proxy says; the last login was none, or wrong */

    /* ginneld to ginnel-token, one to a process, and its answer */
    RECORD_TOKEN_READ = 64,   /* (s): pkcs11: URI of a certificate */
    RECORD_TOKEN_SIGN,        /* (saybyay(uayayqayaqay)): pkcs11: URI of a key, PIN (empty: none),
                               * whether RSA is without PSS, our identity's type and octets, body of
                               * SIGN */
    RECORD_TOKEN_SIGN_TLS,    /* (say(uqay)): pkcs11: URI of a key, PIN, body of SIGN_TLS */
    RECORD_TOKEN_CERTIFICATE, /* (yays): RECORD_TOKEN_*, PEM of it and of those above it in
                               * the token, or empty and why */
    RECORD_TOKEN_SIGNED, /* (yyayss): RECORD_TOKEN_*, authentication method (0 of SIGN_TLS), data,
                          * or empty and why; the token's name, for people */

    /* ginneld to ginnel-stub, one to a process, and its answer */
    RECORD_STUB_START = 72, /* (sa(sqsa(qay))asasasb): connection, for the log; servers: address,
                             * port, name ("": not by TLS), digests of its key by RFC 7427's hash
                             * numbers; anchors as lines of a zone file; names that are not
                             * validated; addresses to ask from; whether it validates; descriptors:
                             * UDP and TCP socket */
    RECORD_STUB_READY,      /* (bs): whether it answers, else why not */

    /* ginneld to ginnel-resolvconf, one to a process, and its answer */
    RECORD_RESOLVCONF = 80, /* (sasas): interface, servers (none: taken away), domains to search */
    RECORD_RESOLVCONF_DONE, /* (bs): whether it was done, else why not */

    RECORD_LIMIT,
} RecordType;

/* How a token's answer went. */
enum {
    RECORD_TOKEN_OK = 0,
    RECORD_TOKEN_FAILED,
    RECORD_TOKEN_PIN_NEEDED,
    RECORD_TOKEN_PIN_WRONG,
    RECORD_TOKEN_PIN_LOCKED,
    RECORD_TOKEN_PIN_LAST, /* another wrong one would lock it: none is tried */
    RECORD_TOKEN_ABSENT,   /* no such token, or no such object */
    RECORD_TOKEN_SEVERAL,
};

/* The body's GVariant type, or NULL for a number that is no record. */
const char *record_body_type(RecordType type);
const char *record_to_string(RecordType type);

/* Keys of START. */
#define START_CONNECTION  "connection"  /* s: for the log */
#define START_USER        "user"        /* s: the local identity, for people */
#define START_LOCAL_ID    "local-id"    /* (yay): ID type, octets */
#define START_REMOTE_ID   "remote-id"   /* (yay) */
#define START_LOCAL_AUTH  "local-auth"  /* s: psk, certificate, eap */
#define START_REMOTE_AUTH "remote-auth" /* s; eap: EAP-only */
#define START_CHAIN       "chain"       /* ay: our certificates, PEM */
#define START_SECOND_ID   "second-id"   /* (yay): EAP once more, as this (RFC 4739) */
#define START_EAP_METHODS "eap-methods" /* as: tls, peap, ttls, mschapv2, gtc, md5 */
#define START_EAP_INNER                                                                            \
    "eap-inner" /* s: inside ttls and peap: mschapv2, eap-mschapv2, gtc,                           \
                 * pap */
#define START_EAP_IDENTITY      "eap-identity"    /* s: what is said in clear */
#define START_EAP_USER          "eap-user"        /* s: who it is */
#define START_EAP_SERVER_NAME   "eap-server-name" /* s: that the EAP server's certificate carries */
#define START_IKE_PROPOSALS     "ike-proposals"   /* s: words; empty: built in */
#define START_ESP_PROPOSALS     "esp-proposals"   /* s */
#define START_LEGACY            "legacy"          /* b: also what old gateways need */
#define START_INCLUDE           "include"         /* a(ayy): networks to ask for */
#define START_REQUEST_SPLIT_DNS "request-split-dns" /* a(qay): attributes 25 and 26 in order */
#define START_REQUEST_ENCRYPTED "request-encrypted" /* b: encrypted resolvers (RFC 9464) */
#define START_REDIRECT          "redirect"          /* b: follow REDIRECT */
#define START_CHILDLESS         "childless" /* b: the first Child SA apart where that can be */
#define START_INITIAL_CONTACT   "initial-contact" /* b */
#define START_LIFETIMES                                                                            \
    "lifetimes"                       /* (xxxt): IKE SA, Child SA, sign-in in microseconds;        \
                                       * octets of a Child SA; 0: as built in */
#define START_TRANSPORTS "transports" /* a(yq): TRANSPORT_*, port, in order */
#define START_TIMES                                                                                \
    "times" /* (xxxxx): microseconds, 0 for the default: fallback after, retransmission after,     \
             * delay of further addresses, grace for UDP, look for UDP */
#define START_REVOCATION   "revocation"   /* s: off, soft, strict */
#define START_DEBUG_KEYS   "debug-keys"   /* b: report REPORT_KEYS */
#define START_CHECK        "check"        /* b: IKE_SA_INIT only, by every way; no device */
#define START_MISBEHAVE    "misbehave"    /* s: tests only, see src/tunnel/sandbox-probe.h */
#define START_TUN_OFFLOADS "tun-offloads" /* u: TUN_OFFLOAD_* */
#define START_PINNED_MTU   "pinned-mtu"   /* u: there was a session on this TUN: inner MTU */
#define START_PPK_ID       "ppk-id"       /* ay: PPK_ID type and octets; absent: no PPK */
#define START_PPK_REQUIRED "ppk-required" /* b */
#define START_ADDRESSES    "addresses"    /* aay: inside addresses of before, asked for again */
#define START_DELAY        "delay"        /* x: microseconds to wait before the first try */

/* Keys of SOCKET_REPLY. */
#define SOCKET_ON_LINK     "on-link"     /* b: of UDP: no router stands between; absent: one may */
#define SOCKET_SERVER_NAME "server-name" /* s: that a TLS server's certificate has to carry */

#define SOCKET_PROXY          "proxy"      /* s: http or socks5; absent: the socket leads there */
#define SOCKET_PROXY_HOST     "proxy-host" /* s: whom it is to connect us to */
#define SOCKET_PROXY_USER     "proxy-user" /* s; absent: nobody */
#define SOCKET_PROXY_PASSWORD "proxy-password" /* ay */

/* Keys of CONFIGURE. */
#define CONFIGURE_ADDRESSES  "addresses"  /* a(ayy): inside addresses, prefix length */
#define CONFIGURE_DNS        "dns"        /* aay */
#define CONFIGURE_SUBNETS    "subnets"    /* a(ayy) */
#define CONFIGURE_SPLIT_DNS  "split-dns"  /* a(qay): attributes 25 to 29 in order */
#define CONFIGURE_REMOTE_TS  "remote-ts"  /* a(yqqayay): protocol, ports, first, last */
#define CONFIGURE_LOCAL_TS   "local-ts"   /* a(yqqayay) */
#define CONFIGURE_IKE        "ike"        /* s */
#define CONFIGURE_ESP        "esp"        /* s */
#define CONFIGURE_GATEWAY_ID "gateway-id" /* s */
#define CONFIGURE_NOT_AFTER  "not-after"  /* x */
#define CONFIGURE_TRANSPORT  "transport"  /* (yayq): TRANSPORT_*, gateway address, port */
#define CONFIGURE_NAT        "nat"        /* b */

/* Keys of REPORT. */
#define REPORT_STATE      "state"      /* (sss), as STATE */
#define REPORT_CONFIGURE  "configure"  /* a{sv}, as CONFIGURE; absent before there is one */
#define REPORT_STATISTICS "statistics" /* a{st} */
#define REPORT_KEYS       "keys"       /* as: lines for a decoder; only with START_DEBUG_KEYS */

#define TUNNEL_STATE_CONNECTING    "connecting"
#define TUNNEL_STATE_CONNECTED     "connected"
#define TUNNEL_STATE_RECONNECTING  "reconnecting"
#define TUNNEL_STATE_DISCONNECTING "disconnecting"
#define TUNNEL_STATE_FAILED        "failed"

enum {
    RECORD_TRANSPORT_UDP = 0,
    RECORD_TRANSPORT_TCP = 1,
    RECORD_TRANSPORT_TLS = 2,
};
