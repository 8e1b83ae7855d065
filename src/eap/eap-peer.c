#include "eap/eap-peer.h"

#include "eap/eap-method.h"
#include "eap/eap-packet.h"

#include <string.h>

/* What we would rather have comes first: that is the order of Nak. */
static const EapMethodOps *const methods[] = {
    &eap_tls, &eap_ttls, &eap_peap, &eap_mschapv2, &eap_gtc, &eap_md5,
};

#define MAX_REFUSED 4 /* methods that are named where we are refused */

struct _EapPeer {
    EapConfig config; /* with copies of its own */
    Rng *rng;
    const EapMethodOps *method; /* NULL before one has begun */
    EapMethodState *state;
    unsigned rounds;
    uint8_t identifier;                   /* of the last request */
    GBytes *last_request, *last_response; /* a repeated request gets the same response */
    bool asking;                          /* a question is open */
    uint8_t refused[MAX_REFUSED];         /* types that we said Nak to */
    size_t n_refused;
    EapAction action;
    EapQuestion *question;
    char *detail;
};

void
eap_question_free(EapQuestion *question)
{
    if (question == NULL)
        return;
    g_free(question->user_name);
    g_clear_pointer(&question->challenge, g_bytes_unref);
    g_free(question->prompt);
    g_clear_pointer(&question->octets, g_bytes_unref);
    g_clear_pointer(&question->chain, g_ptr_array_unref);
    g_free(question);
}

void
eap_step_clear(EapStep *step)
{
    g_clear_pointer(&step->response, g_bytes_unref);
    g_clear_pointer(&step->question, eap_question_free);
    g_clear_pointer(&step->detail, g_free);
}

EapPeer *
eap_peer_new(const EapConfig *config, Rng *rng)
{
    EapPeer *peer = g_new0(EapPeer, 1);
    peer->config = *config;
    peer->config.identity = g_strdup(config->identity);
    peer->config.inner_identity = g_strdup(config->inner_identity);
    peer->config.server_name = g_strdup(config->server_name);
    peer->config.trust = config->trust != NULL ? trust_store_ref(config->trust) : NULL;
    peer->config.chain = config->chain != NULL ? g_ptr_array_ref(config->chain) : NULL;
    peer->rng = rng;
    return peer;
}

void
eap_peer_free(EapPeer *peer)
{
    if (peer == NULL)
        return;
    if (peer->method != NULL)
        peer->method->free(peer->state);
    g_free((char *)peer->config.identity);
    g_free((char *)peer->config.inner_identity);
    g_free((char *)peer->config.server_name);
    g_clear_pointer(&peer->config.trust, trust_store_unref);
    g_clear_pointer(&peer->config.chain, g_ptr_array_unref);
    g_clear_pointer(&peer->last_request, g_bytes_unref);
    g_clear_pointer(&peer->last_response, g_bytes_unref);
    g_clear_pointer(&peer->action.packet, g_bytes_unref);
    g_clear_pointer(&peer->question, eap_question_free);
    g_free(peer->detail);
    g_free(peer);
}

static const char *
title(const EapPeer *peer)
{
    const char *text = peer->method != NULL && peer->method->title != NULL
                           ? peer->method->title(peer->state)
                           : NULL;
    if (text != NULL)
        return text;
    return peer->method != NULL ? peer->method->name : NULL;
}

/* --- Actions --- */

static void
forget_action(EapPeer *peer)
{
    g_clear_pointer(&peer->action.packet, g_bytes_unref);
    g_clear_pointer(&peer->question, eap_question_free);
    g_clear_pointer(&peer->detail, g_free);
    peer->action = (EapAction){ .method = title(peer) };
}

static const EapAction *
act(EapPeer *peer, EapActionKind kind)
{
    peer->action.kind = kind;
    peer->action.method = title(peer);
    peer->action.question = peer->question;
    peer->action.detail = peer->detail;
    return &peer->action;
}

/* response: Type-Data, NULL: none. */
static const EapAction *
respond(EapPeer *peer, uint8_t type, GBytes *response)
{
    g_clear_pointer(&peer->last_response, g_bytes_unref);
    peer->last_response = eap_packet_response(peer->identifier, type, response);
    peer->action.packet = g_bytes_ref(peer->last_response);
    return act(peer, EAP_ACTION_SEND);
}

