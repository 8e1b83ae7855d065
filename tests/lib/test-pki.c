#include "test-pki.h"

#include "base/inet.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs12.h>
#include <gnutls/x509.h>
#include <string.h>

#define DEFAULT_NOT_BEFORE 1577836800 /* 2020-01-01 */
#define DEFAULT_NOT_AFTER  2524607999 /* 2049-12-31 */

struct _TestIdentity {
    gnutls_x509_crt_t crt;
    gnutls_x509_privkey_t key;
    Certificate *certificate;
    char *certificate_pem, *key_pem;
};

/* Also of a count, which is not negative. */
static int
check(int rc)
{
    if (rc < 0)
        g_error("test certificate: %s", gnutls_strerror(rc));
    return rc;
}

static char *
take_text(gnutls_datum_t *datum)
{
    char *text = g_strndup((char *)datum->data, datum->size);
    gnutls_free(datum->data);
    return text;
}

static void
make_key(gnutls_x509_privkey_t key, TestKeyKind kind)
{
    switch (kind) {
    case TEST_KEY_ECDSA_256:
        check(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                           GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
        break;
    case TEST_KEY_ECDSA_384:
        check(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                           GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1), 0));
        break;
    case TEST_KEY_ECDSA_521:
        check(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                           GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1), 0));
        break;
    case TEST_KEY_RSA_2048:
        check(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 2048, 0));
        break;
    case TEST_KEY_RSA_PSS_2048:
        check(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA_PSS, 2048, 0));
        break;
    case TEST_KEY_RSA_1024:
        check(gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, 1024, 0));
        break;
    case TEST_KEY_ED25519:
        check(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 0, 0));
        break;
    case TEST_KEY_ED448:
        check(gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED448, 0, 0));
        break;
    }
}

static void
add_names(gnutls_x509_crt_t crt, gnutls_x509_subject_alt_name_t type, const char *list)
{
    g_auto(GStrv) names = g_strsplit(list != NULL ? list : "", " ", 0);
    for (size_t i = 0; names[i] != NULL; i++) {
        InetAddress address;
        const void *data = names[i];
        size_t length = strlen(names[i]);
        if (type == GNUTLS_SAN_IPADDRESS) {
            g_assert_true(inet_address_parse(names[i], &address));
            data = address.octets;
            length = inet_family_length(address.family);
        }
        check(gnutls_x509_crt_set_subject_alt_name(crt, type, data, (unsigned)length,
                                                   GNUTLS_FSAN_APPEND));
    }
}

static void
add_usage(gnutls_x509_crt_t crt, const TestPkiSpec *spec)
{
    unsigned usage = 0;
    usage |= (spec->usage & TEST_USAGE_SIGN) != 0 ? GNUTLS_KEY_DIGITAL_SIGNATURE : 0;
    usage |= (spec->usage & TEST_USAGE_NON_REPUDIATION) != 0 ? GNUTLS_KEY_NON_REPUDIATION : 0;
    usage |= (spec->usage & TEST_USAGE_ENCIPHER) != 0 ? GNUTLS_KEY_KEY_ENCIPHERMENT : 0;
    usage |= (spec->usage & TEST_USAGE_CERT_SIGN) != 0 ? GNUTLS_KEY_KEY_CERT_SIGN : 0;
    usage |= (spec->usage & TEST_USAGE_CRL_SIGN) != 0 ? GNUTLS_KEY_CRL_SIGN : 0;
    if (usage != 0)
        check(gnutls_x509_crt_set_key_usage(crt, usage));
    g_auto(GStrv) purposes = g_strsplit(spec->purposes != NULL ? spec->purposes : "", " ", 0);
    for (size_t i = 0; purposes[i] != NULL; i++)
        check(gnutls_x509_crt_set_key_purpose_oid(crt, purposes[i], 0));
}

static void
add_constraint(gnutls_x509_crt_t crt, const char *dns)
{
    gnutls_x509_name_constraints_t constraints;
    gnutls_datum_t name = { (void *)dns, (unsigned)strlen(dns) };
    check(gnutls_x509_name_constraints_init(&constraints));
    check(gnutls_x509_name_constraints_add_permitted(constraints, GNUTLS_SAN_DNSNAME, &name));
    check(gnutls_x509_crt_set_name_constraints(crt, constraints, 1));
    gnutls_x509_name_constraints_deinit(constraints);
}

