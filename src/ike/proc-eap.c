/*
 * IKE_AUTH with EAP (RFC 7296, section 2.16), EAP-only (RFC 5998) and a second round (RFC 4739).
 * The method is the caller's: it is handed each packet of the gateway and says what to answer.
 * Before the gateway has proved who it is, nothing is asked of the caller, but in EAP-only.
 */
#include "ike/proc.h"

#include "crypto/algorithms.h"
#include "ike/auth.h"

enum { EAP_SUCCESS = 3, EAP_FAILURE = 4 }; /* codes (RFC 3748, section 4) */

void
proc_eap_ask(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    IkeSetup *setup = &engine->setup;
    const PayloadEap *eap = &ike_message_find(message, IKE_PAYLOAD_EAP)->eap;
    if (engine->want_close) { /* nobody wants to sign in any more; the gateway has no SA yet */
        engine_closed(engine, engine->close_reason, "%s", engine->close_detail);
        return;
    }
    if (setup->eap_rounds++ >= IKE_MAX_EAP_ROUNDS) {
        engine_close_unauthenticated(engine, IKE_CLOSE_EAP_FAILED,
                                     "the gateway's EAP comes to no end");
        return;
    }
    sa->state = SA_CREATE_LOCAL_EAP_ASK;
    setup->eap_code = payload_eap_code(eap);
    IkeCredentialRequest *request = proc_auth_ask(engine, sa, IKE_CREDENTIAL_EAP);
    request->eap = g_bytes_ref(eap->packet);
    request->eap_second = setup->second_round;
}

/* <--  HDR, SK {IDr, [CERT, AUTH,] EAP} */
TransitionResult
proc_eap_begun(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    return proc_auth_answered(engine, sa, message, reply);
}

/* <--  HDR, SK {EAP} */
TransitionResult
proc_eap_asked(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    proc_eap_ask(engine, sa, message);
    return TRANSITION_STAY;
}

bool
proc_eap_another_follows(const IkeEngine *engine)
{
    return engine->config->second_auth == IKE_AUTH_EAP && !engine->setup.second_round;
}

/* AUTH with the MSK, or with SK_p where the method makes no keys (RFC 7296, section 2.16). id: the
 * latest of that side (RFC 4739, section 2.1). */
static Secret *
make_auth(const IkeEngine *engine, const IkeSa *sa, bool ours, const Secret *sk_p)
{
    const IkeSetup *setup = &engine->setup;
    const IkeConfig *config = engine->config;
    const IkeIdentity *local = setup->second_round ? &config->second_id : &config->local_id;
    const PayloadId own = { .type = local->type, .data = local->data };
    g_autoptr(GBytes) body = payload_id_body(ours ? &own : &setup->gateway);
    g_autoptr(Secret) maced_id = auth_maced_id(sa->suite.prf, sk_p, body);
    return auth_psk(sa->suite.prf, setup->msk != NULL ? setup->msk : sk_p,
                    ours ? setup->request : setup->response, ours ? setup->nonce_r : setup->nonce_i,
                    maced_id, setup->int_auth);
}

/* For NO_PPK_AUTH, where there is to be one. */
static GBytes *
make_plain_auth(const IkeEngine *engine, const IkeSa *sa)
{
    if (!proc_ppk_wants_plain_auth(engine))
        return NULL;
    g_autoptr(Secret) auth = make_auth(engine, sa, true, engine->setup.plain.pi);
    return g_bytes_new(secret_data(auth), secret_length(auth));
}

/* HDR, SK {AUTH, [N(PPK_IDENTITY),] [N(NO_PPK_AUTH),] [N(ANOTHER_AUTH_FOLLOWS)]}  --> */
void
proc_eap_send_auth(IkeEngine *engine, IkeSa *sa)
{
    g_autoptr(Secret) auth = make_auth(engine, sa, true, sa->keys.pi);
    g_autoptr(GBytes) data = g_bytes_new(secret_data(auth), secret_length(auth));
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_AUTH);
    ike_message_add_auth(message, IKE_AUTH_METHOD_PSK, data);
    g_autoptr(GBytes) plain = make_plain_auth(engine, sa);
    proc_ppk_add(engine, message, plain);
    if (proc_eap_another_follows(engine))
        ike_message_add_notify(message, IKE_NOTIFY_ANOTHER_AUTH_FOLLOWS, NULL, 0);
    engine_send_request(engine, sa, message, SA_CREATE_LOCAL_EAP_DONE);
}

