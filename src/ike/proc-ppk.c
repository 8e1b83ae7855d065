/*
 * The post-quantum pre-shared key (RFC 8784): whether it is used, what is said of it in IKE_AUTH,
 * and which of the two sets of keys counts afterwards. The key itself never comes here: the caller
 * mixes it into SK_d, SK_pi and SK_pr.
 */
#include "ike/proc.h"

bool
proc_ppk_in_use(const IkeEngine *engine)
{
    return engine->setup.plain.d != NULL;
}

static void
ask(IkeEngine *engine, IkeSa *sa)
{
    sa->state = SA_CREATE_LOCAL_PPK;
    IkeCredentialRequest *request = proc_auth_ask(engine, sa, IKE_CREDENTIAL_PPK);
    request->sk_d = secret_ref(sa->keys.d);
    request->sk_pi = secret_ref(sa->keys.pi);
    request->sk_pr = secret_ref(sa->keys.pr);
}

static bool
comes_behind_eap(const IkeEngine *engine)
{
    return engine->config->local_auth == IKE_AUTH_EAP;
}

/* With EAP it comes into play with our AUTH, behind the method; the gateway's first AUTH is made
 * without (RFC 8784, section 3). */
void
proc_ppk_start(IkeEngine *engine, IkeSa *sa)
{
    if (engine->setup.peer_ppk && !comes_behind_eap(engine))
        ask(engine, sa);
    else
        proc_auth_start(engine, sa);
}

void
proc_ppk_before_auth(IkeEngine *engine, IkeSa *sa)
{
    if (engine->setup.peer_ppk && !engine->setup.ppk_told)
        ask(engine, sa);
    else
        proc_eap_send_auth(engine, sa);
}

static bool
fits(const Secret *mixed, const Secret *plain)
{
    return mixed != NULL && secret_length(mixed) == secret_length(plain);
}

void
proc_ppk_mixed(IkeEngine *engine, IkeSa *sa, const IkeCredential *credential)
{
    IkeKeys *keys = &sa->keys;
    if (!credential->ok || !fits(credential->sk_d, keys->d) || !fits(credential->sk_pi, keys->pi) ||
        !fits(credential->sk_pr, keys->pr)) {
        engine_closed(engine, IKE_CLOSE_CREDENTIAL,
                      "the post-quantum pre-shared key could not be used%s%s",
                      credential->detail != NULL ? ": " : "",
                      credential->detail != NULL ? credential->detail : "");
        return;
    }
    engine->setup.plain = (IkeKeys){ .d = keys->d, .pi = keys->pi, .pr = keys->pr };
    keys->d = secret_ref((Secret *)credential->sk_d);
    keys->pi = secret_ref((Secret *)credential->sk_pi);
    keys->pr = secret_ref((Secret *)credential->sk_pr);
    if (comes_behind_eap(engine))
        proc_eap_send_auth(engine, sa);
    else
        proc_auth_start(engine, sa);
}

bool
proc_ppk_wants_plain_auth(const IkeEngine *engine)
{
    return proc_ppk_in_use(engine) && !engine->config->ppk_required && !engine->setup.ppk_told;
}

void
proc_ppk_add(IkeEngine *engine, IkeMessage *message, GBytes *plain_auth)
{
    gsize length;
    if (!proc_ppk_in_use(engine) || engine->setup.ppk_told)
        return;
    engine->setup.ppk_told = engine->setup.ppk_awaited = true;
    const void *id = g_bytes_get_data(engine->config->ppk_id, &length);
    ike_message_add_notify(message, IKE_NOTIFY_PPK_IDENTITY, id, length);
    if (plain_auth == NULL)
        return;
    const void *auth = g_bytes_get_data(plain_auth, &length);
    ike_message_add_notify(message, IKE_NOTIFY_NO_PPK_AUTH, auth, length);
}

bool
proc_ppk_answered(IkeEngine *engine, IkeSa *sa, const IkeMessage *message)
{
    IkeKeys *keys = &sa->keys, *plain = &engine->setup.plain;
    bool awaited = engine->setup.ppk_awaited;
    engine->setup.ppk_awaited = false;
    if (!awaited || ike_message_find_notify(message, IKE_NOTIFY_PPK_IDENTITY) != NULL)
        return true;
    if (engine->config->ppk_required) {
        engine_close_unauthenticated(engine, IKE_CLOSE_PPK,
                                     "the gateway went on without the post-quantum pre-shared key "
                                     "(PPK), which the profile requires");
        return false;
    }
    secret_unref(keys->d);
    secret_unref(keys->pi);
    secret_unref(keys->pr);
    keys->d = g_steal_pointer(&plain->d);
    keys->pi = g_steal_pointer(&plain->pi);
    keys->pr = g_steal_pointer(&plain->pr);
    return true;
}
