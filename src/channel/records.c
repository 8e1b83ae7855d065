#include "config.h"

#include "channel/records.h"

typedef struct {
    const char *name;
    const char *body;
} RecordKind;

static const RecordKind record_kinds[RECORD_LIMIT] = {
    [RECORD_START] = { "START", "a{sv}" },
    [RECORD_QUERY] = { "QUERY", "()" },
    [RECORD_CLOSE] = { "CLOSE", "()" },
    [RECORD_APPLIED] = { "APPLIED", "(bsu)" },
    [RECORD_SOCKET_REPLY] = { "SOCKET_REPLY", "(uisa{sv})" },
    [RECORD_RESOLVE_REPLY] = { "RESOLVE_REPLY", "(uaaysb)" },
    [RECORD_SIGN_REPLY] = { "SIGN_REPLY", "(uyays)" },
    [RECORD_VERIFY_REPLY] = { "VERIFY_REPLY", "(ub)" },
    [RECORD_MSCHAP_REPLY] = { "MSCHAP_REPLY", "(uayayays)" },
    [RECORD_MD5_REPLY] = { "MD5_REPLY", "(uays)" },
    [RECORD_PASSWORD_REPLY] = { "PASSWORD_REPLY", "(uays)" },
    [RECORD_SIGN_TLS_REPLY] = { "SIGN_TLS_REPLY", "(uays)" },
    [RECORD_PPK_REPLY] = { "PPK_REPLY", "(uayayays)" },
    [RECORD_FETCH_REPLY] = { "FETCH_REPLY", "(uays)" },
    [RECORD_REQUEST_SPLIT_DNS] = { "REQUEST_SPLIT_DNS", "(a(qay))" },
    [RECORD_PROXY_LOGIN_REPLY] = { "PROXY_LOGIN_REPLY", "(us)" },
    [RECORD_REPLACE] = { "REPLACE", "()" },
    [RECORD_NETWORK] = { "NETWORK", "(b)" },
    [RECORD_MTU] = { "MTU", "(u)" },
    [RECORD_SOCKET] = { "SOCKET", "(uyayq)" },
    [RECORD_RESOLVE] = { "RESOLVE", "(u)" },
    [RECORD_SIGN] = { "SIGN", "(uayayqayaqay)" },
    [RECORD_VERIFY] = { "VERIFY", "(uayayqayayayay)" },
    [RECORD_EVENT] = { "EVENT", "(xsa{sv})" },
    [RECORD_STATE] = { "STATE", "(sss)" },
    [RECORD_CONFIGURE] = { "CONFIGURE", "a{sv}" },
    [RECORD_REPORT] = { "REPORT", "a{sv}" },
    [RECORD_MSCHAP] = { "MSCHAP", "(uayayay)" },
    [RECORD_MD5] = { "MD5", "(uyay)" },
    [RECORD_PASSWORD] = { "PASSWORD", "(uss)" },
    [RECORD_SIGN_TLS] = { "SIGN_TLS", "(uqay)" },
    [RECORD_PPK] = { "PPK", "(uqayayay)" },
    [RECORD_REDIRECT] = { "REDIRECT", "(uays)" },
    [RECORD_MOVED] = { "MOVED", "((yayq)bs)" },
    [RECORD_LOOKING] = { "LOOKING", "(x)" },
    [RECORD_LEARNT] = { "LEARNT", "(bu)" },
    [RECORD_PROXY_LOGIN] = { "PROXY_LOGIN", "(us)" },
    [RECORD_FETCH] = { "FETCH", "(usqsay)" },
    [RECORD_TOKEN_READ] = { "TOKEN_READ", "(s)" },
    [RECORD_TOKEN_SIGN] = { "TOKEN_SIGN", "(saybyay(uayayqayaqay))" },
    [RECORD_TOKEN_SIGN_TLS] = { "TOKEN_SIGN_TLS", "(say(uqay))" },
    [RECORD_TOKEN_CERTIFICATE] = { "TOKEN_CERTIFICATE", "(yays)" },
    [RECORD_TOKEN_SIGNED] = { "TOKEN_SIGNED", "(yyayss)" },
    [RECORD_STUB_START] = { "STUB_START", "(sa(sqsa(qay))asasasb)" },
    [RECORD_STUB_READY] = { "STUB_READY", "(bs)" },
    [RECORD_RESOLVCONF] = { "RESOLVCONF", "(sasas)" },
    [RECORD_RESOLVCONF_DONE] = { "RESOLVCONF_DONE", "(bs)" },
};

const char *
record_body_type(RecordType type)
{
    return (unsigned)type < RECORD_LIMIT ? record_kinds[type].body : NULL;
}

const char *
record_to_string(RecordType type)
{
    const char *name = (unsigned)type < RECORD_LIMIT ? record_kinds[type].name : NULL;
    return name != NULL ? name : "unknown";
}
