#include "vectors.h"

#include <string.h>

VectorOctets
vector_octets(const VectorCase *vector, unsigned word)
{
    const char *hex = vector->words[word];
    if (strcmp(hex, "-") == 0)
        hex = "";
    VectorOctets octets = { .length = strlen(hex) / 2 };
    if (strlen(hex) % 2 != 0)
        g_error("case %s: odd word %u", vector->name, word);
    /* Exactly as long as its octets, so that the sanitizer sees a read beyond them. */
    octets.data = g_malloc(octets.length + (octets.length == 0));
    for (size_t i = 0; i < octets.length; i++) {
        int high = g_ascii_xdigit_value(hex[2 * i]), low = g_ascii_xdigit_value(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            g_error("case %s: word %u is not hexadecimal", vector->name, word);
        octets.data[i] = (uint8_t)(high << 4 | low);
    }
    return octets;
}

void
vector_octets_clear(VectorOctets *octets)
{
    g_clear_pointer(&octets->data, g_free);
}

unsigned
vector_number(const VectorCase *vector, unsigned word)
{
    guint64 number = 0;
    if (!g_ascii_string_to_unsigned(vector->words[word], 10, 0, UINT16_MAX, &number, NULL))
        g_error("case %s: word %u is no number", vector->name, word);
    return (unsigned)number;
}

bool
vector_valid(const VectorCase *vector, unsigned word)
{
    bool valid = strcmp(vector->words[word], "valid") == 0;
    if (!valid && strcmp(vector->words[word], "invalid") != 0)
        g_error("case %s: word %u is neither valid nor invalid", vector->name, word);
    return valid;
}

void
vectors_run(const char *file, unsigned n_cases, unsigned n_words,
            void (*run)(const VectorCase *vector, const void *data), const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(VECTORS_DIR, file, NULL);
    g_autofree char *text = NULL;
    unsigned cases = 0;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (lines[i][0] == '#' || lines[i][0] == '\0')
            continue;
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 0);
        VectorCase vector = { .name = words[0] };
        g_assert_cmpuint(g_strv_length(words), ==, n_words);
        g_assert_cmpuint(n_words, <=, VECTOR_MAX_WORDS);
        memcpy(vector.words, words, n_words * sizeof *words);
        g_test_message("case %s", vector.name);
        run(&vector, data);
        cases++;
    }
    g_assert_cmpuint(cases, ==, n_cases);
}
