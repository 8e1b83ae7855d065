/* Whom the seeds of crl and ocsp are about. Made by make-revocation-seeds. */
#pragma once

#define REVOCATION_SEED_TIME 1700000000

static const char revocation_root_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBHzCBxqADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMTBFJvb3QwHhcN\n"
    "MjAwMTAxMDAwMDAwWhcNNDkxMjMxMjM1OTU5WjAPMQ0wCwYDVQQDEwRSb290MFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhxo54iXCP3X0RDPJHS29vOGMnLVbUEjK\n"
    "3BhfwrcZdzL6N9kV0nYJwoEA7OqbJ4JiEvBf8WPop43FMtNeljAC3qMTMBEwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBEYIbMokQqbRfgClAW/16m\n"
    "RFzjGXcDhJ4zbTdbFN+x0AIhAPKuG39Y5z2WTYoQ2dKX/c37sNx2+leY6o+Icdw3\n"
    "F9Il\n"
    "-----END CERTIFICATE-----\n";
static const char revocation_gateway_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBPzCB5qADAgECAgECMAoGCCqGSM49BAMCMA8xDTALBgNVBAMTBFJvb3QwHhcN\n"
    "MjAwMTAxMDAwMDAwWhcNNDkxMjMxMjM1OTU5WjAVMRMwEQYDVQQDEwpndy5leGFt\n"
    "cGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETenLDdnSsG2204wB8dT9b+8f\n"
    "EMeZZqcsH3VHbrkt+qDtRA2qR8DB0blluEWzpDsFIjmeJJVRGB/J43UGjNIW4KMt\n"
    "MCswKQYDVR0fBCIwIDAeoBygGoYYaHR0cDovL2NybC5leGFtcGxlL2EuY3JsMAoG\n"
    "CCqGSM49BAMCA0gAMEUCIHdkP7XtwiXvQNqY2KKGpkIKs9y24I829dKUO9r+7BUR\n"
    "AiEAxQAaprZpfbrkxTdLppldr0ANRf0dFhBdUZwrLpUnw1A=\n"
    "-----END CERTIFICATE-----\n";
