/*
 * What goes into an engine and what comes out of it, as values: making, copying, freeing.
 */
#include "ike/engine-private.h"

IkeConfig *
ike_config_new(void)
{
    IkeConfig *config = g_new0(IkeConfig, 1);
    g_atomic_ref_count_init(&config->references);
    config->second_auth = IKE_AUTH_NONE;
    config->remote_selectors = g_array_new(FALSE, FALSE, sizeof(TrafficSelector));
    return config;
}

IkeConfig *
ike_config_ref(IkeConfig *config)
{
    g_atomic_ref_count_inc(&config->references);
    return config;
}

void
ike_config_unref(IkeConfig *config)
{
    if (config == NULL || !g_atomic_ref_count_dec(&config->references))
        return;
    g_clear_pointer(&config->local_id.data, g_bytes_unref);
    g_clear_pointer(&config->remote_id.data, g_bytes_unref);
    g_clear_pointer(&config->second_id.data, g_bytes_unref);
    g_clear_pointer(&config->ppk_id, g_bytes_unref);
    g_clear_pointer(&config->local_chain, g_ptr_array_unref);
    g_clear_pointer(&config->trust, trust_store_unref);
    g_clear_pointer(&config->ike_proposals, ike_proposal_list_unref);
    g_clear_pointer(&config->esp_proposals, ike_proposal_list_unref);
    g_clear_pointer(&config->remote_selectors, g_array_unref);
    g_free(config);
}

const char *
ike_close_reason_to_string(IkeCloseReason reason)
{
    switch (reason) {
    case IKE_CLOSE_REQUESTED:
        return "requested";
    case IKE_CLOSE_NO_ANSWER:
        return "no-answer";
    case IKE_CLOSE_PEER_GONE:
        return "peer-gone";
    case IKE_CLOSE_PEER_DELETED:
        return "peer-deleted";
    case IKE_CLOSE_NO_PROPOSAL:
        return "no-proposal";
    case IKE_CLOSE_NO_CHILD_PROPOSAL:
        return "no-child-proposal";
    case IKE_CLOSE_TS_UNACCEPTABLE:
        return "ts-unacceptable";
    case IKE_CLOSE_AUTH_LOCAL:
        return "auth-local";
    case IKE_CLOSE_AUTH_REMOTE:
        return "auth-remote";
    case IKE_CLOSE_CERT_EXPIRED:
        return "cert-expired";
    case IKE_CLOSE_CERT_NOT_YET_VALID:
        return "cert-not-yet-valid";
    case IKE_CLOSE_CERT_UNTRUSTED:
        return "cert-untrusted";
    case IKE_CLOSE_IDENTITY_MISMATCH:
        return "identity-mismatch";
    case IKE_CLOSE_NO_ADDRESS:
        return "no-address";
    case IKE_CLOSE_CREDENTIAL:
        return "credential";
    case IKE_CLOSE_PROTOCOL:
        return "protocol";
    case IKE_CLOSE_VERSION:
        return "version";
    case IKE_CLOSE_CERT_REVOKED:
        return "cert-revoked";
    case IKE_CLOSE_REVOCATION_UNKNOWN:
        return "revocation-unknown";
    case IKE_CLOSE_EAP_FAILED:
        return "eap-failed";
    case IKE_CLOSE_PPK:
        return "ppk";
    case IKE_CLOSE_REDIRECTED:
        return "redirected";
    case IKE_CLOSE_EXPIRED:
        return "expired";
    case IKE_CLOSE_PEER_RESTARTED:
        return "peer-restarted";
    case IKE_CLOSE_REPLACED:
        return "replaced";
    }
    return "unknown";
}

IkeConfigAttribute *
ike_config_attribute_new(uint16_t type, const void *value, size_t length)
{
    IkeConfigAttribute *attribute = g_new0(IkeConfigAttribute, 1);
    attribute->type = type;
    attribute->value = g_bytes_new(value, length);
    return attribute;
}

