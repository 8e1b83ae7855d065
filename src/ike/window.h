/*
 * Message IDs of one IKE SA, window size 1 in both directions (RFC 7296, sections 2.2 and 2.3): the
 * one request of ours that is under way, and the last response of ours, kept for a repeated
 * request.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t next_out;   /* message ID of our next request */
    GPtrArray *request;  /* GBytes: what we sent under next_out, NULL while nothing is under way */
    uint32_t next_in;    /* message ID that we expect in the peer's next request */
    GPtrArray *response; /* GBytes: our answer to next_in - 1, NULL before the first */
} Window;

typedef enum {
    WINDOW_NEW,      /* the next one: handle it */
    WINDOW_REPEATED, /* the one before: send response again, do nothing else */
    WINDOW_OUTSIDE,  /* older or from the future: discard */
} WindowPlace;

void window_clear(Window *window);
bool window_is_busy(const Window *window);
/* False when the IDs are used up: the IKE SA has to be replaced or closed (RFC 7296, section 2.2).
 */
bool window_can_send(const Window *window);
/* Not yet, but it is time to rekey. */
bool window_is_nearly_used(const Window *window);
/* datagrams: taken. */
void window_sent(Window *window, GPtrArray *datagrams);
/* Whether a response with that ID answers what is under way. */
bool window_awaits(const Window *window, uint32_t message_id);
void window_answered(Window *window);
WindowPlace window_place_request(const Window *window, uint32_t message_id);
/* Our answer to request next_in; datagrams: taken. */
void window_responded(Window *window, GPtrArray *datagrams);
