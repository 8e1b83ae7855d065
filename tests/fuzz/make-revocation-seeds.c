/* Makes the corpora of crl and ocsp, and the certificates that they are about:
 * make-revocation-seeds tests/fuzz */
#include "test-revocation.h"

#define POINT "http://crl.example/a.crl"

static void
save(const char *folder, const char *name, GBytes *octets)
{
    g_autoptr(GBytes) owned = octets;
    g_autofree char *path = g_build_filename(folder, "corpus", name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_mkdir_with_parents(parent, 0755);
    if (!g_file_set_contents(path, g_bytes_get_data(owned, NULL), (gssize)g_bytes_get_size(owned),
                             NULL))
        g_error("%s cannot be written", path);
}

static void
append_pem(GString *out, const char *name, const char *pem)
{
    g_auto(GStrv) lines = g_strsplit(pem, "\n", 0);
    g_string_append_printf(out, "static const char %s[] =", name);
    for (size_t i = 0; lines[i] != NULL && *lines[i] != '\0'; i++)
        g_string_append_printf(out, "\n    \"%s\\n\"", lines[i]);
    g_string_append(out, ";\n");
}

int
main(int argc, char **argv)
{
    const char *folder = argc == 2 ? argv[1] : ".";
    g_autoptr(TestIdentity) root =
        test_identity_new(&(TestPkiSpec){ .name = "Root", .authority = true }, NULL);
    g_autoptr(TestIdentity) gateway =
        test_identity_new(&(TestPkiSpec){ .name = "gw.example", .crl_urls = POINT }, root);
    g_autoptr(TestIdentity) delegate = test_identity_new(
        &(TestPkiSpec){ .name = "Responder", .purposes = "1.3.6.1.5.5.7.3.9" }, root);
    save(folder, "crl/empty", test_crl(&(TestCrlSpec){ .issuer = root }));
    save(folder, "crl/revoked",
         test_crl(&(TestCrlSpec){ .issuer = root, .revoked = gateway, .reason = 1, .fillers = 2 }));
    save(folder, "crl/scope",
         test_crl(&(TestCrlSpec){ .issuer = root, .point_url = POINT, .point_users = true }));
    save(folder, "crl/delta", test_crl(&(TestCrlSpec){ .issuer = root, .delta = true }));
    save(folder, "crl/entry",
         test_crl(&(TestCrlSpec){ .issuer = root, .revoked = root, .critical_entry = true }));
    save(folder, "ocsp/good", test_ocsp(&(TestOcspSpec){ .issuer = root, .about = gateway }));
    save(folder, "ocsp/revoked",
         test_ocsp(&(TestOcspSpec){ .issuer = root,
                                    .about = gateway,
                                    .status = TEST_OCSP_REVOKED,
                                    .reason = 4,
                                    .others = 2,
                                    .sha256 = true }));
    save(folder, "ocsp/delegate",
         test_ocsp(&(TestOcspSpec){ .issuer = root,
                                    .about = gateway,
                                    .signer = delegate,
                                    .embedded = delegate,
                                    .by_name = true,
                                    .status = TEST_OCSP_UNKNOWN }));
    save(folder, "ocsp/try-later",
         test_ocsp(&(TestOcspSpec){ .issuer = root, .about = gateway, .error = 3 }));
    g_autoptr(GString) header = g_string_new(
        "/* Whom the seeds of crl and ocsp are about. Made by make-revocation-seeds. */\n"
        "#pragma once\n\n");
    g_string_append_printf(header, "#define REVOCATION_SEED_TIME %d\n\n", TEST_PKI_NOW);
    append_pem(header, "revocation_root_pem", test_identity_certificate_pem(root));
    append_pem(header, "revocation_gateway_pem", test_identity_certificate_pem(gateway));
    g_autofree char *path = g_build_filename(folder, "revocation-certificates.h", NULL);
    return g_file_set_contents(path, header->str, -1, NULL) ? 0 : 1;
}
