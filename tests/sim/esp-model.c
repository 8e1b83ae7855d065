#include "esp-model.h"

#include <string.h>

static const char mark[4] = { 'E', 'S', 'P', '!' };

typedef struct {
    uint32_t spi_in, spi_out;
    bool later, retired, got;
    Instant gone_at;
} ModelSa;

typedef struct {
    char mark[4];
    uint32_t spi;
} ModelPacket;

EspModel *
esp_model_new(void)
{
    EspModel *model = g_new0(EspModel, 1);
    for (int end = 0; end < 2; end++)
        model->ends[end] = g_array_new(FALSE, TRUE, sizeof(ModelSa));
    return model;
}

void
esp_model_free(EspModel *model)
{
    if (model == NULL)
        return;
    g_array_unref(model->ends[0]);
    g_array_unref(model->ends[1]);
    g_free(model);
}

static ModelSa *
find(EspModel *model, LinkDirection end, uint32_t spi_in)
{
    for (guint i = 0; i < model->ends[end]->len; i++) {
        ModelSa *sa = &g_array_index(model->ends[end], ModelSa, i);
        if (sa->spi_in == spi_in)
            return sa;
    }
    return NULL;
}

static void
forget_old(EspModel *model, LinkDirection end, Instant now)
{
    for (guint i = model->ends[end]->len; i > 0; i--)
        if (g_array_index(model->ends[end], ModelSa, i - 1).gone_at <= now)
            g_array_remove_index(model->ends[end], i - 1);
}

void
esp_model_install(EspModel *model, LinkDirection end, const IkeChild *child)
{
    ModelSa sa = { child->spi_in, child->spi_out, child->peer_began, false, false, INSTANT_NEVER };
    g_array_append_val(model->ends[end], sa);
    model->most = MAX(model->most, model->ends[end]->len);
}

void
esp_model_retire(EspModel *model, LinkDirection end, uint32_t spi_in)
{
    ModelSa *sa = find(model, end, spi_in);
    g_assert_nonnull(sa);
    sa->retired = true;
}

void
esp_model_remove(EspModel *model, LinkDirection end, uint32_t spi_in, Instant at)
{
    ModelSa *sa = find(model, end, spi_in);
    g_assert_nonnull(sa);
    sa->retired = true;
    sa->gone_at = at;
}

/* Newest first; what the peer may not have yet only where there is nothing else, oldest first. */
static const ModelSa *
choose(const EspModel *model, LinkDirection end)
{
    const ModelSa *later = NULL;
    for (guint i = model->ends[end]->len; i > 0; i--) {
        const ModelSa *sa = &g_array_index(model->ends[end], ModelSa, i - 1);
        if (sa->retired)
            continue;
        if (!sa->later || sa->got)
            return sa;
        later = sa;
    }
    return later;
}

GBytes *
esp_model_packet(EspModel *model, LinkDirection direction, Instant now)
{
    ModelPacket packet = { 0 };
    forget_old(model, direction, now);
    const ModelSa *sa = choose(model, direction);
    if (sa == NULL) {
        model->unsent[direction]++;
        return NULL;
    }
    memcpy(packet.mark, mark, sizeof mark);
    packet.spi = sa->spi_out;
    model->sent[direction]++;
    return g_bytes_new(&packet, sizeof packet);
}

bool
esp_model_arrived(EspModel *model, LinkDirection direction, GBytes *datagram, Instant now)
{
    gsize length;
    ModelPacket packet;
    const void *data = g_bytes_get_data(datagram, &length);
    if (length != sizeof packet || memcmp(data, mark, sizeof mark) != 0)
        return false;
    memcpy(&packet, data, sizeof packet);
    LinkDirection end = direction == LINK_UP ? LINK_DOWN : LINK_UP;
    ModelSa *sa = find(model, end, packet.spi);
    model->arrived[direction]++;
    if (sa == NULL || sa->gone_at <= now)
        model->missed[direction]++;
    else
        sa->got = true;
    return true;
}
