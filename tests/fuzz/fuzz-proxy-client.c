/* What a proxy answers: the first octet says which kind, whether we have a login, and how the rest
 * is cut. */
#include "fuzz.h"
#include "encap/proxy-client.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    g_autoptr(Secret) password = secret_new("password", 8);
    ProxyConfig config = { .kind = (data[0] & 1) != 0 ? PROXY_HTTP : PROXY_SOCKS5,
                           .host = (data[0] & 2) != 0 ? "vpn.example.com" : "192.0.2.1",
                           .port = 443,
                           .user = (data[0] & 4) != 0 ? "tess" : NULL,
                           .password = password,
                           .cnonce = "c" };
    size_t at_once = 1 + (data[0] >> 3) * 7u;
    g_autoptr(ProxyClient) client = proxy_client_new(&config);
    FUZZ_CHECK(client != NULL);
    ProxyState state = PROXY_GOES_ON;
    for (size_t i = 1; i < size && state == PROXY_GOES_ON;) {
        size_t used, n = MIN(at_once, size - i);
        state = proxy_client_feed(client, data + i, n, &used);
        FUZZ_CHECK(used <= n);
        FUZZ_CHECK(used > 0 || state != PROXY_GOES_ON);
        i += used;
        secret_unref(proxy_client_take_output(client));
    }
    FUZZ_CHECK((proxy_client_why(client) != NULL) ==
               (state != PROXY_GOES_ON && state != PROXY_OPEN));
    FUZZ_CHECK(state != PROXY_AGAIN || proxy_client_challenge(client) != NULL);
    return 0;
}
