/* What session.c and attempt.c share. */
#pragma once
#include "tunnel/eap.h"
#include "tunnel/path.h"
#include "tunnel/report.h"
#include "tunnel/requests.h"
#include "tunnel/revocation.h"
#include "tunnel/session.h"
#include "tunnel/start.h"

#include "plan/flow-watch.h"
#include "plan/mobility.h"
#include "plan/path-mtu.h"
#include "plan/reconnect.h"
#include "plan/stream-watch.h"

/* Of the engine that is in use: see replace.c. */
typedef struct {
    Instant at;         /* of the next try; INSTANT_NEVER: not wanted, or under way */
    bool suspect;       /* only if the one in use stays silent */
    unsigned failures;  /* tries */
    Attempt *successor; /* under way; NULL: none */
    bool racing;        /* the plan's attempts are to replace it */
    bool better;        /* and it works as well: see replace_declines */
} Replace;

/* One way that is tried, and in the end the one that is used: an engine on a transport. */
struct Attempt {
    Session *session;
    unsigned number;
    TunnelPath *path; /* in use */
    GPtrArray *paths; /* TunnelPath: on trial, or not in use any more; see move.c */
    TunnelPath *next; /* will be, when its socket is there; NULL: none */
    uint32_t last_path;
    IkeEngine *engine;
    Instant started_at;
    bool authenticating;          /* IKE_AUTH may have been sent */
    bool heard;                   /* an authentic answer to IKE_AUTH came */
    bool abandoned;               /* lost the race: drains, then goes */
    bool over;                    /* to be freed */
    bool racing;                  /* started by the plan: what becomes of it is told there */
    bool spoke;                   /* a message came by the stream as it is now */
    unsigned reopened;            /* times that it was opened anew within the handshake */
    bool look;                    /* only to see whether UDP gets through */
    unsigned hints;               /* that its datagrams do not get through */
    bool successor;               /* made beside one that works */
    Attempt *takes_over;          /* that one, until the first Child SA is there */
    bool replaced;                /* another carries the data */
    Instant close_at;             /* of a replaced one: its DELETE */
    Instant over_at;              /* and its end */
    GPtrArray *request_split_dns; /* what its engine asked, IkeConfigAttribute */
    GArray *removed;              /* uint32_t: inbound SPIs that a replaced one has left behind */
    TunnelEap *eap;               /* NULL: the gateway has not asked for it */
    RevocationCheck *revocation;  /* of the gateway's certificate; NULL: not asked about */
};

/* Of the path in use: see move.c. */
typedef struct {
    MobilityPlan *plan; /* NULL before the tunnel is up */
    bool mobike, nat;
    bool udp_tried; /* in the race that led to it */
    Instant began;
    Attempt *look; /* under way; NULL: none */
    PathMtuSearch mtu;
    FlowWatch flow;
    StreamWatch stream;
    bool stalled;      /* the gateway is asked because of it */
    bool offline;      /* said so, and pinned */
    Instant look_told; /* when ginneld knows that UDP is looked for next; INSTANT_NEVER: never */
} Move;

struct _Session {
    Channel *channel;
    Requests *requests;
    TunnelStart *start;
    Datapath *datapath;
    void (*quit)(gpointer user_data);
    gpointer user_data;
    GSource *timer;
    bool pumping;
    FallbackPlan *plan;
    GPtrArray *attempts; /* Attempt */
    Attempt *active;     /* authenticated; what the data path uses */
    Replace replace;
    Move move;
    ReconnectState reconnect;
    Secret *tls_session;                    /* of the last stream inside TLS, for the next; NULL */
    char *tls_server;                       /* whose that is */
    unsigned check_next;                    /* START_CHECK: the next to be tried */
    char *proxy_challenge;                  /* what the proxy wants to be told; NULL: not known */
    IkeTicket *ticket;                      /* of the last gateway, for the next connect */
    InetAddress redirect_from, redirect_to; /* REDIRECT that is to be followed */
    char *redirect_name;                    /* where it names no address */
    InetAddress redirected_from;            /* who sent us to where we try now; INET_NONE */
    Duration time_left;                     /* until give_up_at, while somebody is asked */
    Instant connect_began, retry_at, give_up_at, keepalive_at, quit_at, usage_at;
    uint64_t octets_seen; /* by all Child SAs, when it was last looked at */
    uint64_t authentic_seen, packets_out_seen;
    uint32_t rekeys;
    uint64_t keepalives;
    RevocationCache *known_good; /* certificates that are not revoked */
    bool closing;
    bool state_lost;     /* the gateway may have an SA of ours that we know nothing of */
    bool applied;        /* ginneld has set up what CONFIGURE said */
    GVariant *configure; /* last CONFIGURE body */
    char *state, *reason, *detail;
    GString *obituary; /* how each attempt ended, for the error */
};

Instant session_now(void);
void session_event(Session *session, const char *event, GVariant *details);
void session_set_state(Session *session, const char *state, const char *reason, const char *detail);
/* Drains engines and plan until nothing is left, then sets the clock. */
void session_pump(Session *session);
/* A first authentic answer to IKE_AUTH, or an answer of a person: from here on somebody else may
 * have to do something. */
