#include "ike/transitions.h"

#include "ike/proc.h"

#define SHAPE(name) (1u << IKE_SHAPE_##name)
#define ANY_SHAPE   (~SHAPE(NONE))

/* States in which the gateway may ask us things. */
#define IN_USE                                                                                     \
    (SA_STATE(SA_ESTABLISHED) | SA_STATE(SA_LIVENESS_LOCAL_INFORMATIONAL) |                        \
     SA_STATE(SA_REKEY_CHILD_LOCAL_CREATE) | SA_STATE(SA_CREATE_CHILD_LOCAL_CREATE) |              \
     SA_STATE(SA_REKEY_CHILD_LOCAL_FOLLOWUP) | SA_STATE(SA_DELETE_CHILD_LOCAL_INFORMATIONAL) |     \
     SA_STATE(SA_REKEY_IKE_LOCAL_CREATE) | SA_STATE(SA_REKEY_IKE_LOCAL_FOLLOWUP))
#define GOING                                                                                      \
    (SA_STATE(SA_REKEY_IKE_LOCAL_DELETE) | SA_STATE(SA_REKEY_IKE_REMOTE_DELETE) |                  \
     SA_STATE(SA_DELETE_IKE_LOCAL_INFORMATIONAL))

/* clang-format off */
static const Transition table[] = {
    /* HDR, [N(COOKIE)], SAi1, KEi, Ni  -->
     *                                  <--  HDR, SAr1, KEr, Nr, [CERTREQ]
     *                              or  <--  HDR, N(COOKIE)  or  HDR, N(INVALID_KE_PAYLOAD)
     *                              or  <--  HDR, N(REDIRECT) */
    { "gateway answers IKE_SA_INIT", SA_STATE(SA_CREATE_LOCAL_INIT), IKE_EXCHANGE_SA_INIT,
      ROLE_RESPONSE, SHAPE(INIT_RESPONSE), 0, 0, proc_init_answered, SA_CREATE_LOCAL_ANSWERED },
    { "gateway asks for a cookie", SA_STATE(SA_CREATE_LOCAL_INIT), IKE_EXCHANGE_SA_INIT,
      ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), IKE_NOTIFY_COOKIE, 0, proc_init_cookie,
      SA_CREATE_LOCAL_INIT },
    { "gateway asks for another group", SA_STATE(SA_CREATE_LOCAL_INIT), IKE_EXCHANGE_SA_INIT,
      ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), IKE_NOTIFY_INVALID_KE_PAYLOAD, 0, proc_init_other_group,
      SA_CREATE_LOCAL_INIT },
    { "gateway names another one", SA_STATE(SA_CREATE_LOCAL_INIT), IKE_EXCHANGE_SA_INIT,
      ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), IKE_NOTIFY_REDIRECT, 0, proc_redirect_init,
      SA_CREATE_LOCAL_INIT },
    { "gateway refuses IKE_SA_INIT", SA_STATE(SA_CREATE_LOCAL_INIT), IKE_EXCHANGE_SA_INIT,
      ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0, proc_init_refused, SA_CREATE_LOCAL_INIT },

    /* HDR, SK {KEi(n)}  -->            <--  HDR, SK {KEr(n)}  or  HDR, SK {N(error)} */
    { "gateway answers an additional key exchange", SA_STATE(SA_CREATE_LOCAL_INTERMEDIATE),
      IKE_EXCHANGE_INTERMEDIATE, ROLE_RESPONSE, SHAPE(INTERMEDIATE), 0, 0,
      proc_intermediate_answered, SA_CREATE_LOCAL_INTERMEDIATE },
    { "gateway refuses an additional key exchange", SA_STATE(SA_CREATE_LOCAL_INTERMEDIATE),
      IKE_EXCHANGE_INTERMEDIATE, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0,
      proc_intermediate_refused, SA_CLOSED },

    /* HDR, [N(COOKIE),] Ni, N(TICKET_OPAQUE)  -->
     *                                  <--  HDR, Nr
     *                              or  <--  HDR, N(COOKIE)  or  HDR, N(TICKET_NACK) */
    { "gateway resumes", SA_STATE(SA_CREATE_LOCAL_RESUME), IKE_EXCHANGE_SESSION_RESUME,
      ROLE_RESPONSE, SHAPE(RESUME), 0, 0, proc_resume_answered, SA_CREATE_LOCAL_ANSWERED },
    { "gateway asks for a cookie before it resumes", SA_STATE(SA_CREATE_LOCAL_RESUME),
      IKE_EXCHANGE_SESSION_RESUME, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), IKE_NOTIFY_COOKIE, 0,
      proc_resume_cookie, SA_CREATE_LOCAL_RESUME },
    { "gateway does not resume", SA_STATE(SA_CREATE_LOCAL_RESUME), IKE_EXCHANGE_SESSION_RESUME,
      ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0, proc_resume_refused, SA_CREATE_LOCAL_RESUME },

    /* HDR, SK {IDi, [CERT,] [CERTREQ,] [IDr,] AUTH, CP(CFG_REQUEST), SAi2, TSi, TSr}  -->
     *                                  <--  HDR, SK {IDr, [CERT,] AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}
     *                              or  <--  HDR, SK {IDr, [CERT,] AUTH, N(error)}  or  HDR, SK {N(error)} */
    { "gateway answers IKE_AUTH", SA_STATE(SA_CREATE_LOCAL_AUTH), IKE_EXCHANGE_AUTH,
      ROLE_RESPONSE, SHAPE(AUTH_RESPONSE) | SHAPE(AUTH_CHILDLESS), 0, 0, proc_auth_answered,
      SA_ESTABLISHED },
    { "gateway refuses IKE_AUTH", SA_STATE(SA_CREATE_LOCAL_AUTH), IKE_EXCHANGE_AUTH,
      ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0, proc_auth_refused, SA_CLOSED },

    /* HDR, SK {IDi, [CERTREQ,] [IDr,] CP(CFG_REQUEST), SAi2, TSi, TSr}  -->
     *                                  <--  HDR, SK {IDr, [CERT, AUTH,] EAP}
     * HDR, SK {EAP}  -->               <--  HDR, SK {EAP}
     * HDR, SK {AUTH}  -->              <--  HDR, SK {AUTH, CP(CFG_REPLY), SAr2, TSi, TSr}
     * or, before another round         <--  HDR, SK {AUTH}
     * HDR, SK {IDi}  -->               <--  HDR, SK {EAP} */
    { "gateway begins EAP", SA_STATE(SA_CREATE_LOCAL_AUTH), IKE_EXCHANGE_AUTH, ROLE_RESPONSE,
      SHAPE(AUTH_EAP_FIRST), 0, 0, proc_eap_begun, SA_CREATE_LOCAL_EAP_ASK },
    { "gateway goes on with EAP", SA_STATE(SA_CREATE_LOCAL_EAP), IKE_EXCHANGE_AUTH, ROLE_RESPONSE,
      SHAPE(AUTH_EAP), 0, 0, proc_eap_asked, SA_CREATE_LOCAL_EAP_ASK },
    { "gateway refuses EAP", SA_STATE(SA_CREATE_LOCAL_EAP) | SA_STATE(SA_CREATE_LOCAL_EAP_DONE),
      IKE_EXCHANGE_AUTH, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0, proc_auth_refused, SA_CLOSED },
    { "gateway answers the AUTH after EAP", SA_STATE(SA_CREATE_LOCAL_EAP_DONE), IKE_EXCHANGE_AUTH,
      ROLE_RESPONSE, SHAPE(AUTH_EAP_DONE) | SHAPE(AUTH_EAP_DONE_CHILDLESS), 0, 0, proc_eap_done,
      SA_ESTABLISHED },

    /* HDR, SK {}  -->                  <--  HDR, SK {} */
    { "gateway is alive", SA_STATE(SA_LIVENESS_LOCAL_INFORMATIONAL), IKE_EXCHANGE_INFORMATIONAL,
      ROLE_RESPONSE, ANY_SHAPE, 0, 0, proc_info_answered, SA_ESTABLISHED },

    /* HDR, SK {D}  -->                 <--  HDR, SK {[D]} */
    { "gateway deletes its half", SA_STATE(SA_DELETE_CHILD_LOCAL_INFORMATIONAL),
      IKE_EXCHANGE_INFORMATIONAL, ROLE_RESPONSE, ANY_SHAPE, 0, 0, proc_delete_child_answered,
      SA_ESTABLISHED },
    { "gateway lets the IKE SA go",
      SA_STATE(SA_REKEY_IKE_LOCAL_DELETE) | SA_STATE(SA_DELETE_IKE_LOCAL_INFORMATIONAL),
      IKE_EXCHANGE_INFORMATIONAL, ROLE_RESPONSE, ANY_SHAPE, 0, 0, proc_delete_ike_answered,
      SA_CLOSED },
    /* A liveness check that was under way when the gateway replaced the SA. */
    { "gateway was alive", SA_STATE(SA_REKEY_IKE_REMOTE_DELETE), IKE_EXCHANGE_INFORMATIONAL,
      ROLE_RESPONSE, ANY_SHAPE, 0, 0, proc_info_answered, SA_REKEY_IKE_REMOTE_DELETE },

    /* HDR, SK {N(REKEY_SA), SA, Ni, [KEi,] TSi, TSr}  -->
     *                                  <--  HDR, SK {SA, Nr, [KEr,] TSi, TSr}  or  HDR, SK {N(error)} */
    { "gateway agrees to a Child SA",
      SA_STATE(SA_REKEY_CHILD_LOCAL_CREATE) | SA_STATE(SA_CREATE_CHILD_LOCAL_CREATE),
      IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_RESPONSE, SHAPE(CHILD), 0, 0, proc_rekey_child_answered,
      SA_ESTABLISHED },
    { "gateway asks for another group for a Child SA",
      SA_STATE(SA_REKEY_CHILD_LOCAL_CREATE) | SA_STATE(SA_CREATE_CHILD_LOCAL_CREATE),
      IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY),
      IKE_NOTIFY_INVALID_KE_PAYLOAD, 0, proc_rekey_child_other_group,
      SA_REKEY_CHILD_LOCAL_CREATE },
    { "gateway refuses a Child SA",
      SA_STATE(SA_REKEY_CHILD_LOCAL_CREATE) | SA_STATE(SA_CREATE_CHILD_LOCAL_CREATE),
      IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0,
      proc_rekey_child_refused, SA_ESTABLISHED },

    /* HDR, SK {SA, Ni, KEi}  -->       <--  HDR, SK {SA, Nr, KEr}  or  HDR, SK {N(error)} */
    { "gateway agrees to a new IKE SA", SA_STATE(SA_REKEY_IKE_LOCAL_CREATE),
      IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_RESPONSE, SHAPE(REKEY_IKE), 0, 0,
      proc_rekey_ike_answered, SA_REKEY_IKE_LOCAL_DELETE },
    { "gateway asks for another group for the IKE SA", SA_STATE(SA_REKEY_IKE_LOCAL_CREATE),
      IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY),
      IKE_NOTIFY_INVALID_KE_PAYLOAD, 0, proc_rekey_ike_other_group, SA_REKEY_IKE_LOCAL_CREATE },
    { "gateway refuses a new IKE SA", SA_STATE(SA_REKEY_IKE_LOCAL_CREATE),
      IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0,
      proc_rekey_ike_refused, SA_ESTABLISHED },

    /* HDR, SK {KEi(n), N(ADDITIONAL_KEY_EXCHANGE)}  -->
     *                                  <--  HDR, SK {KEr(n), [N(ADDITIONAL_KEY_EXCHANGE)]}
     *                              or  <--  HDR, SK {N(error)} */
    { "gateway goes on with a Child SA's key exchanges", SA_STATE(SA_REKEY_CHILD_LOCAL_FOLLOWUP),
      IKE_EXCHANGE_FOLLOWUP_KE, ROLE_RESPONSE, SHAPE(FOLLOWUP_KE), 0, 0, proc_followup_answered,
      SA_ESTABLISHED },
    { "gateway does not go on with a Child SA's", SA_STATE(SA_REKEY_CHILD_LOCAL_FOLLOWUP),
      IKE_EXCHANGE_FOLLOWUP_KE, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0,
      proc_rekey_child_refused, SA_ESTABLISHED },
    { "gateway goes on with the IKE SA's key exchanges", SA_STATE(SA_REKEY_IKE_LOCAL_FOLLOWUP),
      IKE_EXCHANGE_FOLLOWUP_KE, ROLE_RESPONSE, SHAPE(FOLLOWUP_KE), 0, 0, proc_followup_answered,
      SA_REKEY_IKE_LOCAL_DELETE },
    { "gateway does not go on with the IKE SA's", SA_STATE(SA_REKEY_IKE_LOCAL_FOLLOWUP),
      IKE_EXCHANGE_FOLLOWUP_KE, ROLE_RESPONSE, SHAPE(NOTIFY_ONLY), 0, 0,
      proc_rekey_ike_refused, SA_ESTABLISHED },

    /* <--  HDR, SK {D, ...}            HDR, SK {[D]}  --> */
    { "gateway deletes", IN_USE | GOING, IKE_EXCHANGE_INFORMATIONAL, ROLE_REQUEST, ANY_SHAPE, 0,
      IKE_PAYLOAD_DELETE, proc_delete_request, SA_ESTABLISHED },
    /* <--  HDR, SK {...}               HDR, SK {}  --> */
    { "gateway asks or tells", IN_USE | GOING, IKE_EXCHANGE_INFORMATIONAL, ROLE_REQUEST,
      ANY_SHAPE, 0, 0, proc_info_request, SA_ESTABLISHED },

    /* <--  HDR, SK {N(REKEY_SA), SA, Ni, [KEi,] TSi, TSr}     HDR, SK {SA, Nr, [KEr,] TSi, TSr}  --> */
    { "gateway rekeys a Child SA", IN_USE, IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_REQUEST,
      SHAPE(CHILD), IKE_NOTIFY_REKEY_SA, 0, proc_rekey_child_request, SA_ESTABLISHED },
    { "gateway wants another Child SA", IN_USE, IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_REQUEST,
      SHAPE(CHILD), 0, 0, proc_new_child_request, SA_ESTABLISHED },
    /* <--  HDR, SK {SA, Ni, KEi}       HDR, SK {SA, Nr, KEr}  --> */
    { "gateway rekeys the IKE SA", IN_USE, IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_REQUEST,
      SHAPE(REKEY_IKE), 0, 0, proc_rekey_ike_request, SA_REKEY_IKE_REMOTE_DELETE },
    /* <--  HDR, SK {KEi(n), N(ADDITIONAL_KEY_EXCHANGE)}
     *                                  HDR, SK {KEr(n), [N(ADDITIONAL_KEY_EXCHANGE)]}  -->
     *                              or  HDR, SK {N(error)}  --> */
    { "gateway exchanges further keys", IN_USE, IKE_EXCHANGE_FOLLOWUP_KE, ROLE_REQUEST,
      SHAPE(FOLLOWUP_KE), 0, 0, proc_followup_request, SA_ESTABLISHED },
    { "gateway exchanges further keys on an SA that goes", GOING, IKE_EXCHANGE_FOLLOWUP_KE,
      ROLE_REQUEST, SHAPE(FOLLOWUP_KE), 0, 0, proc_child_not_now, SA_ESTABLISHED },
    { "gateway creates on an SA that goes", GOING, IKE_EXCHANGE_CREATE_CHILD_SA, ROLE_REQUEST,
      SHAPE(CHILD) | SHAPE(REKEY_IKE), 0, 0, proc_child_not_now, SA_ESTABLISHED },
};
/* clang-format on */

static bool
fits(const Transition *row, IkeSaState state, const IkeMessage *message, IkeMessageShape shape)
{
    TransitionRole role = ike_header_is_response(&message->header) ? ROLE_RESPONSE : ROLE_REQUEST;
    return (row->from & SA_STATE(state)) != 0 && row->exchange == message->header.exchange &&
           row->role == role && (row->shapes & (1u << shape)) != 0 &&
           (row->notify == 0 || ike_message_find_notify(message, row->notify) != NULL) &&
           (row->payload == 0 || ike_message_find(message, row->payload) != NULL);
}

const Transition *
transition_find(IkeSaState state, const IkeMessage *message, IkeMessageShape shape)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (fits(&table[i], state, message, shape))
            return &table[i];
    }
    return NULL;
}
