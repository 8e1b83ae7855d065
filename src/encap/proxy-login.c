#include "encap/proxy-login.h"

#include <string.h>

#define TOKEN_MARKS "!#$%&'*+-.^_`|~"

/* ---- what the proxy wants ---- */

/* One challenge as it is read. */
typedef struct {
    ProxyChallenge found;
    bool unusable; /* of an algorithm or quality that we do not know */
} Reading;

static const char *
skip(const char *text, const char *marks)
{
    return text + strspn(text, marks);
}

static char *
take_token(const char **text)
{
    const char *end = *text;
    while (g_ascii_isalnum(*end) || (*end != '\0' && strchr(TOKEN_MARKS, *end) != NULL))
        end++;
    char *token = g_strndup(*text, (gsize)(end - *text));
    *text = end;
    return token;
}

static char *
take_quoted(const char **text)
{
    GString *out = g_string_new(NULL);
    const char *at = *text + 1;
    for (; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0')
            at++;
        g_string_append_c(out, *at);
    }
    *text = *at == '"' ? at + 1 : at;
    return g_string_free(out, FALSE);
}

static bool
lists(const char *value, const char *word)
{
    g_auto(GStrv) words = g_strsplit_set(value, ", \t", -1);
    for (size_t i = 0; words[i] != NULL; i++)
        if (g_ascii_strcasecmp(words[i], word) == 0)
            return true;
    return false;
}

static void
note(Reading *reading, const char *name, char *value /* taken */)
{
    g_autofree char *text = value;
    ProxyChallenge *found = &reading->found;
    char **field = g_ascii_strcasecmp(name, "realm") == 0    ? &found->realm
                   : g_ascii_strcasecmp(name, "nonce") == 0  ? &found->nonce
                   : g_ascii_strcasecmp(name, "opaque") == 0 ? &found->opaque
                                                             : NULL;
    if (field != NULL) {
        g_free(*field);
        *field = g_steal_pointer(&text);
    } else if (g_ascii_strcasecmp(name, "stale") == 0) {
        found->stale = g_ascii_strcasecmp(text, "true") == 0;
    } else if (g_ascii_strcasecmp(name, "algorithm") == 0) {
        found->sha256 = g_ascii_strcasecmp(text, "SHA-256") == 0;
        reading->unusable |= !found->sha256 && g_ascii_strcasecmp(text, "MD5") != 0;
    } else if (g_ascii_strcasecmp(name, "qop") == 0) {
        found->auth = lists(text, "auth");
        reading->unusable |= !found->auth;
    }
}

/* Takes it where it is better than what there was. */
static void
end_reading(Reading *reading, ProxyChallenge *best)
{
    ProxyChallenge *found = &reading->found;
    bool digest = found->scheme == PROXY_LOGIN_DIGEST;
    bool usable = !digest || (found->nonce != NULL && !reading->unusable);
    bool better = found->scheme > best->scheme ||
                  (digest && best->scheme == PROXY_LOGIN_DIGEST && found->sha256 && !best->sha256);
    if (usable && better) {
        proxy_challenge_clear(best);
        *best = *found;
    } else {
        proxy_challenge_clear(found);
    }
    *reading = (Reading){ 0 };
}

static ProxyLoginScheme
scheme_of(const char *name)
{
    return g_ascii_strcasecmp(name, "Digest") == 0  ? PROXY_LOGIN_DIGEST
           : g_ascii_strcasecmp(name, "Basic") == 0 ? PROXY_LOGIN_BASIC
                                                    : PROXY_LOGIN_NONE;
}

void
proxy_challenge_parse(const char *text, ProxyChallenge *out)
{
    Reading reading = { 0 };
    *out = (ProxyChallenge){ 0 };
    for (text = skip(text, ", \t"); *text != '\0'; text = skip(text, ", \t")) {
        g_autofree char *name = take_token(&text);
        const char *value = skip(text, " \t");
        if (*name == '\0') { /* nothing that the grammar has */
            text++;
        } else if (*value == '=') {
            text = skip(value + 1, " \t");
            note(&reading, name, *text == '"' ? take_quoted(&text) : take_token(&text));
        } else {
            end_reading(&reading, out);
            reading.found.scheme = scheme_of(name);
        }
    }
    end_reading(&reading, out);
    if (out->realm == NULL)
        out->realm = g_strdup("");
}