/* detail: taken. */
static const EapAction *
fail(EapPeer *peer, char *detail)
{
    const char *name = title(peer);
    peer->detail = name != NULL ? g_strdup_printf("%s: %s", name, detail) : g_strdup(detail);
    g_free(detail);
    return act(peer, EAP_ACTION_FAILURE);
}

static const EapAction *
take_step(EapPeer *peer, EapStep *step)
{
    switch (step->kind) {
    case EAP_STEP_IGNORE:
        break;
    case EAP_STEP_SEND:
        return respond(peer, peer->method->type, step->response);
    case EAP_STEP_ASK:
        peer->asking = true;
        peer->question = g_steal_pointer(&step->question);
        return act(peer, EAP_ACTION_ASK);
    case EAP_STEP_FAILURE:
        if (step->response != NULL)
            respond(peer, peer->method->type, step->response);
        return fail(peer, g_steal_pointer(&step->detail));
    }
    return act(peer, EAP_ACTION_IGNORE);
}

/* --- Requests --- */

static bool
is_allowed(const EapPeer *peer, const EapMethodOps *method)
{
    return (method->allowed & peer->config.methods) != 0;
}

/* Whether the profile has what the method needs. */
static bool
is_usable(const EapPeer *peer, const EapMethodOps *method)
{
    const EapConfig *config = &peer->config;
    return is_allowed(peer, method) && (method->usable == NULL || method->usable(config));
}

static bool
any_usable(const EapPeer *peer)
{
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
        if (is_usable(peer, methods[i]))
            return true;
    return false;
}

/* One that cannot begin is taken only where there is no other: it says what it misses. */
static const EapMethodOps *
find_method(const EapPeer *peer, uint8_t type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
        if (methods[i]->type == type && is_allowed(peer, methods[i]))
            return is_usable(peer, methods[i]) || !any_usable(peer) ? methods[i] : NULL;
    return NULL;
}

static void
note_refused(EapPeer *peer, uint8_t type)
{
    if (peer->n_refused < MAX_REFUSED && memchr(peer->refused, type, peer->n_refused) == NULL)
        peer->refused[peer->n_refused++] = type;
}

/* What we would rather have; 0 where there is nothing (RFC 3748, section 5.3.1). */
static const EapAction *
say_nak(EapPeer *peer, uint8_t type)
{
    g_autoptr(GByteArray) wanted = g_byte_array_new();
    const uint8_t none = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
        if (is_usable(peer, methods[i]))
            g_byte_array_append(wanted, &methods[i]->type, 1);
    if (wanted->len == 0)
        g_byte_array_append(wanted, &none, 1);
    note_refused(peer, type);
    g_autoptr(GBytes) data = g_bytes_new(wanted->data, wanted->len);
    return respond(peer, EAP_TYPE_NAK, data);
}

static const EapAction *
begin(EapPeer *peer, const EapMethodOps *method)
{
    g_autofree char *detail = NULL;
    EapMethodState *state = method->begin(&peer->config, peer->rng, &detail);
    if (state == NULL)
        return fail(peer, g_strdup_printf("%s cannot begin: %s", method->name,
                                          detail != NULL ? detail : "not with this profile"));
    peer->method = method;
    peer->state = state;
    return NULL;
}

static const EapAction *
request(EapPeer *peer, const EapPacket *packet)
{
    g_auto(EapStep) step = { 0 };
    if (packet->type == EAP_TYPE_IDENTITY) {
        const char *identity = peer->config.identity;
        g_autoptr(GBytes) name = g_bytes_new(identity, strlen(identity));
        return respond(peer, EAP_TYPE_IDENTITY, name);
    }
    if (packet->type == EAP_TYPE_NOTIFICATION)
        return respond(peer, EAP_TYPE_NOTIFICATION, NULL);
    if (packet->type == EAP_TYPE_NAK)
        return act(peer, EAP_ACTION_IGNORE);
    if (peer->method == NULL) {
        const EapMethodOps *method = find_method(peer, packet->type);
        if (method == NULL)
            return say_nak(peer, packet->type);
        const EapAction *failure = begin(peer, method);
        if (failure != NULL)
            return failure;
    }
    /* One method a conversation (RFC 3748, section 2.1). */
    if (packet->type != peer->method->type)
        return act(peer, EAP_ACTION_IGNORE);
    peer->method->request(peer->state, packet->identifier, packet->data, &step);
    return take_step(peer, &step);
}