static void
add_urls(gnutls_x509_crt_t crt, const TestPkiSpec *spec)
{
    g_auto(GStrv) crl = g_strsplit(spec->crl_urls != NULL ? spec->crl_urls : "", " ", 0);
    g_auto(GStrv) ocsp = g_strsplit(spec->ocsp_urls != NULL ? spec->ocsp_urls : "", " ", 0);
    for (size_t i = 0; crl[i] != NULL; i++)
        check(gnutls_x509_crt_set_crl_dist_points2(crt, GNUTLS_SAN_URI, crl[i],
                                                   (unsigned)strlen(crl[i]), 0));
    for (size_t i = 0; ocsp[i] != NULL; i++) {
        gnutls_datum_t url = { (void *)ocsp[i], (unsigned)strlen(ocsp[i]) };
        check(gnutls_x509_crt_set_authority_info_access(crt, GNUTLS_IA_OCSP_URI, &url));
    }
}

static void
fill(gnutls_x509_crt_t crt, const TestPkiSpec *spec)
{
    static uint32_t last_serial;
    uint32_t serial = GUINT32_TO_BE(++last_serial);
    check(gnutls_x509_crt_set_version(crt, 3));
    check(gnutls_x509_crt_set_serial(crt, &serial, sizeof serial));
    check(gnutls_x509_crt_set_activation_time(crt, spec->not_before != 0 ? spec->not_before
                                                                         : DEFAULT_NOT_BEFORE));
    check(gnutls_x509_crt_set_expiration_time(crt, spec->not_after != 0 ? spec->not_after
                                                                        : DEFAULT_NOT_AFTER));
    if (spec->name != NULL)
        check(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, spec->name,
                                            (unsigned)strlen(spec->name)));
    if (spec->authority)
        check(gnutls_x509_crt_set_basic_constraints(crt, 1, -1));
    add_names(crt, GNUTLS_SAN_DNSNAME, spec->dns);
    add_names(crt, GNUTLS_SAN_RFC822NAME, spec->email);
    add_names(crt, GNUTLS_SAN_IPADDRESS, spec->addresses);
    add_usage(crt, spec);
    add_urls(crt, spec);
    if (spec->permitted_dns != NULL)
        add_constraint(crt, spec->permitted_dns);
}

static void
sign(TestIdentity *identity, const TestIdentity *issuer, bool sha1)
{
    gnutls_privkey_t key;
    gnutls_pubkey_t public;
    gnutls_digest_algorithm_t digest = GNUTLS_DIG_SHA256;
    check(gnutls_privkey_init(&key));
    check(gnutls_pubkey_init(&public));
    check(gnutls_privkey_import_x509(key, issuer->key, 0));
    check(gnutls_pubkey_import_privkey(public, key, 0, 0));
    check(gnutls_pubkey_get_preferred_hash_algorithm(public, &digest, NULL));
    check(gnutls_x509_crt_privkey_sign(identity->crt, issuer->crt, key,
                                       sha1 ? GNUTLS_DIG_SHA1 : digest, 0));
    gnutls_pubkey_deinit(public);
    gnutls_privkey_deinit(key);
}

TestIdentity *
test_identity_new(const TestPkiSpec *spec, const TestIdentity *issuer)
{
    TestIdentity *identity = g_new0(TestIdentity, 1);
    gnutls_datum_t datum = { 0 };
    check(gnutls_x509_privkey_init(&identity->key));
    if (spec->same_key != NULL)
        check(gnutls_x509_privkey_cpy(identity->key, spec->same_key->key));
    else
        make_key(identity->key, spec->key);
    check(gnutls_x509_crt_init(&identity->crt));
    fill(identity->crt, spec);
    check(gnutls_x509_crt_set_key(identity->crt, identity->key));
    sign(identity, issuer != NULL ? issuer : identity, spec->sha1);
    check(gnutls_x509_crt_export2(identity->crt, GNUTLS_X509_FMT_PEM, &datum));
    identity->certificate_pem = take_text(&datum);
    if (spec->key == TEST_KEY_ED25519 || spec->key == TEST_KEY_ED448) {
        identity->key_pem = test_identity_key_pkcs8(identity, NULL);
    } else {
        check(gnutls_x509_privkey_export2(identity->key, GNUTLS_X509_FMT_PEM, &datum));
        identity->key_pem = take_text(&datum);
    }
    check(gnutls_x509_crt_export2(identity->crt, GNUTLS_X509_FMT_DER, &datum));
    identity->certificate = certificate_new_der(datum.data, datum.size, NULL);
    g_assert_nonnull(identity->certificate);
    gnutls_free(datum.data);
    return identity;
}

