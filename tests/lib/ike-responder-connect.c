/* The first two exchanges of the test responder, with its faults. */
#include "ike-responder-private.h"

#include "crypto/algorithms.h"
#include "ike/auth.h"
#include "ike/nat-detection.h"

#define COOKIE_LENGTH 16
#define MAX_HASHES    16
#define UNKNOWN_TYPE  200 /* a payload type that nobody has */

/* --- IKE_SA_INIT --- */

static void
add_puzzle(IkeMessage *reply, uint8_t bits)
{
    const uint8_t data[] = { 0, PRF_HMAC_SHA2_384, bits };
    ike_message_add_notify(reply, IKE_NOTIFY_PUZZLE, data, sizeof data);
}

static void
check_puzzle(IkeResponder *responder, const IkeMessage *request, uint8_t bits, GBytes *octets)
{
    const IkePayload *solution = ike_message_find(request, IKE_PAYLOAD_PUZZLE);
    if (solution != NULL &&
        puzzle_is_solved_by(PRF_HMAC_SHA2_384, bits, octets, solution->puzzle.keys))
        responder->solved++;
}

static void
refuse_init(IkeResponder *responder, const IkePath *path, const IkeMessage *request, uint16_t type,
            const void *data, size_t length)
{
    IkeHeader header = { .spi_i = request->header.spi_i,
                         .exchange = request->header.exchange,
                         .flags = IKE_FLAG_RESPONSE };
    g_autoptr(IkeMessage) reply = ike_message_new(&header);
    ike_message_add_notify(reply, type, data, length);
    if (type == IKE_NOTIFY_COOKIE && responder->faults.puzzle_bits != 0)
        add_puzzle(reply, responder->faults.puzzle_bits);
    g_autoptr(GBytes) datagram = ike_message_write(reply, NULL);
    responder_emit(responder, path, datagram, false);
}

/* <--  HDR(A,0), N(REDIRECT, gateway, Ni) */
static void
redirect_init(IkeResponder *responder, const IkePath *path, const IkeMessage *request)
{
    const ResponderFaults *faults = &responder->faults;
    g_auto(ByteWriter) writer = { 0 };
    byte_writer_init(&writer, G_MAXUINT16);
    byte_writer_bytes(&writer, faults->redirect_init);
    byte_writer_bytes(&writer, ike_message_find(request, IKE_PAYLOAD_NONCE)->nonce.data);
    g_autoptr(GBytes) data = byte_writer_end(&writer);
    gsize length;
    g_autofree uint8_t *octets = g_memdup2(g_bytes_get_data(data, &length), g_bytes_get_size(data));
    octets[length - 1] ^= faults->redirect_wrong_nonce;
    refuse_init(responder, path, request, IKE_NOTIFY_REDIRECT, octets, length);
}

/* True: refused, for now. */
bool
responder_refuse(IkeResponder *responder, const IkePath *path, const IkeMessage *request)
{
    ResponderFaults *faults = &responder->faults;
    const PayloadNotify *cookie = ike_message_find_notify(request, IKE_NOTIFY_COOKIE);
    bool fresh = cookie == NULL || responder->cookie == NULL ||
                 !g_bytes_equal(cookie->data, responder->cookie) || faults->cookie_forever;
    if (faults->wrong_version) {
        refuse_init(responder, path, request, IKE_NOTIFY_INVALID_MAJOR_VERSION, NULL, 0);
        return true;
    }
    if (!fresh && faults->puzzle_bits != 0)
        check_puzzle(responder, request, faults->puzzle_bits, cookie->data);
    if ((faults->want_cookie || faults->cookie_forever) && fresh) {
        uint8_t octets[COOKIE_LENGTH];
        /* The same for a repeated request, as a cookie that is computed would be. */
        if (responder->cookie == NULL || faults->cookie_forever) {
            rng_fill(responder->rng, octets, sizeof octets);
            g_clear_pointer(&responder->cookie, g_bytes_unref);
            responder->cookie = g_bytes_new(octets, sizeof octets);
        }
        refuse_init(responder, path, request, IKE_NOTIFY_COOKIE,
                    g_bytes_get_data(responder->cookie, NULL), COOKIE_LENGTH);
        return true;
    }
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    if (faults->want_group != 0 && ke != NULL && ke->ke.group != faults->want_group) {
        const uint16_t group = GUINT16_TO_BE(faults->want_group);
        refuse_init(responder, path, request, IKE_NOTIFY_INVALID_KE_PAYLOAD, &group, sizeof group);
        return true;
    }
    if (faults->redirect_init != NULL) {
        redirect_init(responder, path, request);
        return true;
    }
    if (faults->init_error != 0)
        refuse_init(responder, path, request, faults->init_error, NULL, 0);
    return faults->init_error != 0;
}

