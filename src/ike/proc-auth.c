/*
 * IKE_AUTH (RFC 7296, sections 1.2, 2.15 and 2.21.2): our proof, which the caller makes, and the
 * gateway's, which is judged before anything else in its answer is believed. What EAP adds is in
 * proc-eap.
 */
#include "ike/proc.h"

#include "crypto/algorithms.h"
#include "crypto/signature.h"
#include "ike/auth.h"

IkeCredentialRequest *
proc_auth_ask(IkeEngine *engine, IkeSa *sa, IkeCredentialKind kind)
{
    IkeCredentialRequest *request = g_new0(IkeCredentialRequest, 1);
    request->serial = engine->serial = ++engine->last_serial;
    request->kind = kind;
    request->prf = sa->suite.prf;
    engine_emit(engine, IKE_OUTPUT_CREDENTIAL_NEEDED)->credential = request;
    return request;
}

static void send_first(IkeEngine *engine, IkeSa *sa, bool with_auth);

static GBytes *
ref_or_null(GBytes *bytes)
{
    return bytes != NULL ? g_bytes_ref(bytes) : NULL;
}

static void
ask_sign(IkeEngine *engine, IkeSa *sa, Secret *sk_pi)
{
    IkeSetup *setup = &engine->setup;
    sa->state = SA_CREATE_LOCAL_SIGN;
    IkeCredentialRequest *request = proc_auth_ask(engine, sa, IKE_CREDENTIAL_SIGN);
    request->message = g_bytes_ref(setup->request);
    request->nonce = g_bytes_ref(setup->nonce_r);
    request->sk_p = secret_ref(sk_pi);
    request->hashes = g_array_copy(setup->hashes);
    request->int_auth = ref_or_null(setup->int_auth);
}

void
proc_auth_start(IkeEngine *engine, IkeSa *sa)
{
    engine_set_state(engine, IKE_STATE_AUTHENTICATING);
    if (proc_resume_in_use(engine)) {
        proc_resume_make_auth(engine, sa);
        send_first(engine, sa, true);
        return;
    }
    if (engine->config->second_auth != IKE_AUTH_NONE && !engine->setup.multiple_auth) {
        engine_closed(engine, IKE_CLOSE_AUTH_LOCAL,
                      "the gateway cannot do the second sign-in that the profile wants");
        return;
    }
    /* No AUTH in the first request: that asks for EAP (RFC 7296, section 2.16). */
    if (engine->config->local_auth == IKE_AUTH_EAP)
        send_first(engine, sa, false);
    else
        ask_sign(engine, sa, sa->keys.pi);
}

static void
add_certificates(IkeEngine *engine, IkeMessage *message)
{
    const IkeConfig *config = engine->config;
    if (config->local_auth == IKE_AUTH_CERTIFICATE && config->local_chain != NULL) {
        g_autoptr(GPtrArray) chain =
            certificate_choose_chain(config->local_chain, engine->setup.authorities);
        for (guint i = 0; i < chain->len; i++) {
            const Certificate *certificate = g_ptr_array_index(chain, i);
            ike_message_add_cert(message, IKE_CERT_X509_SIGNATURE, certificate_der(certificate));
        }
    }
    if (config->remote_auth == IKE_AUTH_CERTIFICATE && config->trust != NULL) {
        g_autoptr(GBytes) authorities = trust_store_certreq(config->trust);
        ike_message_add_certreq(message, IKE_CERT_X509_SIGNATURE, authorities);
    }
    if (config->remote_auth == IKE_AUTH_CERTIFICATE && config->request_ocsp) {
        /* No responders of our own: whom the issuer names is good enough (RFC 4806, section 3.1).
         */
        g_autoptr(GBytes) responders = g_bytes_new(NULL, 0);
        ike_message_add_certreq(message, IKE_CERT_OCSP, responders);
    }
}

