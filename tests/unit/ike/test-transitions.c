/* Which row takes which message: the table is complete for what a gateway sends, and no wider. */
#include "ike/transitions.h"

#include <string.h>

#include "ike/proc.h"

static IkeMessage *
message(uint8_t exchange, uint8_t flags)
{
    IkeHeader header = { .spi_i = 1, .spi_r = 2, .exchange = exchange, .flags = flags };
    return ike_message_new(&header);
}

static TransitionHandler
handler_of(IkeSaState state, const IkeMessage *of, IkeMessageShape shape)
{
    const Transition *row = transition_find(state, of, shape);
    return row != NULL ? row->handler : NULL;
}

static void
test_init(void)
{
    g_autoptr(IkeMessage) answer = message(IKE_EXCHANGE_SA_INIT, IKE_FLAG_RESPONSE);
    g_assert_true(handler_of(SA_CREATE_LOCAL_INIT, answer, IKE_SHAPE_INIT_RESPONSE) ==
                  proc_init_answered);
    g_assert_true(handler_of(SA_CREATE_LOCAL_INIT, answer, IKE_SHAPE_NOTIFY_ONLY) ==
                  proc_init_refused);
    ike_message_add_notify(answer, IKE_NOTIFY_COOKIE, "cookie", 6);
    g_assert_true(handler_of(SA_CREATE_LOCAL_INIT, answer, IKE_SHAPE_NOTIFY_ONLY) ==
                  proc_init_cookie);
    g_assert_null(transition_find(SA_ESTABLISHED, answer, IKE_SHAPE_INIT_RESPONSE));
    g_assert_null(transition_find(SA_CREATE_LOCAL_INIT, answer, IKE_SHAPE_NONE));
}

/* DELETE comes first: it may stand beside notifications. */
static void
test_delete_before_info(void)
{
    g_autoptr(IkeMessage) request = message(IKE_EXCHANGE_INFORMATIONAL, 0);
    ike_message_add_notify(request, 40000, NULL, 0);
    g_assert_true(handler_of(SA_ESTABLISHED, request, IKE_SHAPE_INFORMATIONAL) ==
                  proc_info_request);
    ike_message_add_delete_ike(request);
    g_assert_true(handler_of(SA_ESTABLISHED, request, IKE_SHAPE_INFORMATIONAL) ==
                  proc_delete_request);
}

static void
test_create_child(void)
{
    g_autoptr(IkeMessage) request = message(IKE_EXCHANGE_CREATE_CHILD_SA, 0);
    g_assert_true(handler_of(SA_ESTABLISHED, request, IKE_SHAPE_CHILD) == proc_new_child_request);
    g_assert_true(handler_of(SA_ESTABLISHED, request, IKE_SHAPE_REKEY_IKE) ==
                  proc_rekey_ike_request);
    ike_message_add_notify_child(request, IKE_NOTIFY_REKEY_SA, 7);
    g_assert_true(handler_of(SA_ESTABLISHED, request, IKE_SHAPE_CHILD) == proc_rekey_child_request);
    /* On an IKE SA that goes: not any more. */
    g_assert_true(handler_of(SA_DELETE_IKE_LOCAL_INFORMATIONAL, request, IKE_SHAPE_CHILD) ==
                  proc_child_not_now);
}

/* A gateway can always check whether we live and delete, once we are up; before, nothing. */
static void
test_always_answered(void)
{
    g_autoptr(IkeMessage) request = message(IKE_EXCHANGE_INFORMATIONAL, 0);
    for (IkeSaState state = SA_CREATE_LOCAL_INIT; state <= SA_CLOSED; state++) {
        bool up = state >= SA_ESTABLISHED && state < SA_CLOSED;
        bool answered = transition_find(state, request, IKE_SHAPE_INFORMATIONAL) != NULL;
        g_assert_true(answered == up);
        g_assert_cmpstr(ike_sa_state_to_string(state), !=, "unknown");
    }
}

/* Every request of ours has a row for its answer. */
static void
test_answers(void)
{
    static const struct {
        IkeSaState state;
        uint8_t exchange;
        IkeMessageShape shape;
    } expected[] = {
        { SA_CREATE_LOCAL_AUTH, IKE_EXCHANGE_AUTH, IKE_SHAPE_AUTH_RESPONSE },
        { SA_CREATE_LOCAL_AUTH, IKE_EXCHANGE_AUTH, IKE_SHAPE_AUTH_CHILDLESS },
        { SA_CREATE_LOCAL_AUTH, IKE_EXCHANGE_AUTH, IKE_SHAPE_NOTIFY_ONLY },
        { SA_LIVENESS_LOCAL_INFORMATIONAL, IKE_EXCHANGE_INFORMATIONAL, IKE_SHAPE_INFORMATIONAL },
        { SA_REKEY_CHILD_LOCAL_CREATE, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_SHAPE_CHILD },
        { SA_REKEY_CHILD_LOCAL_CREATE, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_SHAPE_NOTIFY_ONLY },
        { SA_CREATE_CHILD_LOCAL_CREATE, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_SHAPE_CHILD },
        { SA_REKEY_IKE_LOCAL_CREATE, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_SHAPE_REKEY_IKE },
        { SA_REKEY_IKE_LOCAL_CREATE, IKE_EXCHANGE_CREATE_CHILD_SA, IKE_SHAPE_NOTIFY_ONLY },
        { SA_REKEY_CHILD_LOCAL_FOLLOWUP, IKE_EXCHANGE_FOLLOWUP_KE, IKE_SHAPE_FOLLOWUP_KE },
        { SA_REKEY_CHILD_LOCAL_FOLLOWUP, IKE_EXCHANGE_FOLLOWUP_KE, IKE_SHAPE_NOTIFY_ONLY },
        { SA_REKEY_IKE_LOCAL_FOLLOWUP, IKE_EXCHANGE_FOLLOWUP_KE, IKE_SHAPE_FOLLOWUP_KE },
        { SA_REKEY_IKE_LOCAL_FOLLOWUP, IKE_EXCHANGE_FOLLOWUP_KE, IKE_SHAPE_NOTIFY_ONLY },
        { SA_DELETE_CHILD_LOCAL_INFORMATIONAL, IKE_EXCHANGE_INFORMATIONAL,
          IKE_SHAPE_INFORMATIONAL },
        { SA_REKEY_IKE_LOCAL_DELETE, IKE_EXCHANGE_INFORMATIONAL, IKE_SHAPE_INFORMATIONAL },
        { SA_DELETE_IKE_LOCAL_INFORMATIONAL, IKE_EXCHANGE_INFORMATIONAL, IKE_SHAPE_INFORMATIONAL },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_autoptr(IkeMessage) answer = message(expected[i].exchange, IKE_FLAG_RESPONSE);
        g_assert_nonnull(transition_find(expected[i].state, answer, expected[i].shape));
        /* A response of another exchange with the same message ID is not one. */
        answer->header.exchange = 99;
        g_assert_null(transition_find(expected[i].state, answer, expected[i].shape));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/transitions/init", test_init);
    g_test_add_func("/ike/transitions/delete-before-info", test_delete_before_info);
    g_test_add_func("/ike/transitions/create-child", test_create_child);
    g_test_add_func("/ike/transitions/always-answered", test_always_answered);
    g_test_add_func("/ike/transitions/answers", test_answers);
    return g_test_run();
}
