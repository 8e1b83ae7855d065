#include "config.h"

#include "eap/mschap-text.h"

#include <string.h>

#include "base/secret.h"

#define PROOF_LENGTH 20

static char *
read_text(ByteReader data)
{
    const uint8_t *octets;
    size_t length = MIN(byte_reader_left(&data), MSCHAP_TEXT_MAX);
    if (length == 0 || !byte_reader_take(&data, length, &octets))
        return g_strdup("");
    return g_strndup((const char *)octets, length);
}

bool
mschap_text_proves(ByteReader data, const uint8_t wanted[PROOF_LENGTH])
{
    uint8_t proof[PROOF_LENGTH];
    g_autofree char *text = read_text(data);
    if (!g_str_has_prefix(text, "S=") || strlen(text) < 2 + 2 * PROOF_LENGTH)
        return false;
    for (size_t i = 0; i < PROOF_LENGTH; i++) {
        int high = g_ascii_xdigit_value(text[2 + 2 * i]);
        int low = g_ascii_xdigit_value(text[3 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        proof[i] = (uint8_t)(high << 4 | low);
    }
    return secret_octets_equal(proof, wanted, PROOF_LENGTH);
}

const char *
mschap_text_failure(ByteReader data)
{
    static const struct {
        const char *code, *words;
    } table[] = {
        { "E=646", "the account may not sign in at this time of day" },
        { "E=647", "the account is disabled" },
        { "E=648", "the password has expired: change it where you can, then try again" },
        { "E=649", "the account has no permission to dial in" },
        { "E=691", "the user name or the password is wrong" },
        { "E=709", "the password could not be changed" },
    };
    g_autofree char *text = read_text(data);
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (g_str_has_prefix(text, table[i].code))
            return table[i].words;
    return "the server refuses the sign-in";
}
