#include "ike/ike-sa.h"

#include "crypto/algorithms.h"

const char *
ike_sa_state_to_string(IkeSaState state)
{
    switch (state) {
    case SA_CREATE_LOCAL_RESUME:
        return "CREATE_LOCAL_RESUME";
    case SA_CREATE_LOCAL_INIT:
        return "CREATE_LOCAL_INIT";
    case SA_CREATE_LOCAL_ANSWERED:
        return "CREATE_LOCAL_ANSWERED";
    case SA_CREATE_LOCAL_INTERMEDIATE:
        return "CREATE_LOCAL_INTERMEDIATE";
    case SA_CREATE_LOCAL_PPK:
        return "CREATE_LOCAL_PPK";
    case SA_CREATE_LOCAL_SIGN:
        return "CREATE_LOCAL_SIGN";
    case SA_CREATE_LOCAL_AUTH:
        return "CREATE_LOCAL_AUTH";
    case SA_CREATE_LOCAL_VERIFY:
        return "CREATE_LOCAL_VERIFY";
    case SA_CREATE_LOCAL_EAP_ASK:
        return "CREATE_LOCAL_EAP_ASK";
    case SA_CREATE_LOCAL_EAP:
        return "CREATE_LOCAL_EAP";
    case SA_CREATE_LOCAL_EAP_DONE:
        return "CREATE_LOCAL_EAP_DONE";
    case SA_ESTABLISHED:
        return "ESTABLISHED";
    case SA_LIVENESS_LOCAL_INFORMATIONAL:
        return "LIVENESS_LOCAL_INFORMATIONAL";
    case SA_REKEY_CHILD_LOCAL_CREATE:
        return "REKEY_CHILD_LOCAL_CREATE";
    case SA_CREATE_CHILD_LOCAL_CREATE:
        return "CREATE_CHILD_LOCAL_CREATE";
    case SA_REKEY_CHILD_LOCAL_FOLLOWUP:
        return "REKEY_CHILD_LOCAL_FOLLOWUP";
    case SA_DELETE_CHILD_LOCAL_INFORMATIONAL:
        return "DELETE_CHILD_LOCAL_INFORMATIONAL";
    case SA_REKEY_IKE_LOCAL_CREATE:
        return "REKEY_IKE_LOCAL_CREATE";
    case SA_REKEY_IKE_LOCAL_FOLLOWUP:
        return "REKEY_IKE_LOCAL_FOLLOWUP";
    case SA_REKEY_IKE_LOCAL_DELETE:
        return "REKEY_IKE_LOCAL_DELETE";
    case SA_REKEY_IKE_REMOTE_DELETE:
        return "REKEY_IKE_REMOTE_DELETE";
    case SA_DELETE_IKE_LOCAL_INFORMATIONAL:
        return "DELETE_IKE_LOCAL_INFORMATIONAL";
    case SA_CLOSED:
        return "CLOSED";
    }
    return "unknown";
}

void
ike_exchange_clear(IkeExchange *exchange)
{
    g_clear_pointer(&exchange->kex, kex_free);
    g_clear_pointer(&exchange->nonce, g_bytes_unref);
    g_clear_pointer(&exchange->rival_nonce, g_bytes_unref);
    g_clear_pointer(&exchange->offered, ike_proposal_list_unref);
    g_clear_pointer(&exchange->chain, ike_followup_free);
    *exchange = (IkeExchange){ 0 };
}

IkeSa *
ike_sa_new(uint64_t spi_i, uint64_t spi_r, bool original_initiator)
{
    IkeSa *sa = g_new0(IkeSa, 1);
    sa->spi_i = spi_i;
    sa->spi_r = spi_r;
    sa->original_initiator = original_initiator;
    sa->requests = ike_fragment_buffer_new();
    sa->responses = ike_fragment_buffer_new();
    sa->retransmit.deadline = INSTANT_NEVER;
    sa->rekey_at = sa->urgent_at = sa->hard_at = INSTANT_NEVER;
    sa->expires_at = INSTANT_NEVER;
    return sa;
}

void
ike_sa_free(IkeSa *sa)
{
    if (sa == NULL)
        return;
    ike_keys_clear(&sa->keys);
    g_clear_pointer(&sa->aead_in, aead_free);
    g_clear_pointer(&sa->sealer.aead, aead_free);
    g_clear_pointer(&sa->request, ike_message_free);
    window_clear(&sa->window);
    g_clear_pointer(&sa->requests, ike_fragment_buffer_free);
    g_clear_pointer(&sa->responses, ike_fragment_buffer_free);
    ike_exchange_clear(&sa->exchange);
    g_clear_pointer(&sa->peer_child, ike_followup_free);
    g_clear_pointer(&sa->peer_ike, ike_followup_free);
    g_clear_pointer(&sa->crash_token, secret_unref);
    g_free(sa);
}

bool
ike_sa_set_keys(IkeSa *sa, const IkeSuite *suite, IkeKeys *keys, Rng *rng)
{
    sa->suite = *suite;
    ike_keys_clear(&sa->keys);
    sa->keys = *keys;
    *keys = (IkeKeys){ 0 };
    const IkeKeys *own = &sa->keys;
    g_autoptr(Aead) from_i =
        aead_new(suite->encr, suite->key_bits, own->ei, suite->integ, own->ai, NULL);
    g_autoptr(Aead) from_r =
        aead_new(suite->encr, suite->key_bits, own->er, suite->integ, own->ar, NULL);
    if (from_i == NULL || from_r == NULL)
        return false;
    g_clear_pointer(&sa->sealer.aead, aead_free);
    g_clear_pointer(&sa->aead_in, aead_free);
    sa->sealer.rng = rng;
    sa->sealer.aead = g_steal_pointer((sa->original_initiator ? &from_i : &from_r));
    sa->aead_in = g_steal_pointer((sa->original_initiator ? &from_r : &from_i));
    return true;
}

static IkeMessage *
new_message(const IkeSa *sa, uint8_t exchange, uint8_t flags, uint32_t message_id)
{
    IkeHeader header = {
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .exchange = exchange,
        .flags = flags | (sa->original_initiator ? IKE_FLAG_INITIATOR : 0),
        .message_id = message_id,
    };
    return ike_message_new(&header);
}

IkeMessage *
ike_sa_new_request(const IkeSa *sa, uint8_t exchange)
{
    return new_message(sa, exchange, 0, sa->window.next_out);
}

IkeMessage *
ike_sa_new_response(const IkeSa *sa, uint8_t exchange, uint32_t message_id)
{
    return new_message(sa, exchange, IKE_FLAG_RESPONSE, message_id);
}

GPtrArray *
ike_sa_seal(IkeSa *sa, const IkeMessage *message, size_t max_length)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *datagrams =
        ike_message_seal(message, &sa->sealer, sa->fragmentation ? max_length : 0, &error);
    if (datagrams == NULL)
        g_warning("an IKE message could not be sealed: %s", error->message);
    return datagrams;
}

bool
ike_sa_is_authentic(const IkeSa *sa, const IkeMessage *message)
{
    bool authentic = false;
    if (!message->sealed || sa->aead_in == NULL)
        return false;
    GBytes *plain = payload_sk_open(&message->sk, message->octets, sa->aead_in, &authentic);
    g_clear_pointer(&plain, g_bytes_unref);
    return authentic;
}
