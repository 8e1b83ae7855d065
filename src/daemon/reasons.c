#include "config.h"

#include "daemon/connection-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct {
    const char *reason;
    const char *what;  /* sentence before the detail */
    const char *to_do; /* sentence after it; one %s: where in the profile */
    const char *group, *key;
} ReasonWords;

static const ReasonWords words[] = {
    { "GatewayUnreachable", N_("Nobody answers."),
      N_("Check this network, and the gateway's address %s."), "gateway", "address" },
    { "NameNotResolved", N_("The gateway's name could not be resolved."),
      N_("Check this network's DNS, and the name %s."), "gateway", "address" },
    { "AuthenticationFailed.Gateway", N_("The gateway could not prove who it is."),
      N_("If it uses a pre-shared key, check the key: secret-file %s."), "user", "secret-file" },
    { "AuthenticationFailed.User", N_("The gateway does not accept us."),
      N_("Check who you are, and your key, certificate or password: id %s."), "user", "id" },
    { "CertificateExpired", N_("The gateway's certificate has expired."),
      N_("Ask who runs the gateway for a new one, and check this machine's clock."), NULL, NULL },
    { "CertificateNotYetValid", N_("The gateway's certificate is not valid yet."),
      N_("Check this machine's clock."), NULL, NULL },
    { "CertificateUntrusted", N_("The gateway's certificate is not trusted."),
      N_("Someone else may be answering; else name the right authority: ca %s."), "gateway", "ca" },
    { "CertificateRevoked", N_("The gateway's certificate has been revoked."),
      N_("Someone else may be answering: ask who runs the gateway."), NULL, NULL },
    { "RevocationUnknown", N_("Nobody can say whether the gateway's certificate has been revoked."),
      N_("Try again later, or do without: revocation = soft %s."), "gateway", "revocation" },
    { "IdentityMismatch", N_("The gateway is not who the profile expects."),
      N_("Someone else may be answering, or the profile is out of date: id %s."), "gateway", "id" },
    { "NoCommonProposal", N_("The gateway accepts none of our algorithms."),
      N_("Ask who runs the gateway which ones it wants; an old one may need legacy = yes. Set ike "
         "and "
         "esp %s."),
      "proposals", "ike" },
    { "PostQuantumKeyRefused", N_("The gateway does not use the post-quantum pre-shared key."),
      N_("Ask who runs the gateway whether it has the key; else set ppk = optional: ppk %s."),
      "user", "ppk" },
    { "SelectorsRefused", N_("The gateway does not give the networks that are asked for."),
      N_("Check include %s."), "network", "include" },
    { "AddressRefused", N_("The gateway has no address for us."),
      N_("Its pool may be exhausted: try later, or ask who runs it."), NULL, NULL },
    { "RedirectRefused", N_("The gateway sends us to another one, where we do not go."),
      N_("If that is right, set redirect = yes %s."), "gateway", "redirect" },
    { "SecretUnavailable", N_("A key or password cannot be used."), NULL, NULL, NULL },
    { "ProtocolError", N_("The gateway does not follow the protocol."), NULL, NULL, NULL },
    { "SystemError", N_("This machine refused something that the tunnel needs."), NULL, NULL,
      NULL },
    { "PeerGone", N_("The gateway does not answer any more."), NULL, NULL, NULL },
    { "PeerDeleted", N_("The gateway ended the session."), NULL, NULL, NULL },
    { "TunnelProcessDied", N_("The process that held the session ended."), NULL, NULL, NULL },
};

bool
reason_is_known(const char *reason)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i].reason, reason) == 0)
            return true;
    return *reason == '\0' || strcmp(reason, GINNEL_REASON_REQUESTED) == 0;
}

static void
append_sentence(GString *text, const char *sentence)
{
    if (sentence == NULL || *sentence == '\0')
        return;
    if (text->len > 0)
        g_string_append_c(text, ' ');
    g_string_append(text, sentence);
    char last = sentence[strlen(sentence) - 1];
    if (last != '.' && last != '!' && last != '?')
        g_string_append_c(text, '.');
}

char *
reason_to_sentence(const Profile *profile, const char *reason, const char *detail)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        const ReasonWords *row = &words[i];
        if (strcmp(row->reason, reason) != 0)
            continue;
        append_sentence(text, _(row->what));
        append_sentence(text, detail);
        if (row->to_do != NULL && row->group != NULL) {
            g_autofree char *place = profile_describe_key(profile, row->group, row->key);
            /* The format is one of ours, or a translation of it that msgfmt has checked. */
            g_auto(GStrv) parts = g_strsplit(_(row->to_do), "%s", 2);
            g_autofree char *sentence = g_strjoinv(place, parts);
            append_sentence(text, sentence);
        } else if (row->to_do != NULL) {
            append_sentence(text, _(row->to_do));
        }
        return g_string_free(text, FALSE);
    }
    append_sentence(text, detail);
    return g_string_free(text, FALSE);
}