static const EapAction *
new_request(EapPeer *peer, GBytes *octets, const EapPacket *packet)
{
    if (peer->last_request != NULL && g_bytes_equal(peer->last_request, octets)) {
        if (peer->asking || peer->last_response == NULL)
            return act(peer, EAP_ACTION_IGNORE);
        peer->action.packet = g_bytes_ref(peer->last_response);
        return act(peer, EAP_ACTION_SEND);
    }
    if (peer->asking) /* one at a time: it has not been answered */
        return act(peer, EAP_ACTION_IGNORE);
    if (peer->rounds++ >= EAP_MAX_ROUNDS)
        return fail(peer, g_strdup("the server comes to no end"));
    g_clear_pointer(&peer->last_response, g_bytes_unref);
    g_clear_pointer(&peer->last_request, g_bytes_unref);
    peer->last_request = g_bytes_ref(octets);
    peer->identifier = packet->identifier;
    return request(peer, packet);
}

/* --- The end --- */

static const EapAction *
success(EapPeer *peer)
{
    const Secret *msk = NULL;
    bool mutual = false;
    if (peer->method == NULL || peer->asking || !peer->method->finished(peer->state, &msk, &mutual))
        return fail(peer, g_strdup("the server says that we are in before the sign-in is over"));
    peer->action.msk = msk;
    peer->action.mutual = mutual;
    return act(peer, EAP_ACTION_SUCCESS);
}

static void
append_name(GString *text, const char *name, const char *between)
{
    g_string_append_printf(text, "%s%s", text->len > 0 ? between : "", name);
}

static char *
name_refused(const EapPeer *peer)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < peer->n_refused; i++) {
        g_autofree char *name = eap_type_to_string(peer->refused[i]);
        append_name(text, name, ", then ");
    }
    return g_string_free(text, FALSE);
}

static char *
name_allowed(const EapPeer *peer)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++)
        if (is_usable(peer, methods[i]))
            append_name(text, methods[i]->name, " or ");
    return g_string_free(text, FALSE);
}

/* Nobody could agree on a method. */
static char *
no_method(const EapPeer *peer)
{
    g_autofree char *offered = name_refused(peer);
    g_autofree char *allowed = name_allowed(peer);
    if (*allowed == '\0')
        return g_strdup_printf("the server wants %s, and the profile has what is needed for no "
                               "method at all",
                               offered);
    return g_strdup_printf("the server wants %s and takes nothing else, but the profile allows %s",
                           offered, allowed);
}

static const EapAction *
failure(EapPeer *peer)
{
    if (peer->method == NULL && peer->n_refused > 0)
        return fail(peer, no_method(peer));
    if (peer->method == NULL)
        return fail(peer, g_strdup("the server does not know the user"));
    if (peer->method->type == EAP_TYPE_TLS)
        return fail(peer, g_strdup("the server does not let us in: it may not accept our "
                                   "certificate"));
    return fail(peer, g_strdup("the server does not let us in: the password may be wrong, or it "
                               "does not know the user"));
}

const EapAction *
eap_peer_receive(EapPeer *peer, GBytes *octets)
{
    EapPacket packet;
    forget_action(peer);
    if (!eap_packet_parse(octets, &packet))
        return act(peer, EAP_ACTION_IGNORE);
    switch (packet.code) {
    case EAP_CODE_REQUEST:
        return new_request(peer, octets, &packet);
    case EAP_CODE_SUCCESS:
        return success(peer);
    case EAP_CODE_FAILURE:
        return failure(peer);
    default:
        return act(peer, EAP_ACTION_IGNORE);
    }
}

const EapAction *
eap_peer_answer(EapPeer *peer, const EapAnswer *answer)
{
    g_auto(EapStep) step = { 0 };
    forget_action(peer);
    if (!peer->asking)
        return act(peer, EAP_ACTION_IGNORE);
    peer->asking = false;
    if (!answer->ok)
        return fail(
            peer, g_strdup(answer->detail != NULL ? answer->detail : "what it needs is not there"));
    peer->method->answer(peer->state, answer, &step);
    return take_step(peer, &step);
}
