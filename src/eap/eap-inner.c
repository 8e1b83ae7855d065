#include "config.h"

#include "eap/eap-inner.h"

#include "eap/eap-packet.h"

void
eap_inner_init(EapInner *inner, const EapConfig *config, Rng *rng)
{
    const char *name = config->inner_identity != NULL ? config->inner_identity : config->identity;
    const EapConfig own = { .methods = config->inner_methods & EAP_INNER_METHODS,
                            .identity = name,
                            .wall_clock_s = config->wall_clock_s };
    *inner = (EapInner){ .peer = eap_peer_new(&own, rng) };
}

void
eap_inner_clear(EapInner *inner)
{
    g_clear_pointer(&inner->peer, eap_peer_free);
}

static EapQuestion *
copy_question(const EapQuestion *question)
{
    EapQuestion *copy = g_memdup2(question, sizeof *question);
    copy->user_name = g_strdup(question->user_name);
    copy->prompt = g_strdup(question->prompt);
    copy->challenge = question->challenge != NULL ? g_bytes_ref(question->challenge) : NULL;
    copy->octets = question->octets != NULL ? g_bytes_ref(question->octets) : NULL;
    copy->chain = NULL; /* nothing inside has certificates of its own */
    return copy;
}

static GBytes *
take(EapInner *inner, const EapAction *action, EapStep *step)
{
    if (action->method != NULL)
        inner->method = action->method;
    switch (action->kind) {
    case EAP_ACTION_ASK:
        step->kind = EAP_STEP_ASK;
        step->question = copy_question(action->question);
        break;
    case EAP_ACTION_FAILURE:
        step->kind = EAP_STEP_FAILURE;
        step->detail = g_strdup(action->detail);
        break;
    case EAP_ACTION_IGNORE:
    case EAP_ACTION_SEND:
    case EAP_ACTION_SUCCESS:
        break;
    }
    return action->packet != NULL ? g_bytes_ref(action->packet) : NULL;
}

GBytes *
eap_inner_receive(EapInner *inner, GBytes *packet, EapStep *step)
{
    return take(inner, eap_peer_receive(inner->peer, packet), step);
}

GBytes *
eap_inner_answer(EapInner *inner, const EapAnswer *answer, EapStep *step)
{
    return take(inner, eap_peer_answer(inner->peer, answer), step);
}

bool
eap_inner_succeed(EapInner *inner, const Secret **msk)
{
    static const uint8_t success[] = { EAP_CODE_SUCCESS, 0, 0, EAP_HEADER_LENGTH };
    g_autoptr(GBytes) packet = g_bytes_new_static(success, sizeof success);
    const EapAction *action = eap_peer_receive(inner->peer, packet);
    if (msk != NULL)
        *msk = action->kind == EAP_ACTION_SUCCESS ? action->msk : NULL;
    return action->kind == EAP_ACTION_SUCCESS;
}