void session_grant_time(Session *session);
void session_keep_ticket(Session *session, IkeTicket *ticket); /* taken */
void session_forget_attempts(Session *session);
/* Another path is in use. */
void session_keepalives_changed(Session *session);
/* What leaves by the path in use is as good as a keepalive. */
void session_message_left(Session *session, const TunnelPath *path);
/* Answer to RESOLVE and REDIRECT: the race begins. */
void session_resolved(GVariant *reply, int fd, gpointer session);
/* The connection, or the try, is over. */
void session_lost(Session *session, const char *reason, const char *detail, ReconnectCause cause);

/* ---- replace.c ---- */
void replace_reset(Session *session);
/* REPLACE of the engine in use. */
void replace_asked(Session *session, const IkeOutput *output);
/* suspect: as in IkeOutput. */
void replace_wanted(Session *session, bool suspect, const char *why);
void replace_timeout(Session *session, Instant now);
/* By whatever gets through, as at a first connect; udp_only: by UDP. */
void replace_race(Session *session, bool udp_only, const char *why);
/* The one in use is there after all. */
void replace_not_suspect(Session *session);
void replace_failed(Session *session, const char *why);
void replace_answered(Session *session, Attempt *attempt);
/* attempt is authenticated, and is given up because of what the gateway has for it. */
bool replace_declines(Attempt *attempt, const IkeConfiguration *configuration);
void replace_take_over(Session *session, Attempt *attempt);
void replace_done(Attempt *attempt);
void replace_close(Attempt *old);
void replace_close_all(Session *session);
void replace_linger(Attempt *attempt);
void replace_forget(Attempt *attempt);

/* ---- move.c ---- */
void move_reset(Session *session);
/* The tunnel is up by session->active. */
void move_begin(Session *session);
/* Drains the plan: whether there was anything. */
bool move_pump(Session *session);
void move_timeout(Session *session, Instant now);
Instant move_next_deadline(const Session *session);
/* ginneld is told when the next look for UDP is due, where that is news; again: in any case. */
void move_tell_look(Session *session, bool again);
void move_network_changed(Session *session, bool udp_blocked);
void move_unanswered(Session *session);
void move_answered(Session *session, const IkeOutput *output);
void move_alive(Session *session);
void move_sent(Session *session);
/* So did something of ours, by path. */
void move_message_left(Session *session, const TunnelPath *path);
/* ginneld has set up the tunnel. */
void move_came_up(Session *session);
void move_probed(Session *session, bool got_through);
void move_looked(Attempt *attempt, bool found);
/* path_mtu: 0 where it is not known. */
void move_learn(Session *session, bool udp_blocked, size_t path_mtu);
bool move_transport_failed(Attempt *attempt, const Transport *transport, int error);
/* Without a network nothing is to be concluded from silence. */
bool move_is_offline(const Session *session);
TunnelPath *move_find_path(const Attempt *attempt, uint32_t id);
TunnelPath *move_find_transport(const Attempt *attempt, const Transport *transport);
/* path (taken) is used in place of the one in use, by which something may still come. */
void move_put_aside(Attempt *attempt, TunnelPath *path);
/* What a full-size packet is on the path's link. */
size_t move_link_mtu(const TunnelPath *path);

/* ---- check.c ---- */
/* The addresses are known. */
void check_begin(Session *session);
/* It is known how this one goes, and was told. */
void check_ended(Attempt *attempt);

/* ---- redirect.c ---- */
void session_note_redirect(Session *session, const Attempt *attempt, const IkeRedirect *redirect);
/* The old engine is closed: ginneld is asked for the other gateway. */
void session_follow_redirect(Session *session);

/* ---- attempt-ask.c ---- */
void attempt_ask(Attempt *attempt, const IkeCredentialRequest *wanted);

/* ---- attempt.c ---- */
/* An event of the timeline; key NULL: without details. */
void attempt_tell(Attempt *attempt, const char *event, const char *key, GVariant *value);
void attempt_start(Session *session, const FallbackAction *action);
/* The same way as model's, beside it. */
Attempt *attempt_start_successor(Session *session, const Attempt *model);
void attempt_free(gpointer attempt);
void attempt_authenticate(Attempt *attempt);
/* A person is asked for it: no time of ours runs meanwhile. */
void attempt_asks(Attempt *attempt, bool begins);
/* Not needed any more: nothing, or a DELETE after its IKE_AUTH is answered. */
void attempt_abandon(Attempt *attempt);
void attempt_drain(Attempt *attempt);
/* Nothing to an attempt that does not use the transport. */
void attempt_received(Attempt *attempt, const Transport *transport, const uint8_t *message,
                      size_t length);
/* IKE_SA_INIT and no more. */
Attempt *attempt_start_look(Session *session, const FallbackTransport *way,
                            const InetAddress *address);
/* error: an errno. */
void attempt_transport_failed(Attempt *attempt, const Transport *transport, int error);
bool attempt_uses(const Attempt *attempt, const Transport *transport);
