/*
 * Which message is expected in which state, and who handles it: the machine as a table. A message
 * that no row takes is answered with INVALID_SYNTAX (a request) or ends the SA (a response).
 */
#pragma once
#include "ike/engine-private.h"

typedef enum {
    TRANSITION_DONE,  /* go on to the row's state */
    TRANSITION_STAY,  /* the handler has set the state, or it does not change */
    TRANSITION_SYNTAX /* the message is malformed in a way that shapes do not tell */
} TransitionResult;

/* reply: for a request, the response to be filled; sent when the handler is done. NULL otherwise.
 * The IKE SA handed in stays valid during the call, also when the engine closes. */
typedef TransitionResult (*TransitionHandler)(IkeEngine *engine, IkeSa *sa,
                                              const IkeMessage *message, IkeMessage *reply);

typedef enum { ROLE_REQUEST, ROLE_RESPONSE } TransitionRole;

typedef struct {
    const char *line; /* for the log */
    uint32_t from;    /* SA_STATE bits */
    uint8_t exchange;
    TransitionRole role;
    uint32_t shapes; /* bits of IkeMessageShape */
    uint16_t notify; /* must be present; 0: none */
    uint8_t payload; /* must be present; 0: none */
    TransitionHandler handler;
    IkeSaState to;
} Transition;

/* The first row that fits, or NULL. */
const Transition *transition_find(IkeSaState state, const IkeMessage *message,
                                  IkeMessageShape shape);
