/* What a web server answers, and URLs out of certificates. */
#include "fuzz.h"
#include "tunnel/http.h"

#include <string.h>

#define MAX_CONTENT 1000

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) reply = g_bytes_new(data, size);
    g_autofree char *why = NULL;
    g_autoptr(GBytes) content = http_reply_content(reply, MAX_CONTENT, &why);
    FUZZ_CHECK((content == NULL) == (why != NULL));
    FUZZ_CHECK(content == NULL || g_bytes_get_size(content) <= MIN(size, MAX_CONTENT));

    g_auto(HttpUrl) url = { 0 };
    g_autofree char *text = g_strndup((const char *)data, size);
    if (!http_url_parse(text, &url))
        return 0;
    FUZZ_CHECK(*url.host != '\0' && url.port != 0 && *url.target == '/');
    FUZZ_CHECK(strpbrk(url.host, "/@ ") == NULL);
    return 0;
}