void
test_identity_free(TestIdentity *identity)
{
    if (identity == NULL)
        return;
    gnutls_x509_crt_deinit(identity->crt);
    gnutls_x509_privkey_deinit(identity->key);
    certificate_unref(identity->certificate);
    g_free(identity->certificate_pem);
    g_free(identity->key_pem);
    g_free(identity);
}

Certificate *
test_identity_certificate(const TestIdentity *identity)
{
    return identity->certificate;
}

const char *
test_identity_certificate_pem(const TestIdentity *identity)
{
    return identity->certificate_pem;
}

const char *
test_identity_key_pem(const TestIdentity *identity)
{
    return identity->key_pem;
}

char *
test_identity_key_pkcs8(const TestIdentity *identity, const char *password)
{
    gnutls_datum_t datum = { 0 };
    check(gnutls_x509_privkey_export2_pkcs8(
        identity->key, GNUTLS_X509_FMT_PEM, password,
        password != NULL ? GNUTLS_PKCS_PBES2_AES_128 : GNUTLS_PKCS_PLAIN, &datum));
    return take_text(&datum);
}

GBytes *
test_identity_pkcs12(const TestIdentity *identity, const TestIdentity *issuer, const char *password)
{
    gnutls_pkcs12_t file;
    gnutls_pkcs12_bag_t keys, certificates;
    gnutls_datum_t datum = { 0 };
    uint8_t id[64];
    size_t id_length = sizeof id;
    check(gnutls_x509_privkey_get_key_id(identity->key, 0, id, &id_length));
    gnutls_datum_t key_id = { id, (unsigned)id_length };
    check(gnutls_pkcs12_init(&file));
    check(gnutls_pkcs12_bag_init(&keys));
    check(gnutls_pkcs12_bag_init(&certificates));
    check(gnutls_x509_privkey_export2_pkcs8(identity->key, GNUTLS_X509_FMT_DER, password,
                                            GNUTLS_PKCS_PBES2_AES_128, &datum));
    int index = check(gnutls_pkcs12_bag_set_data(keys, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, &datum));
    check(gnutls_pkcs12_bag_set_key_id(keys, (unsigned)index, &key_id));
    gnutls_free(datum.data);
    index = check(gnutls_pkcs12_bag_set_crt(certificates, identity->crt));
    check(gnutls_pkcs12_bag_set_key_id(certificates, (unsigned)index, &key_id));
    check(gnutls_pkcs12_bag_set_crt(certificates, issuer->crt));
    check(gnutls_pkcs12_bag_encrypt(certificates, password, GNUTLS_PKCS_PBES2_AES_128));
    check(gnutls_pkcs12_set_bag(file, certificates));
    check(gnutls_pkcs12_set_bag(file, keys));
    check(gnutls_pkcs12_generate_mac(file, password));
    check(gnutls_pkcs12_export2(file, GNUTLS_X509_FMT_DER, &datum));
    GBytes *octets = g_bytes_new(datum.data, datum.size);
    gnutls_free(datum.data);
    gnutls_pkcs12_bag_deinit(keys);
    gnutls_pkcs12_bag_deinit(certificates);
    gnutls_pkcs12_deinit(file);
    return octets;
}

PrivateKey *
test_identity_key(const TestIdentity *identity)
{
    g_autoptr(GError) error = NULL;
    PrivateKey *key =
        private_key_from_pem(identity->key_pem, strlen(identity->key_pem), NULL, &error);
    g_assert_no_error(error);
    return key;
}

GBytes *
test_identity_sign(const TestIdentity *identity, bool sha1, const void *data, size_t length)
{
    gnutls_privkey_t key;
    gnutls_datum_t octets = { (void *)data, (unsigned)length }, signature = { 0 };
    check(gnutls_privkey_init(&key));
    check(gnutls_privkey_import_x509(key, identity->key, 0));
    check(gnutls_privkey_sign_data(key, sha1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256, 0, &octets,
                                   &signature));
    GBytes *bytes = g_bytes_new(signature.data, signature.size);
    gnutls_free(signature.data);
    gnutls_privkey_deinit(key);
    return bytes;
}

TrustStore *
test_identity_trust(const TestIdentity *identity)
{
    g_autoptr(GError) error = NULL;
    TrustStore *store =
        trust_store_new(identity->certificate_pem, strlen(identity->certificate_pem), &error);
    g_assert_no_error(error);
    return store;
}