static void
read_hashes(ResponderSa *sa, const IkeMessage *request)
{
    uint16_t hash;
    const PayloadNotify *notify =
        ike_message_find_notify(request, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS);
    if (notify == NULL)
        return;
    ByteReader reader = byte_reader_for_bytes(notify->data);
    while (sa->hashes->len < MAX_HASHES && byte_reader_u16(&reader, &hash))
        g_array_append_val(sa->hashes, hash);
}

void
responder_add_init_notifies(IkeResponder *responder, ResponderSa *sa, const IkePath *path,
                            IkeMessage *reply)
{
    const ResponderFaults *faults = &responder->faults;
    const uint16_t hashes[] = { GUINT16_TO_BE(HASH_SHA2_256), GUINT16_TO_BE(HASH_SHA2_384),
                                GUINT16_TO_BE(HASH_SHA2_512) };
    uint8_t hash[NAT_DETECTION_LENGTH];
    IkeSa *ike = sa->ike;
    if (nat_detection_hash(ike->spi_i, ike->spi_r, &path->local, hash))
        ike_message_add_notify(reply, IKE_NOTIFY_NAT_DETECTION_SOURCE_IP, hash, sizeof hash);
    if (nat_detection_hash(ike->spi_i, ike->spi_r, &path->remote, hash)) {
        hash[0] ^= faults->nat;
        ike_message_add_notify(reply, IKE_NOTIFY_NAT_DETECTION_DESTINATION_IP, hash, sizeof hash);
    }
    if (ike->fragmentation)
        ike_message_add_notify(reply, IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
    if (faults->auth_puzzle_bits != 0)
        add_puzzle(reply, faults->auth_puzzle_bits);
    if (responder->config->childless)
        ike_message_add_notify(reply, IKE_NOTIFY_CHILDLESS_IKEV2_SUPPORTED, NULL, 0);
    if (responder->config->second_eap && !faults->no_multiple_auth)
        ike_message_add_notify(reply, IKE_NOTIFY_MULTIPLE_AUTH_SUPPORTED, NULL, 0);
    if (responder->config->authorities != NULL)
        ike_message_add_certreq(reply, IKE_CERT_X509_SIGNATURE, responder->config->authorities);
    if (!faults->legacy_signatures)
        ike_message_add_notify(reply, IKE_NOTIFY_SIGNATURE_HASH_ALGORITHMS, hashes, sizeof hashes);
}

/* <--  HDR, SAr1, KEr, Nr, N(...) */
static void
answer_init(IkeResponder *responder, const IkePath *path, const IkeMessage *request,
            const IkeSuite *suite)
{
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    g_autoptr(GBytes) public = NULL;
    g_autoptr(Secret) shared = NULL;
    if (!kex_respond(suite->ke, responder->rng, ke->ke.data, &public, &shared, NULL))
        return;
    ResponderSa *sa =
        responder_sa_new(responder, request->header.spi_i, responder_u64(responder), false);
    sa->path = *path;
    sa->init_request = g_bytes_ref(request->octets);
    sa->nonce_i = g_bytes_ref(ike_message_find(request, IKE_PAYLOAD_NONCE)->nonce.data);
    sa->nonce_r = responder_nonce(responder);
    sa->ike->fragmentation =
        !responder->faults.no_fragments &&
        ike_message_find_notify(request, IKE_NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED) != NULL;
    read_hashes(sa, request);
    IkeKeySeed seed = { sa->nonce_i, sa->nonce_r, sa->ike->spi_i, sa->ike->spi_r };
    g_auto(IkeKeys) keys = { 0 };
    bool ok = ike_keys_derive(suite, shared, &seed, &keys) &&
              ike_sa_set_keys(sa->ike, suite, &keys, responder->rng);
    g_assert(ok);
    g_autoptr(IkeMessage) reply = ike_sa_new_response(sa->ike, IKE_EXCHANGE_SA_INIT, 0);
    g_autoptr(IkeProposalList) answer = ike_suite_to_answer(suite, NULL, 0);
    ike_message_add_sa(reply, answer);
    ike_message_add_ke(reply, suite->ke, public);
    ike_message_add_nonce(reply, sa->nonce_r);
    responder_add_init_notifies(responder, sa, path, reply);
    responder_add_pq_notifies(responder, sa, request, reply);
    sa->init_response = ike_message_write(reply, NULL);
    sa->ike->window.next_in = 1;
    responder_emit(responder, path, sa->init_response, false);
}

static ResponderSa *
find_init(const IkeResponder *responder, const IkeMessage *request)
{
    for (guint i = 0; i < responder->sas->len; i++) {
        ResponderSa *sa = g_ptr_array_index(responder->sas, i);
        if (sa->init_request != NULL && g_bytes_equal(sa->init_request, request->octets))
            return sa;
    }
    return NULL;
}

bool
responder_handle_init(IkeResponder *responder, const IkePath *path, const IkeMessage *request)
{
    IkeSuite suite;
    if (ike_message_shape(request, NULL) != IKE_SHAPE_INIT_REQUEST || request->header.spi_r != 0)
        return false;
    ResponderSa *known = find_init(responder, request);
    if (known != NULL) {
        responder_emit(responder, path, known->init_response, false);
        return true;
    }
    if (responder_refuse(responder, path, request))
        return true;
    const IkePayload *ke = ike_message_find(request, IKE_PAYLOAD_KE);
    if (!ike_proposal_list_select(responder->config->ike_proposals,
                                  ike_message_find(request, IKE_PAYLOAD_SA)->sa.proposals,
                                  ke->ke.group, &suite)) {
        refuse_init(responder, path, request, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, NULL, 0);
        return true;
    }
    if (suite.ke != ke->ke.group) {
        const uint16_t group = GUINT16_TO_BE(suite.ke);
        refuse_init(responder, path, request, IKE_NOTIFY_INVALID_KE_PAYLOAD, &group, sizeof group);
        return true;
    }
    answer_init(responder, path, request, &suite);
    return true;
}

/* --- IKE_AUTH --- */

static GBytes *
make_auth(IkeResponder *responder, ResponderSa *sa, uint8_t *method)
{
    const ResponderConfig *config = responder->config;
    const IkeKeys *keys = &sa->ike->keys;
    PayloadId id = { .type = config->id.type, .data = config->id.data };
    g_autoptr(GBytes) body = payload_id_body(&id);
    g_autoptr(Secret) maced_id = auth_maced_id(sa->ike->suite.prf, keys->pr, body);
    if (sa->resumed) {
        *method = AUTH_METHOD_PSK;
        return responder_resume_auth(responder, sa, NULL);
    }
    if (config->key == NULL) {
        g_autoptr(Secret) mac = auth_psk(sa->ike->suite.prf, config->psk, sa->init_response,
                                         sa->nonce_i, maced_id, sa->int_auth);
        *method = AUTH_METHOD_PSK;
        return g_bytes_new(secret_data(mac), secret_length(mac));
    }
    GBytes *auth = NULL;
    g_autoptr(GError) error = NULL;
    Chunk octets[] = { chunk_bytes(sa->init_response), chunk_bytes(sa->nonce_i),
                       chunk_secret(maced_id), responder_int_auth(sa) };
    private_key_sign_auth(config->key, (const uint16_t *)(void *)sa->hashes->data, sa->hashes->len,
                          false, octets, G_N_ELEMENTS(octets), method, &auth, &error);
    g_assert_no_error(error);
    return auth;
}

static void
note_client(IkeResponder *responder, const IkeMessage *request)
{
    const IkePayload *payload = NULL;
    const PayloadId *id = &ike_message_find(request, IKE_PAYLOAD_IDI)->id;
    payload_id_clear(&responder->client);
    responder->client.type = id->type;
    responder->client.data = g_bytes_ref(id->data);
    responder->n_client_certificates = 0;
    while ((payload = ike_message_find_next(request, IKE_PAYLOAD_CERT, payload)) != NULL)
        responder->n_client_certificates++;
}

IkeIdentity
ike_responder_client_id(const IkeResponder *responder)
{
    return (IkeIdentity){ responder->client.type, responder->client.data };
}

guint
ike_responder_client_certificates(const IkeResponder *responder)
{
    return responder->n_client_certificates;
}

static bool
client_is_good(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    const IkePayload *idi = ike_message_find(request, IKE_PAYLOAD_IDI);
    const IkePayload *auth = ike_message_find(request, IKE_PAYLOAD_AUTH);
    const IkePayload *cert = ike_message_find(request, IKE_PAYLOAD_CERT);
    uint16_t prf = sa->ike->suite.prf;
    gsize length;
    g_autoptr(GBytes) given = responder_client_auth(responder, sa, request);
    if (given == NULL)
        return false;
    const uint8_t *data = g_bytes_get_data(given, &length);
    note_client(responder, request);
    g_autoptr(GBytes) body = payload_id_body(&idi->id);
    g_autoptr(Secret) maced_id = auth_maced_id(prf, sa->ike->keys.pi, body);
    if (sa->resumed) {
        g_autoptr(GBytes) expected = responder_resume_auth(responder, sa, &idi->id);
        return g_bytes_equal(expected, given);
    }
    if (responder->config->psk != NULL) {
        g_autoptr(Secret) mac = auth_psk(prf, responder->config->psk, sa->init_request, sa->nonce_r,
                                         maced_id, sa->int_auth);
        return auth->auth.method == AUTH_METHOD_PSK && length == secret_length(mac) &&
               secret_octets_equal(secret_data(mac), data, length);
    }
    if (cert == NULL)
        return false;
    gsize der_length;
    const void *der = g_bytes_get_data(cert->cert.data, &der_length);
    g_autoptr(Certificate) certificate = certificate_new_der(der, der_length, NULL);
    Chunk octets[] = { chunk_bytes(sa->init_request), chunk_bytes(sa->nonce_r),
                       chunk_secret(maced_id), responder_int_auth(sa) };
    return certificate != NULL &&
           certificate_verify_auth(certificate, auth->auth.method, data, length, octets,
                                   G_N_ELEMENTS(octets), NULL);
}

void
responder_add_proof(IkeResponder *responder, ResponderSa *sa, IkeMessage *reply)
{
    const ResponderConfig *config = responder->config;
    uint8_t method = 0;
    g_autoptr(GBytes) auth = make_auth(responder, sa, &method);
    ike_message_add_id(reply, IKE_PAYLOAD_IDR, config->id.type, config->id.data);
    for (guint i = 0; config->chain != NULL && !sa->resumed && i < config->chain->len; i++)
        ike_message_add_cert(reply, IKE_CERT_X509_SIGNATURE,
                             certificate_der(g_ptr_array_index(config->chain, i)));
    if (responder->faults.wrong_auth) {
        gsize length;
        g_autofree uint8_t *octets =
            g_memdup2(g_bytes_get_data(auth, NULL), g_bytes_get_size(auth));
        length = g_bytes_get_size(auth);
        octets[length - 1] ^= 1;
        g_bytes_unref(auth);
        auth = g_bytes_new(octets, length);
    }
    ike_message_add_auth(reply, method, auth);
}

/* RFC 4806, section 4.2 */
static void
add_ocsp(const ResponderConfig *config, const IkeMessage *request, IkeMessage *reply)
{
    const IkePayload *payload = NULL;
    bool asked = false;
    while ((payload = ike_message_find_next(request, IKE_PAYLOAD_CERTREQ, payload)) != NULL)
        asked = asked || payload->certreq.encoding == IKE_CERT_OCSP;
    for (guint i = 0; asked && config->ocsp != NULL && i < config->ocsp->len; i++)
        ike_message_add_cert(reply, IKE_CERT_OCSP, config->ocsp->pdata[i]);
}

static bool
is_address(uint16_t type)
{
    return type == IKE_ATTRIBUTE_INTERNAL_IP4_ADDRESS || type == IKE_ATTRIBUTE_INTERNAL_IP6_ADDRESS;
}

static void
add_attribute(PayloadCp *cp, uint16_t type, GBytes *value)
{
    payload_cp_add(cp, type, g_bytes_get_data(value, NULL), g_bytes_get_size(value));
}

static void
add_wanted(const IkeMessage *request, PayloadCp *cp)
{
    const IkePayload *wanted = ike_message_find(request, IKE_PAYLOAD_CP);
    for (guint i = 0; i < wanted->cp.attributes->len; i++) {
        const CpAttribute *attribute = payload_cp_get(&wanted->cp, i);
        if (is_address(attribute->type) && g_bytes_get_size(attribute->value) > 0)
            add_attribute(cp, attribute->type, attribute->value);
    }
}

static void
add_config(IkeResponder *responder, const IkeMessage *request, IkeMessage *reply)
{
    const GPtrArray *attributes = responder->config->attributes;
    const ResponderFaults *faults = &responder->faults;
    if (faults->no_config)
        return;
    PayloadCp *cp = ike_message_add_cp(reply, IKE_CFG_REPLY);
    if (faults->give_wanted)
        add_wanted(request, cp);
    for (guint i = 0; attributes != NULL && i < attributes->len; i++) {
        const IkeConfigAttribute *attribute = g_ptr_array_index(attributes, i);
        if (!is_address(attribute->type) || (!faults->no_address && !faults->give_wanted))
            add_attribute(cp, attribute->type, attribute->value);
    }
}

/* A response whose plaintext is not what the codec would write. */
static void
answer_raw(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request, uint8_t first,
           const uint8_t *plain, size_t length)
{
    g_autoptr(IkeMessage) empty =
        ike_sa_new_response(sa->ike, request->header.exchange, request->header.message_id);
    GPtrArray *datagrams = responder_seal_raw(sa, &empty->header, first, plain, length);
    window_responded(&sa->ike->window, datagrams);
    responder_emit_all(responder, &sa->path, datagrams, false);
}

static bool
answer_auth_by_fault(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                     IkeMessage *reply)
{
    static const uint8_t lying_length[] = { 0, 0, 0, 200, 1, 2, 3, 4 };
    static const uint8_t critical[] = { 0, 0x80, 0, 4 };
    const ResponderFaults *faults = &responder->faults;
    uint16_t type = faults->auth_error;
    if (type == 0 && !client_is_good(responder, sa, request))
        type = IKE_NOTIFY_AUTHENTICATION_FAILED;
    if (faults->malformed_auth)
        answer_raw(responder, sa, request, IKE_PAYLOAD_IDR, lying_length, sizeof lying_length);
    else if (faults->critical_auth)
        answer_raw(responder, sa, request, UNKNOWN_TYPE, critical, sizeof critical);
    else if (type != 0) {
        ike_message_add_notify(reply, type, NULL, 0);
        responder_send_response(responder, sa, reply);
    }
    return faults->malformed_auth || faults->critical_auth || type != 0;
}

void
responder_add_tunnel(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request,
                     IkeMessage *reply)
{
    const ResponderFaults *faults = &responder->faults;
    uint16_t error_type = faults->child_error;
    bool childless = ike_message_find(request, IKE_PAYLOAD_SA) == NULL;
    sa->state = RESPONDER_UP;
    responder->n_initial_contacts +=
        ike_message_find_notify(request, IKE_NOTIFY_INITIAL_CONTACT) != NULL;
    if (faults->redirect_auth != NULL) {
        ike_message_add_notify(reply, IKE_NOTIFY_REDIRECT,
                               g_bytes_get_data(faults->redirect_auth, NULL),
                               g_bytes_get_size(faults->redirect_auth));
        return;
    }
    if (childless) {
        add_config(responder, request, reply);
        error_type = 0;
    } else if (error_type == 0) {
        add_config(responder, request, reply);
        if (responder_answer_child(responder, sa, request, reply, sa->nonce_i, sa->nonce_r,
                                   &error_type))
            error_type = 0;
    }
    if (error_type != 0)
        ike_message_add_notify(reply, error_type, NULL, 0);
    ike_message_add_notify(reply, IKE_NOTIFY_MOBIKE_SUPPORTED, NULL, 0);
    if (responder->config->auth_lifetime > 0) {
        const uint32_t seconds = GUINT32_TO_BE(responder->config->auth_lifetime);
        ike_message_add_notify(reply, IKE_NOTIFY_AUTH_LIFETIME, &seconds, sizeof seconds);
    }
    responder_add_token(responder, reply);
    responder_add_ticket(responder, sa, request, reply);
}

/* S = Nr | SPIr (RFC 8019, section 7.2.3) */
void
responder_check_auth_puzzle(IkeResponder *responder, const ResponderSa *sa,
                            const IkeMessage *request)
{
    g_auto(ByteWriter) writer = { 0 };
    byte_writer_init(&writer, G_MAXUINT16);
    byte_writer_bytes(&writer, sa->nonce_r);
    byte_writer_u64(&writer, sa->ike->spi_r);
    g_autoptr(GBytes) octets = byte_writer_end(&writer);
    check_puzzle(responder, request, responder->faults.auth_puzzle_bits, octets);
}

static bool
is_sign_in(const IkeResponder *responder, const IkeMessage *request)
{
    IkeMessageShape shape = ike_message_shape(request, NULL);
    return shape == IKE_SHAPE_AUTH_REQUEST ||
           (responder->config->childless && shape == IKE_SHAPE_AUTH_REQUEST_CHILDLESS);
}

/* <--  HDR, SK {IDr, [CERT,] AUTH, CP(CFG_REPLY), SAr2, TSi, TSr} */
void
responder_handle_auth(IkeResponder *responder, ResponderSa *sa, const IkeMessage *request)
{
    g_autoptr(IkeMessage) reply =
        ike_sa_new_response(sa->ike, IKE_EXCHANGE_AUTH, request->header.message_id);
    if (responder->faults.silent_auth || responder_handle_eap(responder, sa, request) ||
        !is_sign_in(responder, request))
        return;
    if (answer_auth_by_fault(responder, sa, request, reply))
        return;
    responder_add_proof(responder, sa, reply);
    add_ocsp(responder->config, request, reply);
    responder_add_ppk_identity(responder, sa, reply);
    if (responder->config->second_eap &&
        ike_message_find_notify(request, IKE_NOTIFY_ANOTHER_AUTH_FOLLOWS) != NULL)
        responder_keep_first(responder, sa);
    else
        responder_add_tunnel(responder, sa, request, reply);
    responder_send_response(responder, sa, reply);
}
