#include "config.h"

#include "token/service.h"

#include "channel/channel.h"
#include "crypto/pkcs11.h"

struct _TokenService {
    Channel *channel;
    void (*closed)(gpointer user_data);
    gpointer user_data;
    bool used;
};

static int
code_of(const GError *error)
{
    if (error == NULL)
        return RECORD_TOKEN_OK;
    if (error->domain != PKCS11_ERROR)
        return RECORD_TOKEN_FAILED;
    switch ((Pkcs11Error)error->code) {
    case PKCS11_ERROR_FAILED:
        return RECORD_TOKEN_FAILED;
    case PKCS11_ERROR_PIN_NEEDED:
        return RECORD_TOKEN_PIN_NEEDED;
    case PKCS11_ERROR_PIN_WRONG:
        return RECORD_TOKEN_PIN_WRONG;
    case PKCS11_ERROR_PIN_LOCKED:
        return RECORD_TOKEN_PIN_LOCKED;
    case PKCS11_ERROR_PIN_LAST:
        return RECORD_TOKEN_PIN_LAST;
    case PKCS11_ERROR_ABSENT:
        return RECORD_TOKEN_ABSENT;
    case PKCS11_ERROR_SEVERAL:
        return RECORD_TOKEN_SEVERAL;
    }
    return RECORD_TOKEN_FAILED;
}

static GVariant *
octets_or_none(GBytes *bytes)
{
    return bytes != NULL ? channel_variant_from_bytes(bytes) : channel_variant_from_octets(NULL, 0);
}

static void
answer_read(TokenService *service, GVariant *body)
{
    g_autoptr(GError) error = NULL;
    const char *uri;
    g_variant_get(body, "(&s)", &uri);
    g_autoptr(GBytes) pem = pkcs11_read_certificates(uri, &error);
    channel_send(service->channel, RECORD_TOKEN_CERTIFICATE,
                 g_variant_new("(y@ays)", code_of(error), octets_or_none(pem),
                               error != NULL ? error->message : ""),
                 NULL, 0);
}

/* pin: of a record; NULL where it is empty. */
static Secret *
pin_or_none(GVariant *pin)
{
    return g_variant_get_size(pin) > 0 ? channel_secret_from_variant(pin) : NULL;
}

static void
send_signed(TokenService *service, uint8_t method, GBytes *octets, const GError *error,
            const char *token)
{
    channel_send(service->channel, RECORD_TOKEN_SIGNED,
                 g_variant_new("(yy@ayss)", code_of(error), method, octets_or_none(octets),
                               error != NULL ? error->message : "", token != NULL ? token : ""),
                 NULL, 0);
}

static void
answer_sign(TokenService *service, GVariant *body)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) pin = NULL, id = NULL, request = NULL;
    g_autoptr(GBytes) auth = NULL;
    g_autofree char *token = NULL;
    gboolean rsa_pkcs1;
    uint8_t method = 0;
    Pkcs11Sign sign = { 0 };
    g_variant_get(body, "(&s@ayby@ay@(uayayqayaqay))", &sign.uri, &pin, &rsa_pkcs1, &sign.id_type,
                  &id, &request);
    g_autoptr(Secret) secret = pin_or_none(pin);
    g_autoptr(GBytes) octets = channel_bytes_from_variant(id);
    sign.pin = secret;
    sign.rsa_pkcs1 = rsa_pkcs1;
    sign.id = octets;
    sign.request = request;
    pkcs11_sign(&sign, &method, &auth, &token, &error);
    send_signed(service, method, auth, error, token);
}

static void
answer_sign_tls(TokenService *service, GVariant *body)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) pin = NULL, request = NULL;
    g_autoptr(GBytes) signature = NULL;
    g_autofree char *token = NULL;
    const char *uri;
    g_variant_get(body, "(&s@ay@(uqay))", &uri, &pin, &request);
    g_autoptr(Secret) secret = pin_or_none(pin);
    pkcs11_sign_tls(uri, secret, request, &signature, &token, &error);
    send_signed(service, 0, signature, error, token);
}

static void
received(Channel *channel, RecordType type, GVariant *body, int *fds, size_t n_fds, gpointer data)
{
    TokenService *service = data;
    bool first = !service->used;
    service->used = true;
    if (first && type == RECORD_TOKEN_READ)
        answer_read(service, body);
    else if (first && type == RECORD_TOKEN_SIGN)
        answer_sign(service, body);
    else if (first && type == RECORD_TOKEN_SIGN_TLS)
        answer_sign_tls(service, body);
    else
        service->closed(service->user_data);
}

static void
closed(Channel *channel, const GError *error, gpointer data)
{
    TokenService *service = data;
    service->closed(service->user_data);
}

static const ChannelHandler handler = { received, closed };

TokenService *
token_service_new(int fd, void (*on_closed)(gpointer user_data), gpointer user_data)
{
    TokenService *service = g_new0(TokenService, 1);
    service->closed = on_closed;
    service->user_data = user_data;
    service->channel = channel_new(fd, &handler, service);
    return service;
}

void
token_service_free(TokenService *service)
{
    channel_free(service->channel);
    g_free(service);
}
