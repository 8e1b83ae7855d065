/*
 * Two ends, a virtual link and a virtual clock: the engine as the program runs it, and the test
 * responder as its gateway. Everything repeats from the seed.
 */
#pragma once
#include "esp-model.h"
#include "ike-responder.h"
#include "virtual-link.h"

#define SIM_PSK "the same on both sides"

typedef struct {
    Rng rng;
    GRand *rand;
} SimRng;

typedef struct {
    SimRng client_rng, gateway_rng;
    IkeConfig *config;
    GPtrArray *request_split_dns; /* IkeConfigAttribute */
    ResponderConfig gateway_config;
    IkeResponder *gateway;
    IkeEngine *engine;
    VirtualLink link;
    IkePath path;    /* the client's; the gateway sees it mirrored */
    IkePath other;   /* another one, with another id and local port; id 0: there is none */
    bool lost[2];    /* all that goes or comes by path, and by other, is lost */
    Secret *psk;     /* the client's */
    Secret *ppk;     /* the client's; NULL: none can be mixed in */
    PrivateKey *key; /* the client's, with certificates */
    bool withhold;   /* credentials are asked for in vain */
    bool withhold_verify, withhold_revocation;
    bool refuse_verify; /* says no to PSK_VERIFY */
    /* To REVOCATION: what the caller says; NULL: good. */
    bool (*judge_revocation)(const IkeCredentialRequest *request, IkeCredential *credential);
    Secret *eap_msk; /* what the EAP method comes to; NULL: it makes no keys */
    bool eap_mutual;
    bool eap_wrong; /* gives wrong answers */
    bool withhold_eap;
    bool eap_refuse; /* gives none, and says why */
    /* What came out of the engine. */
    IkeState state;
    bool closed;
    IkeCloseReason reason;
    char *detail;
    IkeConfiguration *configuration; /* of CONFIGURE */
    GPtrArray *installed;            /* IkeChild, those removed taken out again */
    unsigned n_installed, n_retired, n_removed, n_configured, n_credentials;
    uint32_t expected; /* the last inbound SPI that was offered */
    IkeTicket *ticket;
    char *redirected; /* address or name of the last REDIRECT */
    bool redirected_up;
    unsigned n_replace, n_redirect, n_eap, n_eap_second;
    unsigned n_sent[2], n_repeated; /* by LinkDirection; requests of ours sent again */
    unsigned verdicts[4];
    EspModel *esp; /* NULL: nobody looks at the Child SAs */
    Instant replace_deadline;
    /* Of the last PATH_ANSWERED, and of PROBED. */
    unsigned n_answered, n_probed;
    uint32_t answered_path;
    bool answered_told, probed_whole;
    size_t probed_packet;
    unsigned n_suspect; /* REPLACE because the gateway is silent */
    bool replace; /* REPLACE is obeyed: another engine, and the old one closes when that is up */
    IkeEngine *old_engine;
    Duration gateway_interval; /* the gateway repeats what is not answered; 0: never */
    Instant gateway_repeats_at;
    IkeCredentialRequest *pending; /* with withhold: the last one, owned by the engine's output */
    GPtrArray *gateway_children;   /* IkeChild */
} Sim;

/* PSK on both sides, X25519 and AES-GCM, one address of each family, two domains. Change config and
 * gateway_config before sim_start. */
void sim_init(Sim *sim, guint32 seed);
void sim_clear(Sim *sim);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sim, sim_clear)
/* One attribute more in CFG_REQUEST, after an empty domain and an empty anchor. */
void sim_ask(Sim *sim, uint16_t type, const void *value, size_t length);
/* Of sim->config; the caller initiates it. */
IkeEngine *sim_engine_new(Sim *sim);
/* IKE_SA_INIT goes out; ike_engine_authenticate is called already. */
void sim_start(Sim *sim);
/* Drains outputs of both ends onto the link. To be called after touching an end directly. */
void sim_drain(Sim *sim);
/* One event: the next datagram or deadline. False: nothing will ever happen again. */
bool sim_step(Sim *sim);
/* Until the virtual clock shows now + duration, or nothing happens any more. */
void sim_run(Sim *sim, Duration duration);
/* Until the next datagram of ours is out. */
void sim_until_sent(Sim *sim);
/* Until the engine is up or closed; false after a virtual 5 minutes. */
bool sim_connect(Sim *sim);
/* The same from the start, with a gateway that has faults (NULL: none). */
void sim_connect_with(Sim *sim, const ResponderFaults *faults);
/* Up, with one Child SA that both ends hold. */
void sim_assert_up(Sim *sim);
/* Closed for reason, with words in what people are told, and nothing left on either side. */
void sim_assert_closed(Sim *sim, IkeCloseReason reason, const char *words);
/* As after a crash of ours: the engine is gone without a word, and what came out of it. */
void sim_forget_engine(Sim *sim);
/* Gives the engine one datagram as if it had come from the gateway, now. */
IkeVerdict sim_inject(Sim *sim, const uint8_t *datagram, size_t length);
/* The two ends hold the same Child SA keys, crosswise, for the newest one. */
void sim_assert_keys_agree(Sim *sim);
/* The Child SA that stayed has the same SPIs and keys at both ends. */
void sim_assert_same_child(Sim *sim);
