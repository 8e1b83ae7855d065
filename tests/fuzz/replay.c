/*
 * Runs a fuzz target without libFuzzer: every file of its corpus, then a bounded number of
 * mutations of them, the same ones in every run. An input that ends the program is left in a file.
 *
 *   fuzz-replay-TARGET CORPUS-FOLDER [MUTATIONS]    GINNEL_FUZZ_MUTATIONS overrides the number
 *   fuzz-replay-TARGET FILE                         one input, to look at a defect
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define DEFAULT_MUTATIONS 20000
#define FULL_MUTATIONS    200000 /* with GINNEL_TESTS_FULL */
#define MAX_MUTANT        8192   /* octets of a mutated input; files may be longer */

/* What is being run, for whoever looks at the defect. */
static const uint8_t *current;
static size_t current_size;
static char crash_path[4096];

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* Only calls that a signal handler may make. */
static void
keep_input(void)
{
    if (current == NULL)
        return;
    int fd = open(crash_path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, current, current_size) < 0)
        return;
    close(fd);
    current = NULL;
    const char *const parts[] = { "# the input is in ", crash_path, "\n" };
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (write(STDOUT_FILENO, parts[i], strlen(parts[i])) < 0)
            return;
}

static void
on_signal(int number)
{
    keep_input();
    signal(number, SIG_DFL);
    raise(number);
}

static void
watch_for_defects(const char *program)
{
    g_autofree char *name = g_path_get_basename(program);
    snprintf(crash_path, sizeof crash_path, "%s.crash", name);
    signal(SIGABRT, on_signal);
    signal(SIGTRAP, on_signal);
    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(keep_input);
        return;
    }
    signal(SIGSEGV, on_signal);
    signal(SIGBUS, on_signal);
    signal(SIGFPE, on_signal);
}

/* In memory that is exactly as long, so that a sanitizer sees every octet read too far. */
static void
run(const uint8_t *data, size_t size)
{
    g_autofree uint8_t *exact = g_malloc(size + 1);
    if (size > 0)
        memcpy(exact + 1, data, size);
    current = exact + 1;
    current_size = size;
    FUZZ_CHECK(LLVMFuzzerTestOneInput(exact + 1, size) == 0);
    current = NULL;
}

/* --- Mutations --- */

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t
random_below(size_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return limit == 0 ? 0 : (uint32_t)((random_state >> 16) % limit);
}

static GBytes *
random_seed(GPtrArray *seeds)
{
    return seeds->pdata[random_below(seeds->len)];
}

static void
set_interesting(GByteArray *input)
{
    static const uint8_t octets[] = { 0x00, 0x01, 0x03, 0x04, 0x07, 0x08,
                                      0x1c, 0x20, 0x7f, 0x80, 0xfe, 0xff };
    if (input->len > 0)
        input->data[random_below(input->len)] = octets[random_below(sizeof octets)];
}

/* Two octets that look like a length, near the truth as often as far from it. */
static void
set_length(GByteArray *input)
{
    if (input->len < 2)
        return;
    size_t at = random_below(input->len - 1);
    size_t value =
        random_below(2) == 0 ? input->len - at + random_below(9) - 4 : random_below(65536);
    input->data[at] = (uint8_t)(value >> 8);
    input->data[at + 1] = (uint8_t)value;
}

static void
insert_octets(GByteArray *input, const uint8_t *octets, size_t n)
{
    if (input->len + n > MAX_MUTANT)
        return;
    size_t at = random_below(input->len + 1);
    size_t behind = input->len - at;
    g_byte_array_set_size(input, (guint)(input->len + n));
    memmove(input->data + at + n, input->data + at, behind);
    memcpy(input->data + at, octets, n);
}

/* A piece of another seed: the smallest grammars meet each other this way. */
static void
insert_piece(GByteArray *input, GPtrArray *seeds)
{
    gsize size;
    const uint8_t *octets = g_bytes_get_data(random_seed(seeds), &size);
    size_t from = random_below(size);
    size_t n = size > from ? random_below(MIN(size - from, 64)) + 1 : 0;
    if (n > 0)
        insert_octets(input, octets + from, MIN(n, size - from));
}

static void
remove_octets(GByteArray *input)
{
    if (input->len == 0)
        return;
    guint from = random_below(input->len);
    g_byte_array_remove_range(input, from, random_below(MIN(input->len - from, 16)) + 1);
}

static void
mutate_once(GByteArray *input, GPtrArray *seeds)
{
    uint8_t octet;
    switch (random_below(7)) {
    case 0:
        if (input->len > 0)
            input->data[random_below(input->len)] ^= (uint8_t)(1u << random_below(8));
        break;
    case 1:
        set_interesting(input);
        break;
    case 2:
        set_length(input);
        break;
    case 3:
        octet = (uint8_t)random_below(256);
        insert_octets(input, &octet, 1);
        break;
    case 4:
        insert_piece(input, seeds);
        break;
    case 5:
        remove_octets(input);
        break;
    default:
        g_byte_array_set_size(input, random_below(input->len + 1));
        break;
    }
}

static void
run_mutations(GPtrArray *seeds, unsigned mutations)
{
    for (unsigned i = 0; i < mutations; i++) {
        gsize size;
        const uint8_t *octets = g_bytes_get_data(random_seed(seeds), &size);
        g_autoptr(GByteArray) input = g_byte_array_new();
        g_byte_array_append(input, octets, (guint)MIN(size, MAX_MUTANT));
        for (uint32_t n = random_below(4) + 1; n > 0; n--)
            mutate_once(input, seeds);
        run(input->data, input->len);
    }
}

/* --- The corpus --- */

static GBytes *
load(const char *path)
{
    g_autoptr(GError) error = NULL;
    char *contents;
    gsize length;
    if (!g_file_get_contents(path, &contents, &length, &error))
        g_error("%s", error->message);
    return g_bytes_new_take(contents, length);
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In the order of their names, so that every run is the same. */
static GPtrArray *
load_folder(const char *folder)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GPtrArray *seeds = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(seeds, load(names->pdata[i]));
    return seeds;
}

static unsigned
wanted_mutations(int argc, char **argv)
{
    const char *text = g_getenv("GINNEL_FUZZ_MUTATIONS");
    if (text == NULL && argc > 2)
        text = argv[2];
    if (text != NULL)
        return (unsigned)strtoul(text, NULL, 10);
    return g_getenv("GINNEL_TESTS_FULL") != NULL ? FULL_MUTATIONS : DEFAULT_MUTATIONS;
}

static int
replay_folder(const char *folder, unsigned mutations)
{
    g_autoptr(GPtrArray) seeds = load_folder(folder);
    puts("1..2");
    fflush(stdout);
    for (guint i = 0; i < seeds->len; i++)
        run(g_bytes_get_data(seeds->pdata[i], NULL), g_bytes_get_size(seeds->pdata[i]));
    printf("%sok 1 - %u files of the corpus\n", seeds->len > 0 ? "" : "not ", seeds->len);
    fflush(stdout);
    if (seeds->len == 0)
        return 1;
    run_mutations(seeds, mutations);
    printf("ok 2 - %u mutations of them\n", mutations);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER|FILE [MUTATIONS]\n", argv[0]);
        return 2;
    }
    watch_for_defects(argv[0]);
    if (g_file_test(argv[1], G_FILE_TEST_IS_DIR))
        return replay_folder(argv[1], wanted_mutations(argc, argv));
    g_autoptr(GBytes) input = load(argv[1]);
    run(g_bytes_get_data(input, NULL), g_bytes_get_size(input));
    return 0;
}
