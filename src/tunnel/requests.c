#include "config.h"

#include "tunnel/requests.h"

#include <unistd.h>

typedef struct {
    RecordType type;
    uint32_t serial;
    GVariant *body;
    RequestReplied replied;
    gpointer owner; /* NULL once cancelled */
} Request;

struct _Requests {
    Channel *channel;
    GQueue queue; /* Request; the head is the open one */
    uint32_t serial;
};

static void
request_free(Request *request)
{
    g_variant_unref(request->body);
    g_free(request);
}

Requests *
requests_new(Channel *channel)
{
    Requests *requests = g_new0(Requests, 1);
    requests->channel = channel;
    g_queue_init(&requests->queue);
    return requests;
}

void
requests_free(Requests *requests)
{
    if (requests == NULL)
        return;
    g_queue_clear_full(&requests->queue, (GDestroyNotify)request_free);
    g_free(requests);
}

uint32_t
requests_next_serial(Requests *requests)
{
    return ++requests->serial;
}

void
requests_repeat(Requests *requests)
{
    Request *open = g_queue_peek_head(&requests->queue);
    if (open != NULL)
        channel_send(requests->channel, open->type, open->body, NULL, 0);
}

void
requests_send(Requests *requests, RecordType type, uint32_t serial, GVariant *body,
              RequestReplied replied, gpointer owner)
{
    Request *request = g_new0(Request, 1);
    *request = (Request){ .type = type,
                          .serial = serial,
                          .body = g_variant_ref_sink(body),
                          .replied = replied,
                          .owner = owner };
    g_queue_push_tail(&requests->queue, request);
    if (g_queue_get_length(&requests->queue) == 1)
        requests_repeat(requests);
}

void
requests_cancel(Requests *requests, gpointer owner)
{
    for (GList *link = requests->queue.head, *next; link != NULL; link = next) {
        Request *request = link->data;
        next = link->next;
        if (request->owner != owner)
            continue;
        request->owner = NULL;
        if (link == requests->queue.head)
            continue; /* its reply is still to come */
        request_free(request);
        g_queue_delete_link(&requests->queue, link);
    }
}

bool
requests_reply(Requests *requests, GVariant *body, int fd)
{
    Request *open = g_queue_peek_head(&requests->queue);
    uint32_t serial = 0;
    g_variant_get_child(body, 0, "u", &serial);
    /* After QUERY the same question may have been answered twice. */
    if (open == NULL || serial != open->serial)
        return false;
    g_queue_pop_head(&requests->queue);
    requests_repeat(requests); /* the next one, before the handler adds more */
    if (open->owner != NULL)
        open->replied(body, fd, open->owner);
    else if (fd >= 0)
        close(fd);
    request_free(open);
    return true;
}
