/*
 * IKE_INTERMEDIATE between IKE_SA_INIT and IKE_AUTH: one exchange for each additional key exchange
 * that was agreed on (RFC 9242; RFC 9370, section 2.2.2). Nobody has proved anything yet; that
 * nobody came between is proved by IntAuth, which goes into both AUTHs.
 */
#include "ike/proc.h"

#include "base/error.h"
#include "ike/int-auth.h"

static bool
note(IkeEngine *engine, IkeSa *sa, GBytes **value, const Secret *sk_p, const IkeMessage *message)
{
    GBytes *next = int_auth_next(sa->suite.prf, sk_p, *value, message);
    if (next == NULL) {
        engine_closed(engine, IKE_CLOSE_PROTOCOL,
                      "an IKE_INTERMEDIATE message cannot be read back");
        return false;
    }
    g_clear_pointer(value, g_bytes_unref);
    *value = next;
    return true;
}

/* HDR, SK {KEi(n)}  --> */
static void
send_request(IkeEngine *engine, IkeSa *sa, uint16_t group)
{
    g_autoptr(GError) error = NULL;
    ike_exchange_clear(&sa->exchange);
    sa->exchange.kex = kex_new(group, engine->rng, &error);
    if (sa->exchange.kex == NULL) {
        engine_closed(engine, IKE_CLOSE_NO_PROPOSAL, "no key exchange: %s", error->message);
        return;
    }
    g_autoptr(GBytes) public = kex_public(sa->exchange.kex);
    g_autoptr(IkeMessage) message = ike_sa_new_request(sa, IKE_EXCHANGE_INTERMEDIATE);
    ike_message_add_ke(message, group, public);
    if (note(engine, sa, &engine->setup.int_auth_i, sa->keys.pi, message))
        engine_send_request(engine, sa, message, SA_CREATE_LOCAL_INTERMEDIATE);
}

/* The next additional key exchange; behind the last one comes what IKE_AUTH needs. */
static void
go_on(IkeEngine *engine, IkeSa *sa)
{
    IkeSetup *setup = &engine->setup;
    uint16_t groups[IKE_MAX_ADDITIONAL];
    if (setup->n_additional < ike_suite_additional(&sa->suite, groups)) {
        send_request(engine, sa, groups[setup->n_additional]);
        return;
    }
    if (setup->int_auth_i != NULL && setup->int_auth_r != NULL)
        setup->int_auth =
            int_auth_finish(setup->int_auth_i, setup->int_auth_r, sa->window.next_out);
    proc_ppk_start(engine, sa);
}

void
proc_intermediate_start(IkeEngine *engine, IkeSa *sa)
{
    if (proc_resume_in_use(engine)) { /* all of that is in the keys of before */
        proc_auth_start(engine, sa);
        return;
    }
    engine_set_state(engine, IKE_STATE_AUTHENTICATING);
    go_on(engine, sa);
}

/* SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr), and all keys anew from it. */
static bool
update_keys(IkeEngine *engine, IkeSa *sa, const PayloadKe *ke, GError **error)
{
    const IkeSetup *setup = &engine->setup;
    gsize length;
    const uint8_t *peer = g_bytes_get_data(ke->data, &length);
    if (ke->group != kex_group(sa->exchange.kex)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "it is of method %u, ours was of %u",
                    ke->group, kex_group(sa->exchange.kex));
        return false;
    }
    g_autoptr(Secret) shared = kex_derive(sa->exchange.kex, peer, length, error);
    if (shared == NULL)
        return false;
    const IkeSuite suite = sa->suite;
    IkeKeySeed seed = { setup->nonce_i, setup->nonce_r, sa->spi_i, sa->spi_r };
    g_auto(IkeKeys) keys = { 0 };
    if (!ike_keys_derive_rekeyed(&suite, suite.prf, sa->keys.d, shared, &seed, &keys) ||
        !ike_sa_set_keys(sa, &suite, &keys, engine->rng)) {
        g_set_error(error, PARSE_ERROR, PARSE_ERROR_INVALID, "no keys from it");
        return false;
    }
    return true;
}

/* <--  HDR, SK {KEr(n)} */
TransitionResult
proc_intermediate_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message,
                           IkeMessage *reply)
{
    g_autoptr(GError) error = NULL;
    if (!note(engine, sa, &engine->setup.int_auth_r, sa->keys.pr, message))
        return TRANSITION_STAY;
    if (!update_keys(engine, sa, &ike_message_find(message, IKE_PAYLOAD_KE)->ke, &error)) {
        engine_closed(engine, IKE_CLOSE_PROTOCOL,
                      "the gateway's additional key exchange is not usable: %s", error->message);
        return TRANSITION_STAY;
    }
    ike_exchange_clear(&sa->exchange);
    engine->setup.n_additional++;
    go_on(engine, sa);
    return TRANSITION_STAY;
}

/* <--  HDR, SK {N(error)} */
TransitionResult
proc_intermediate_refused(IkeEngine *engine, IkeSa *sa, const IkeMessage *message,
                          IkeMessage *reply)
{
    const PayloadNotify *notify = ike_message_find_error(message);
    uint16_t type = notify != NULL ? notify->type : 0;
    engine_closed(engine, IKE_CLOSE_PROTOCOL,
                  "the gateway answered an additional key exchange with error %u (%s)", type,
                  ike_notify_to_string(type));
    return TRANSITION_STAY;
}
