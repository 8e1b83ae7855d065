#include "ike/message-rules.h"

#include <string.h>

#include "base/error.h"

static void
add_payload(IkeMessage *message, const char *word)
{
    static const uint8_t types[] = { 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 47, 48 };
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(word, ike_payload_to_string(types[i])) != 0)
            continue;
        ike_message_add(message, ike_payload_new(types[i]));
        return;
    }
    g_assert_not_reached();
}

static IkeMessage *
build(uint8_t exchange, bool response, const char *words)
{
    IkeHeader header = { .exchange = exchange, .flags = response ? IKE_FLAG_RESPONSE : 0 };
    IkeMessage *message = ike_message_new(&header);
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    for (size_t i = 0; list[i] != NULL; i++)
        if (list[i][0] != '\0')
            add_payload(message, list[i]);
    return message;
}

#define INIT  IKE_EXCHANGE_SA_INIT
#define AUTH  IKE_EXCHANGE_AUTH
#define CHILD IKE_EXCHANGE_CREATE_CHILD_SA
#define INFO  IKE_EXCHANGE_INFORMATIONAL

static const struct {
    uint8_t exchange;
    bool response;
    const char *payloads;
    IkeMessageShape shape;
} cases[] = {
    { INIT, false, "SA KE Nonce", IKE_SHAPE_INIT_REQUEST },
    { INIT, false, "N SA KE Nonce N N V V", IKE_SHAPE_INIT_REQUEST },
    { INIT, false, "Nonce KE SA", IKE_SHAPE_INIT_REQUEST },
    { INIT, false, "SA KE", IKE_SHAPE_NONE },
    { INIT, false, "SA SA KE Nonce", IKE_SHAPE_NONE },
    { INIT, false, "N", IKE_SHAPE_NONE },
    { INIT, false, "SA KE Nonce AUTH", IKE_SHAPE_NONE },
    { INIT, true, "SA KE Nonce N N CERTREQ", IKE_SHAPE_INIT_RESPONSE },
    { INIT, true, "N", IKE_SHAPE_NOTIFY_ONLY },
    { INIT, true, "", IKE_SHAPE_NONE },
    { INIT, true, "N SA", IKE_SHAPE_NONE },
    { AUTH, false, "IDi CERT CERT N CERTREQ IDr AUTH CP SA TSi TSr N", IKE_SHAPE_AUTH_REQUEST },
    { AUTH, false, "IDi SA TSi TSr", IKE_SHAPE_AUTH_EAP_START },
    { AUTH, false, "EAP", IKE_SHAPE_AUTH_EAP },
    { AUTH, false, "AUTH", IKE_SHAPE_AUTH_EAP_FINISH },
    { AUTH, false, "IDi AUTH SA TSi", IKE_SHAPE_NONE },
    { AUTH, false, "IDi AUTH AUTH SA TSi TSr", IKE_SHAPE_NONE },
    { AUTH, true, "IDr CERT CERT AUTH N CP SA TSi TSr", IKE_SHAPE_AUTH_RESPONSE },
    { AUTH, true, "IDr AUTH N", IKE_SHAPE_AUTH_CHILDLESS },
    { AUTH, true, "IDr AUTH", IKE_SHAPE_AUTH_CHILDLESS }, /* RFC 4739, RFC 6023 */
    { AUTH, true, "AUTH", IKE_SHAPE_AUTH_EAP_DONE_CHILDLESS },
    { AUTH, true, "IDr", IKE_SHAPE_NONE },
    { AUTH, false, "IDi", IKE_SHAPE_AUTH_NEXT },
    { AUTH, true, "IDr AUTH SA TSi", IKE_SHAPE_NONE },
    { AUTH, true, "IDr CERT AUTH EAP", IKE_SHAPE_AUTH_EAP_FIRST },
    { AUTH, true, "IDr EAP", IKE_SHAPE_AUTH_EAP_FIRST },
    { AUTH, true, "EAP", IKE_SHAPE_AUTH_EAP },
    { AUTH, true, "AUTH CP SA TSi TSr", IKE_SHAPE_AUTH_EAP_DONE },
    { AUTH, true, "AUTH N", IKE_SHAPE_AUTH_EAP_DONE_CHILDLESS },
    { AUTH, true, "N", IKE_SHAPE_NOTIFY_ONLY },
    { CHILD, false, "N SA Nonce KE TSi TSr", IKE_SHAPE_CHILD },
    { CHILD, true, "SA Nonce TSi TSr N", IKE_SHAPE_CHILD },
    { CHILD, false, "SA Nonce KE", IKE_SHAPE_REKEY_IKE },
    { CHILD, true, "N", IKE_SHAPE_NOTIFY_ONLY },
    { CHILD, false, "SA Nonce", IKE_SHAPE_NONE },
    { CHILD, false, "SA Nonce KE KE", IKE_SHAPE_NONE },
    { IKE_EXCHANGE_INTERMEDIATE, false, "KE", IKE_SHAPE_INTERMEDIATE },
    { IKE_EXCHANGE_INTERMEDIATE, true, "KE N", IKE_SHAPE_INTERMEDIATE },
    { IKE_EXCHANGE_INTERMEDIATE, true, "", IKE_SHAPE_NONE },
    { IKE_EXCHANGE_INTERMEDIATE, true, "KE Nonce", IKE_SHAPE_NONE },
    { IKE_EXCHANGE_FOLLOWUP_KE, false, "KE N", IKE_SHAPE_FOLLOWUP_KE },
    { IKE_EXCHANGE_FOLLOWUP_KE, true, "KE", IKE_SHAPE_FOLLOWUP_KE },
    { IKE_EXCHANGE_FOLLOWUP_KE, true, "N", IKE_SHAPE_NOTIFY_ONLY },
    { INFO, false, "", IKE_SHAPE_INFORMATIONAL },
    { INFO, true, "", IKE_SHAPE_INFORMATIONAL },
    { INFO, false, "D D N CP", IKE_SHAPE_INFORMATIONAL },
    { INFO, false, "AUTH", IKE_SHAPE_NONE },
    { 99, false, "", IKE_SHAPE_NONE },
    { 99, true, "N", IKE_SHAPE_NOTIFY_ONLY },
};

static void
test_shapes(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(IkeMessage) message =
            build(cases[i].exchange, cases[i].response, cases[i].payloads);
        g_autoptr(GError) error = NULL;
        IkeMessageShape shape = ike_message_shape(message, &error);
        g_test_message("%u %s", cases[i].exchange, cases[i].payloads);
        g_assert_cmpstr(ike_message_shape_to_string(shape), ==,
                        ike_message_shape_to_string(cases[i].shape));
        g_assert_true((error != NULL) == (shape == IKE_SHAPE_NONE));
    }
}

static void
test_error_names_the_payload(void)
{
    g_autoptr(IkeMessage) message = build(AUTH, true, "IDr IDr AUTH SA TSi TSr");
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(ike_message_shape(message, &error), ==, IKE_SHAPE_NONE);
    g_assert_error(error, PARSE_ERROR, PARSE_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "IDr"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ike/message-rules/shapes", test_shapes);
    g_test_add_func("/ike/message-rules/error-names-the-payload", test_error_names_the_payload);
    return g_test_run();
}
