#include "bench-rekey.h"

#include <string.h>

/* Old keys that still open what is under way by them: most of a second's. */
#define KEPT 16

typedef enum { ASK = 'a', ANSWER = 'b', DELETE = 'c', DELETED = 'd' } Word;

/* As long as the shortest IKE message: anything shorter is none. */
typedef struct {
    uint8_t word;
    uint32_t number;
    uint8_t nothing[20];
} Message;

G_STATIC_ASSERT(sizeof(Message) == 28);

static void
say(BenchRekey *rekey, Word word, uint32_t number)
{
    Message message = { (uint8_t)word, number, { 0 } };
    g_autoptr(GBytes) bytes = g_bytes_new(&message, sizeof message);
    datapath_send_ike(rekey->datapath, rekey->transport, bytes);
}

static uint32_t
spi_of(BenchRekey *rekey, uint32_t number)
{
    g_autoptr(EspInbound) inbound = NULL;
    g_autoptr(EspOutbound) outbound = NULL;
    rekey->make_pair(rekey->options, number, &inbound, &outbound);
    return esp_inbound_spi(inbound);
}

static void
install_next(BenchRekey *rekey)
{
    g_autoptr(EspInbound) inbound = NULL;
    g_autoptr(EspOutbound) outbound = NULL;
    rekey->make_pair(rekey->options, rekey->next, &inbound, &outbound);
    if (rekey->client) {
        datapath_install(rekey->datapath, inbound, outbound, rekey->selectors);
        datapath_retire(rekey->datapath, spi_of(rekey, rekey->number));
    } else {
        datapath_install_later(rekey->datapath, inbound, outbound, rekey->selectors);
    }
    rekey->installed = true;
}

static void
forget_old(BenchRekey *rekey)
{
    datapath_retire(rekey->datapath, spi_of(rekey, rekey->number));
    if (rekey->number >= KEPT)
        datapath_remove(rekey->datapath, spi_of(rekey, rekey->number - KEPT));
    rekey->number = rekey->next;
    rekey->installed = false;
}

static gboolean
tick(gpointer data)
{
    BenchRekey *rekey = data;
    if (rekey->installed) {
        say(rekey, DELETE, rekey->number);
        return G_SOURCE_CONTINUE;
    }
    if (rekey->next == rekey->number)
        datapath_expect(rekey->datapath, spi_of(rekey, ++rekey->next));
    say(rekey, ASK, rekey->next);
    return G_SOURCE_CONTINUE;
}

void
bench_rekey_begin(BenchRekey *rekey, guint interval_ms)
{
    g_timeout_add(interval_ms, tick, rekey);
}

static void
asked(BenchRekey *rekey, uint32_t number)
{
    if (number == rekey->number + 1 && !rekey->installed) {
        rekey->next = number;
        install_next(rekey);
    }
    say(rekey, ANSWER, number);
}

/* Each may come twice: whoever waits says the last thing again. */
void
bench_rekey_received(BenchRekey *rekey, GBytes *bytes)
{
    Message message;
    if (g_bytes_get_size(bytes) != sizeof message)
        return;
    memcpy(&message, g_bytes_get_data(bytes, NULL), sizeof message);
    switch (message.word) {
    case ASK:
        asked(rekey, message.number);
        break;
    case ANSWER:
        if (message.number != rekey->number + 1 || rekey->installed)
            break;
        install_next(rekey);
        say(rekey, DELETE, rekey->number);
        break;
    case DELETE:
        if (message.number == rekey->number && rekey->installed)
            forget_old(rekey);
        say(rekey, DELETED, message.number);
        break;
    case DELETED:
        if (message.number == rekey->number && rekey->installed)
            forget_old(rekey);
        break;
    }
}
