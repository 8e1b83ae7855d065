/*
 * A PKCS#11 module that is SoftHSM's but for what some cards lack: RSA only by PKCS#1 v1.5, and,
 * where LIMITED_TOKEN_LAST is set, a PIN that has one try left.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>

#define MODULE "/usr/lib/softhsm/libsofthsm2.so"

static CK_FUNCTION_LIST limited, *whole;

static int
is_pss(CK_MECHANISM_TYPE type)
{
    return type == CKM_RSA_PKCS_PSS || type == CKM_SHA256_RSA_PKCS_PSS ||
           type == CKM_SHA384_RSA_PKCS_PSS || type == CKM_SHA512_RSA_PKCS_PSS;
}

static CK_RV
get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV status = whole->C_GetTokenInfo(slot, info);
    if (status == CKR_OK && getenv("LIMITED_TOKEN_LAST") != NULL)
        info->flags |= CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
    return status;
}

static CK_RV
get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
    return is_pss(type) ? CKR_MECHANISM_INVALID : whole->C_GetMechanismInfo(slot, type, info);
}

static CK_RV
sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    if (is_pss(mechanism->mechanism))
        return CKR_MECHANISM_INVALID;
    return whole->C_SignInit(session, mechanism, key);
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    void *module = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get =
        module != NULL ? (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList") : NULL;
    if (get == NULL || get(&whole) != CKR_OK)
        return CKR_GENERAL_ERROR;
    limited = *whole;
    limited.C_GetTokenInfo = get_token_info;
    limited.C_GetMechanismInfo = get_mechanism_info;
    limited.C_SignInit = sign_init;
    *list = &limited;
    return CKR_OK;
}