void
proxy_challenge_clear(ProxyChallenge *challenge)
{
    g_clear_pointer(&challenge->realm, g_free);
    g_clear_pointer(&challenge->nonce, g_free);
    g_clear_pointer(&challenge->opaque, g_free);
    *challenge = (ProxyChallenge){ 0 };
}

/* ---- the answer ---- */

static Secret *
joined(const char *begin, const char *user, const Secret *password)
{
    size_t first = strlen(begin), second = strlen(user),
           third = password != NULL ? secret_length(password) : 0;
    uint8_t *out;
    Secret *secret = secret_new_blank(first + second + 1 + third, &out);
    memcpy(out, begin, first);
    memcpy(out + first, user, second);
    out[first + second] = ':';
    if (third > 0)
        memcpy(out + first + second + 1, secret_data(password), third);
    return secret;
}

static Secret *
answer_basic(const char *user, const Secret *password)
{
    if (strchr(user, ':') != NULL) /* RFC 7617, section 2 */
        return NULL;
    g_autoptr(Secret) plain = joined("", user, password);
    g_autofree char *text = g_base64_encode(secret_data(plain), secret_length(plain));
    g_autofree char *value = g_strconcat("Basic ", text, NULL);
    Secret *secret = secret_new(value, strlen(value));
    secret_wipe(text, strlen(text));
    secret_wipe(value, strlen(value));
    return secret;
}

static char *
quoted(const char *text)
{
    GString *out = g_string_new("\"");
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text);
    }
    return g_string_free(g_string_append_c(out, '"'), FALSE);
}

/* RFC 7616, sections 3.4.1 to 3.4.3. */
static char *
digest_response(const ProxyChallenge *challenge, const ProxyLogin *login)
{
    GChecksumType hash = challenge->sha256 ? G_CHECKSUM_SHA256 : G_CHECKSUM_MD5;
    g_autofree char *begin = g_strconcat(login->user, ":", NULL);
    g_autoptr(Secret) a1 = joined(begin, challenge->realm, login->password);
    g_autofree char *a2 = g_strconcat(login->method, ":", login->target, NULL);
    g_autofree char *h1 = g_compute_checksum_for_data(hash, secret_data(a1), secret_length(a1));
    g_autofree char *h2 = g_compute_checksum_for_string(hash, a2, -1);
    g_autofree char *middle =
        challenge->auth ? g_strconcat(":00000001:", login->cnonce, ":auth:", NULL) : g_strdup(":");
    g_autofree char *whole = g_strconcat(h1, ":", challenge->nonce, middle, h2, NULL);
    return g_compute_checksum_for_string(hash, whole, -1);
}

static Secret *
answer_digest(const ProxyChallenge *challenge, const ProxyLogin *login)
{
    g_autofree char *response = digest_response(challenge, login);
    g_autofree char *name = quoted(login->user);
    g_autofree char *realm = quoted(challenge->realm);
    g_autofree char *nonce = quoted(challenge->nonce);
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_printf(out, "Digest username=%s, realm=%s, nonce=%s, uri=\"%s\", response=\"%s\"",
                    name, realm, nonce, login->target, response);
    g_string_append_printf(out, ", algorithm=%s", challenge->sha256 ? "SHA-256" : "MD5");
    if (challenge->opaque != NULL) {
        g_autofree char *opaque = quoted(challenge->opaque);
        g_string_append_printf(out, ", opaque=%s", opaque);
    }
    if (challenge->auth)
        g_string_append_printf(out, ", qop=auth, nc=00000001, cnonce=\"%s\"", login->cnonce);
    return secret_new(out->str, out->len);
}

Secret *
proxy_challenge_answer(const ProxyChallenge *challenge, const ProxyLogin *login)
{
    return challenge->scheme == PROXY_LOGIN_DIGEST ? answer_digest(challenge, login)
                                                   : answer_basic(login->user, login->password);
}
