#include "config.h"

#include "relay/relay-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_EVERY (1000 * 1000) /* microseconds */
#define MAX_PEM    (1024 * 1024)

/* The file behind the name, whatever links lead there: certificates are renewed by moving one. */
static bool
look(RelayTls *tls)
{
    const char *names[] = { tls->certificate, tls->key };
    bool changed = false;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        struct stat file = { 0 };
        if (stat(names[i], &file) < 0)
            continue; /* between two of them */
        __typeof__(tls->seen[0]) now = {
            .device = file.st_dev,
            .inode = file.st_ino,
            .size = (uint64_t)file.st_size,
            .changed_ns = file.st_mtim.tv_sec * INT64_C(1000000000) + file.st_mtim.tv_nsec,
        };
        changed = changed || memcmp(&now, &tls->seen[i], sizeof now) != 0;
        tls->seen[i] = now;
    }
    return changed;
}

static GBytes *
read_pem(const char *name, GError **error)
{
    char *text = NULL;
    gsize length = 0;
    struct stat file;
    if (stat(name, &file) == 0 && file.st_size > MAX_PEM) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: too large for a PEM file",
                    name);
        return NULL;
    }
    if (!g_file_get_contents(name, &text, &length, error))
        return NULL;
    return g_bytes_new_take(text, length);
}

static TlsServerIdentity *
read_identity(const RelayTls *tls, GError **error)
{
    g_autoptr(GBytes) certificate = read_pem(tls->certificate, error);
    g_autoptr(GBytes) key = certificate != NULL ? read_pem(tls->key, error) : NULL;
    TlsServerIdentity *identity =
        key != NULL ? tls_server_identity_new(certificate, key, error) : NULL;
    if (identity == NULL)
        g_prefix_error(error, "%s: ", tls->certificate);
    return identity;
}

bool
relay_tls_init(RelayTls *tls, const RelayOptions *options, GError **error)
{
    tls->certificate = options->certificate;
    tls->key = options->key != NULL ? options->key : options->certificate;
    if (tls->certificate == NULL)
        return true;
    look(tls);
    tls->identity = read_identity(tls, error);
    return tls->identity != NULL;
}

void
relay_tls_clear(RelayTls *tls)
{
    g_clear_pointer(&tls->identity, tls_server_identity_unref);
}

void
relay_tls_refresh(RelayTls *tls, uint64_t now, bool at_once)
{
    g_autoptr(GError) error = NULL;
    if (tls->identity == NULL || (!at_once && now - tls->looked < LOOK_EVERY))
        return;
    tls->looked = now;
    if (!look(tls) && !at_once)
        return;
    TlsServerIdentity *identity = read_identity(tls, &error);
    if (identity == NULL) {
        /* Half of a renewal may be there: when the other half comes, we look again. */
        fprintf(stderr, "%s; the certificate read before stays in use\n", error->message);
        return;
    }
    tls_server_identity_unref(tls->identity);
    tls->identity = identity;
    fprintf(stderr, "%s: read again\n", tls->certificate);
}