static void
add_child(IkeEngine *engine, IkeSa *sa, IkeMessage *message)
{
    const uint32_t spi = GUINT32_TO_BE(engine->setup.child_spi);
    /* No key exchange in IKE_AUTH: the first Child SA takes the IKE SA's (RFC 7296, section 1.2).
     */
    g_autoptr(IkeProposalList) plain = ike_proposal_list_without_ke(engine->config->esp_proposals);
    sa->exchange.offered = ike_proposal_list_with_spi(plain, &spi, sizeof spi);
    ike_message_add_sa(message, sa->exchange.offered);
    g_autoptr(GArray) local_ts = proc_wanted_local_ts();
    g_autoptr(GArray) remote_ts = proc_wanted_remote_ts(engine);
    ike_message_add_ts(message, IKE_PAYLOAD_TSI, local_ts);
    ike_message_add_ts(message, IKE_PAYLOAD_TSR, remote_ts);
    ike_message_add_notify(message, IKE_NOTIFY_ESP_TFC_PADDING_NOT_SUPPORTED, NULL, 0);
}

/* Where the gateway may do without the PPK there are two: the one that goes into AUTH, and behind
 * it the one for NO_PPK_AUTH (RFC 8784, section 3). False: the other one is asked for. */
static bool
keep_auth(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential)
{
    IkeSetup *setup = &engine->setup;
    if (setup->auth != NULL) {
        setup->plain_auth = g_bytes_ref(credential->auth);
        return true;
    }
    setup->auth = g_bytes_ref(credential->auth);
    setup->auth_method = credential->method;
    if (!proc_ppk_wants_plain_auth(engine))
        return true;
    ask_sign(engine, sa, setup->plain.pi);
    return false;
}

static void
add_rounds(IkeEngine *engine, IkeMessage *message)
{
    const IkeConfig *config = engine->config;
    if (config->remote_auth == IKE_AUTH_EAP)
        ike_message_add_notify(message, IKE_NOTIFY_EAP_ONLY_AUTHENTICATION, NULL, 0);
    if (config->second_auth == IKE_AUTH_NONE)
        return;
    ike_message_add_notify(message, IKE_NOTIFY_MULTIPLE_AUTH_SUPPORTED, NULL, 0);
    if (config->local_auth != IKE_AUTH_EAP) /* it goes with an AUTH (RFC 4739, section 3.2) */
        ike_message_add_notify(message, IKE_NOTIFY_ANOTHER_AUTH_FOLLOWS, NULL, 0);
}

/* HDR, SK {IDi, [CERT,] [CERTREQ,] [IDr,] [AUTH,] CP(CFG_REQUEST), SAi2, TSi, TSr, N(...)}  -->
 * */
static void
send_first(IkeEngine *engine, IkeSa *sa, bool with_auth)
{
    const IkeConfig *config = engine->config;
    engine->setup.child_spi = engine_random_child_spi(engine);
    engine_expect_child(engine, engine->setup.child_spi);
    engine->setup.childless = config->childless && engine->setup.childless_supported;
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_AUTH);
    ike_message_add_id(message, IKE_PAYLOAD_IDI, config->local_id.type, config->local_id.data);
    if (!proc_resume_in_use(engine))
        add_certificates(engine, message);
    if (config->initial_contact && !engine->replaces)
        ike_message_add_notify(message, IKE_NOTIFY_INITIAL_CONTACT, NULL, 0);
    if (config->remote_id.data != NULL)
        ike_message_add_id(message, IKE_PAYLOAD_IDR, config->remote_id.type,
                           config->remote_id.data);
    if (with_auth) {
        ike_message_add_auth(message, engine->setup.auth_method, engine->setup.auth);
        proc_ppk_add(engine, message, engine->setup.plain_auth);
    }
    proc_config_request(engine, message);
    if (!engine->setup.childless)
        add_child(engine, sa, message);
    ike_message_add_notify(message, IKE_NOTIFY_MOBIKE_SUPPORTED, NULL, 0);
    if (!proc_resume_in_use(engine))
        add_rounds(engine, message);
    if (config->want_ticket)
        ike_message_add_notify(message, IKE_NOTIFY_TICKET_REQUEST, NULL, 0);
    engine_send_request(engine, sa, message, SA_CREATE_LOCAL_AUTH);
}

void
proc_auth_signed(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential)
{
    if (!credential->ok || credential->auth == NULL) {
        bool told = credential->detail != NULL && *credential->detail != '\0';
        engine_closed(engine, IKE_CLOSE_CREDENTIAL, "%s",
                      told ? credential->detail : "our own proof of identity could not be made");
        return;
    }
    if (keep_auth(engine, sa, credential))
        send_first(engine, sa, true);
}