void
ike_config_attribute_free(gpointer data)
{
    IkeConfigAttribute *attribute = data;
    g_bytes_unref(attribute->value);
    g_free(attribute);
}

void
ike_configuration_free(IkeConfiguration *configuration)
{
    if (configuration == NULL)
        return;
    g_clear_pointer(&configuration->addresses, g_array_unref);
    g_clear_pointer(&configuration->dns, g_array_unref);
    g_clear_pointer(&configuration->subnets, g_array_unref);
    g_clear_pointer(&configuration->split_dns, g_ptr_array_unref);
    g_clear_pointer(&configuration->local_ts, g_array_unref);
    g_clear_pointer(&configuration->remote_ts, g_array_unref);
    g_free(configuration->ike_algorithms);
    g_free(configuration->esp_algorithms);
    g_free(configuration->gateway_id);
    g_free(configuration);
}

static void
credential_request_free(IkeCredentialRequest *request)
{
    g_clear_pointer(&request->message, g_bytes_unref);
    g_clear_pointer(&request->nonce, g_bytes_unref);
    g_clear_pointer(&request->sk_p, secret_unref);
    g_clear_pointer(&request->hashes, g_array_unref);
    g_clear_pointer(&request->id_body, g_bytes_unref);
    g_clear_pointer(&request->auth, g_bytes_unref);
    g_clear_pointer(&request->int_auth, g_bytes_unref);
    g_clear_pointer(&request->eap, g_bytes_unref);
    g_clear_pointer(&request->chain, g_ptr_array_unref);
    g_clear_pointer(&request->ocsp, g_ptr_array_unref);
    g_clear_pointer(&request->sk_d, secret_unref);
    g_clear_pointer(&request->sk_pi, secret_unref);
    g_clear_pointer(&request->sk_pr, secret_unref);
    g_free(request);
}

static void
redirect_free(IkeRedirect *redirect)
{
    g_free(redirect->name);
    g_free(redirect);
}

void
ike_output_clear(IkeOutput *output)
{
    g_clear_pointer(&output->redirect, redirect_free);
    g_clear_pointer(&output->ticket, ike_ticket_free);
    g_clear_pointer(&output->datagram, g_bytes_unref);
    g_clear_pointer(&output->child, ike_child_free);
    g_clear_pointer(&output->configuration, ike_configuration_free);
    g_clear_pointer(&output->credential, credential_request_free);
    g_clear_pointer(&output->detail, g_free);
}

void
ike_setup_clear(IkeSetup *setup)
{
    g_clear_pointer(&setup->cookie, g_bytes_unref);
    g_clear_pointer(&setup->request, g_bytes_unref);
    g_clear_pointer(&setup->response, g_bytes_unref);
    g_clear_pointer(&setup->nonce_i, g_bytes_unref);
    g_clear_pointer(&setup->nonce_r, g_bytes_unref);
    g_clear_pointer(&setup->hashes, g_array_unref);
    g_clear_pointer(&setup->authorities, g_bytes_unref);
    g_clear_pointer(&setup->answer, ike_message_free);
    payload_id_clear(&setup->gateway);
    g_clear_pointer(&setup->ticket, ike_ticket_free);
    g_clear_pointer(&setup->puzzle, puzzle_free);
    g_clear_pointer(&setup->solution, g_bytes_unref);
    g_clear_pointer(&setup->configuration, ike_configuration_free);
    g_clear_pointer(&setup->msk, secret_unref);
    g_clear_pointer(&setup->int_auth_i, g_bytes_unref);
    g_clear_pointer(&setup->int_auth_r, g_bytes_unref);
    g_clear_pointer(&setup->int_auth, g_bytes_unref);
    ike_keys_clear(&setup->plain);
    g_clear_pointer(&setup->auth, g_bytes_unref);
    g_clear_pointer(&setup->plain_auth, g_bytes_unref);
    g_clear_pointer(&setup->refused_detail, g_free);
}