/* The method has come to its end on both sides. */
static void
succeeded(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential)
{
    bool only = engine->config->remote_auth == IKE_AUTH_EAP && !engine->setup.second_round;
    if (engine->setup.eap_code != EAP_SUCCESS) {
        engine_close_unauthenticated(engine, IKE_CLOSE_EAP_FAILED,
                                     "the gateway sends EAP that makes no sense");
        return;
    }
    /* Mutual, with keys, and no use for guessing (RFC 5998, section 4). */
    if (only && (!credential->eap_mutual || credential->msk == NULL)) {
        engine_close_unauthenticated(
            engine, IKE_CLOSE_AUTH_REMOTE,
            "the EAP method does not prove who the gateway is, and nothing "
            "else does");
        return;
    }
    g_clear_pointer(&engine->setup.msk, secret_unref);
    if (credential->msk != NULL)
        engine->setup.msk =
            secret_new(secret_data(credential->msk), secret_length(credential->msk));
    proc_ppk_before_auth(engine, sa);
}

static void
failed(IkeEngine *engine, const IkeCredential *credential)
{
    const char *detail =
        credential->detail != NULL ? credential->detail : "the EAP method did not succeed";
    IkeCloseReason why =
        credential->why != IKE_CLOSE_REQUESTED ? credential->why : IKE_CLOSE_EAP_FAILED;
    /* After its Failure the gateway has nothing more of us. */
    if (engine->setup.eap_code == EAP_FAILURE)
        engine_closed(engine, why, "%s", detail);
    else
        engine_close_unauthenticated(engine, why, "%s", detail);
}

/* HDR, SK {EAP}  --> */
void
proc_eap_supplied(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential)
{
    if (!credential->ok) {
        failed(engine, credential);
        return;
    }
    if (credential->eap == NULL) {
        succeeded(engine, sa, credential);
        return;
    }
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_AUTH);
    ike_message_add_eap(message, credential->eap);
    engine_send_request(engine, sa, message, SA_CREATE_LOCAL_EAP);
}

void
proc_eap_next_round(IkeEngine *engine, IkeSa *sa)
{
    const IkeIdentity *id = &engine->config->second_id;
    if (engine->want_close) {
        engine_closed(engine, engine->close_reason, "%s", engine->close_detail);
        return;
    }
    engine->setup.second_round = true;
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_AUTH);
    ike_message_add_id(message, IKE_PAYLOAD_IDI, id->type, id->data);
    engine_send_request(engine, sa, message, SA_CREATE_LOCAL_EAP);
}

/* <--  HDR, SK {AUTH, [CP(CFG_REPLY), SAr2, TSi, TSr,] N(...)} */
TransitionResult
proc_eap_done(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    const PayloadAuth *auth = &ike_message_find(message, IKE_PAYLOAD_AUTH)->auth;
    if (!proc_ppk_answered(engine, sa, message))
        return TRANSITION_STAY;
    g_autoptr(Secret) expected = make_auth(engine, sa, false, sa->keys.pr);
    bool right = auth->method == IKE_AUTH_METHOD_PSK &&
                 g_bytes_get_size(auth->data) == secret_length(expected) &&
                 secret_octets_equal(secret_data(expected), g_bytes_get_data(auth->data, NULL),
                                     secret_length(expected));
    if (!right) {
        engine_close_unauthenticated(engine, IKE_CLOSE_AUTH_REMOTE,
                                     "the gateway does not prove that it took part in the EAP "
                                     "sign-in: someone may stand between");
        return TRANSITION_STAY;
    }
    if (!proc_eap_another_follows(engine) && proc_redirect_auth(engine, sa, message, true))
        return TRANSITION_STAY;
    if (proc_eap_another_follows(engine) && ike_message_find(message, IKE_PAYLOAD_SA) == NULL &&
        ike_message_find_error(message) == NULL)
        proc_eap_next_round(engine, sa);
    else
        proc_establish(engine, sa, message);
    return TRANSITION_STAY;
}