static const char *
why_not_us(const IkeEngine *engine)
{
    bool eap = engine->config->local_auth == IKE_AUTH_EAP || engine->setup.second_round;
    if (eap)
        return "it does not know the user, or the password is wrong";
    return engine->config->local_auth == IKE_AUTH_PSK
               ? "wrong pre-shared key, or an identity that it does not know"
               : "it does not trust the certificate, or does not know the identity";
}

static void
close_for_error(IkeEngine *engine, const PayloadNotify *notify)
{
    if (notify != NULL && notify->type == IKE_NOTIFY_AUTHENTICATION_FAILED) {
        g_autofree char *who =
            auth_identity_to_string(engine->config->local_id.type, engine->config->local_id.data);
        engine_closed(engine, IKE_CLOSE_AUTH_LOCAL, "the gateway does not accept %s as us: %s%s",
                      who, why_not_us(engine),
                      proc_ppk_in_use(engine) ? "; or it has another post-quantum key (PPK)" : "");
        return;
    }
    uint16_t type = notify != NULL ? notify->type : 0;
    engine_closed(engine, IKE_CLOSE_PROTOCOL, "the gateway answered IKE_AUTH with error %u (%s)",
                  type, ike_notify_to_string(type));
}

/* <--  HDR, SK {N(error)}: no IKE SA came to be (RFC 7296, section 2.21.2) */
TransitionResult
proc_auth_refused(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    if (proc_resume_in_use(engine) && !engine->want_close)
        proc_resume_abandon(engine, sa);
    else
        close_for_error(engine, ike_message_find_error(message));
    return TRANSITION_STAY;
}

/* Before it has proved itself nothing of ours is told to a gateway (RFC 7296, section 2.16). */
static void
close_unproved(IkeEngine *engine, bool has_auth)
{
    engine_close_unauthenticated(engine, IKE_CLOSE_AUTH_REMOTE,
                                 has_auth ? "the gateway wants no EAP, by which alone it could "
                                            "prove who it is to this profile"
                                          : "the gateway asks who we are before it has proved who "
                                            "it is itself");
}

static void
ask_psk_verify(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    IkeSetup *setup = &engine->setup;
    sa->state = SA_CREATE_LOCAL_VERIFY;
    IkeCredentialRequest *request = proc_auth_ask(engine, sa, IKE_CREDENTIAL_PSK_VERIFY);
    request->message = g_bytes_ref(setup->response);
    request->nonce = g_bytes_ref(setup->nonce_i);
    request->sk_p = secret_ref(sa->keys.pr);
    request->id_body = payload_id_body(&ike_message_find(message, IKE_PAYLOAD_IDR)->id);
    request->auth = g_bytes_ref(ike_message_find(message, IKE_PAYLOAD_AUTH)->auth.data);
    request->int_auth = ref_or_null(setup->int_auth);
    setup->answer = g_steal_pointer(&engine->received);
}

static GPtrArray *
read_ocsp(const IkeMessage *message)
{
    GPtrArray *responses = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    const IkePayload *payload = NULL;
    while ((payload = ike_message_find_next(message, IKE_PAYLOAD_CERT, payload)) != NULL &&
           responses->len < IKE_ENGINE_MAX_OCSP) {
        if (payload->cert.encoding == IKE_CERT_OCSP)
            g_ptr_array_add(responses, g_bytes_ref(payload->cert.data));
    }
    return responses;
}

/* The last question about the gateway, once it has proved that it holds the key: nobody who only
 * shows its certificate makes us ask around. Takes path. */
static void
ask_revocation(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, GPtrArray *path)
{
    sa->state = SA_CREATE_LOCAL_VERIFY;
    IkeCredentialRequest *request = proc_auth_ask(engine, sa, IKE_CREDENTIAL_REVOCATION);
    request->chain = path;
    request->ocsp = read_ocsp(message);
    engine->setup.answer = g_steal_pointer(&engine->received);
}

/* <--  HDR, SK {IDr, [CERT,] AUTH, [CP(CFG_REPLY), SAr2, TSi, TSr,] [EAP,] N(...)} */
TransitionResult
proc_auth_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message, IkeMessage *reply)
{
    const PayloadId *idr = &ike_message_find(message, IKE_PAYLOAD_IDR)->id;
    const IkePayload *proof = ike_message_find(message, IKE_PAYLOAD_AUTH);
    bool with_psk = engine->config->remote_auth == IKE_AUTH_PSK;
    if (proc_resume_in_use(engine)) {
        if (proc_resume_check(engine, sa, message) &&
            !proc_redirect_auth(engine, sa, message, true))
            proc_establish(engine, sa, message);
        return TRANSITION_STAY;
    }
    if (!proc_ppk_answered(engine, sa, message))
        return TRANSITION_STAY;
    if (!proc_auth_check_identity(engine, idr))
        return TRANSITION_STAY;
    payload_id_clear(&engine->setup.gateway);
    engine->setup.gateway = *idr;
    engine->setup.gateway.data = g_bytes_ref(idr->data);
    if (engine->config->remote_auth == IKE_AUTH_EAP &&
        ike_message_find(message, IKE_PAYLOAD_EAP) != NULL) {
        proc_auth_gateway_proved(engine, sa, message);
        return TRANSITION_STAY;
    }
    if (proof == NULL || engine->config->remote_auth == IKE_AUTH_EAP) {
        close_unproved(engine, proof != NULL);
        return TRANSITION_STAY;
    }
    const PayloadAuth *auth = &proof->auth;
    if ((auth->method == IKE_AUTH_METHOD_PSK) != with_psk) {
        engine_close_unauthenticated(
            engine, IKE_CLOSE_AUTH_REMOTE,
            "the gateway proves its identity by method %u, but a %s is expected", auth->method,
            with_psk ? "pre-shared key" : "certificate");
        return TRANSITION_STAY;
    }
    if (with_psk) {
        ask_psk_verify(engine, sa, message);
        return TRANSITION_STAY;
    }
    g_autoptr(GPtrArray) path = NULL;
    if (!proc_auth_check_certificate(engine, sa, message, &path))
        return TRANSITION_STAY;
    if (engine->config->check_revocation)
        ask_revocation(engine, sa, message, g_steal_pointer(&path));
    else
        proc_auth_gateway_proved(engine, sa, message);
    return TRANSITION_STAY;
}

static void
close_for_revocation(IkeEngine *engine, const IkeCredential *credential)
{
    IkeCloseReason reason = credential->why == IKE_CLOSE_REVOCATION_UNKNOWN
                                ? IKE_CLOSE_REVOCATION_UNKNOWN
                                : IKE_CLOSE_CERT_REVOKED;
    engine_close_unauthenticated(engine, reason, "%s",
                                 credential->detail != NULL ? credential->detail
                                                            : ike_close_reason_to_string(reason));
}

void
proc_auth_gateway_proved(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    bool wants_eap = engine->config->local_auth == IKE_AUTH_EAP;
    bool eap = ike_message_find(message, IKE_PAYLOAD_EAP) != NULL;
    if (proc_redirect_auth(engine, sa, message, !wants_eap))
        return;
    if (eap && wants_eap)
        proc_eap_ask(engine, sa, message);
    else if (wants_eap)
        engine_close_unauthenticated(engine, IKE_CLOSE_PROTOCOL,
                                     "the gateway lets us in without asking who we are");
    else if (eap)
        engine_close_unauthenticated(engine, IKE_CLOSE_AUTH_LOCAL,
                                     "the gateway wants EAP besides what the profile has");
    else if (proc_eap_another_follows(engine) &&
             ike_message_find(message, IKE_PAYLOAD_SA) == NULL &&
             ike_message_find_error(message) == NULL)
        proc_eap_next_round(engine, sa);
    else
        proc_establish(engine, sa, message);
}

void
proc_auth_judged(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential)
{
    if (!credential->ok && engine->config->remote_auth == IKE_AUTH_CERTIFICATE) {
        close_for_revocation(engine, credential);
        return;
    }
    if (!credential->ok) {
        engine_close_unauthenticated(
            engine, IKE_CLOSE_AUTH_REMOTE,
            "the gateway accepts our pre-shared key, but does not prove that it has it itself");
        return;
    }
    g_autoptr(IkeMessage) answer = g_steal_pointer(&engine->setup.answer);
    proc_auth_gateway_proved(engine, sa, answer);
}
