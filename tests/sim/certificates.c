#include "certificates.h"

const char ca_pem[] = "-----BEGIN CERTIFICATE-----\n"
                      "MIIBjzCCATagAwIBAgIUK+w5CCREdJlWkDWoTOkHA2P46Y0wCgYIKoZIzj0EAwIw\n"
                      "JjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMQ0wCwYDVQQDDARSb290MB4XDTI2MTEy\n"
                      "MzIxNDQzN1oXDTQ2MTExODIxNDQzN1owJjEVMBMGA1UECgwMR2lubmVsIHRlc3Rz\n"
                      "MQ0wCwYDVQQDDARSb290MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0TiS4JO3\n"
                      "cX9i/IL2S02jg73Dtnybw8uGaDuBUP9VKSFH87O3kyo8Hn/4OO9qhRH1Lb2gbrJC\n"
                      "IlEAzp2ieDcuH6NCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYw\n"
                      "HQYDVR0OBBYEFI9xM8VjJrJtJnt2YNUZPKPbJBOlMAoGCCqGSM49BAMCA0cAMEQC\n"
                      "IDskLtnzqmYsFcctlyczC4zqVTlseZfGpCIM+KgADPAEAiAi7nJ+pCqFMOQ6OKNk\n"
                      "96vcFKt+EaJIveJvPBpGeLbQww==\n"
                      "-----END CERTIFICATE-----\n";

const char other_pem[] = "-----BEGIN CERTIFICATE-----\n"
                         "MIIBoDCCAUagAwIBAgIUFrCSIIQKesTpXxPAV4az+dMHZPwwCgYIKoZIzj0EAwIw\n"
                         "LjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMRUwEwYDVQQDDAxBbm90aGVyIHJvb3Qw\n"
                         "HhcNMjYxMTIzMjE0NDM3WhcNNDYxMTE4MjE0NDM3WjAuMRUwEwYDVQQKDAxHaW5u\n"
                         "ZWwgdGVzdHMxFTATBgNVBAMMDEFub3RoZXIgcm9vdDBZMBMGByqGSM49AgEGCCqG\n"
                         "SM49AwEHA0IABFIDTEuropR6TCqqlFevto10CqpWMYr6CONu/HLP8foady7SRbA7\n"
                         "Cg5yPxklPu9duAIkgUM3Wf9CrbtP4pimdJijQjBAMA8GA1UdEwEB/wQFMAMBAf8w\n"
                         "DgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBSP3OpRBQK6F/cCiJy8qVgaE0ZVhjAK\n"
                         "BggqhkjOPQQDAgNIADBFAiEA91s4GdbfNuk+kC/HbONvFCGTUV7g/Z+yhHM8gel6\n"
                         "d1gCIAFcju7TqiusZtB+EvBlbkrb+ptdfNeX3d3YCADp0nzM\n"
                         "-----END CERTIFICATE-----\n";

const char intermediate_pem[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIBuDCCAV+gAwIBAgIUCmz3/Vi5YKpU0Dg8y4bCLFSfEykwCgYIKoZIzj0EAwIw\n"
                                "JjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMQ0wCwYDVQQDDARSb290MB4XDTI2MTEy\n"
                                "MzIxNDQzN1oXDTM2MTEyMDIxNDQzN1owLjEVMBMGA1UECgwMR2lubmVsIHRlc3Rz\n"
                                "MRUwEwYDVQQDDAxJbnRlcm1lZGlhdGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
                                "AARcabdgBvTRiF5UnvE82axpaJqMh+T5Vtf94FKAKrP/lMxkKZEddrVSvj2Ysh0p\n"
                                "ZJPH6tDhU9EklJlTjbpMiFz8o2MwYTAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB\n"
                                "/wQEAwIBBjAdBgNVHQ4EFgQU40HVx4KR8Uwvj7YUQCZTkdgX8WowHwYDVR0jBBgw\n"
                                "FoAUj3EzxWMmsm0me3Zg1Rk8o9skE6UwCgYIKoZIzj0EAwIDRwAwRAIgONHq+9Kp\n"
                                "yIThfaqMM8j44WqecG+wAqXZU1cZahhViiECIDbHtGWZAceNXonZPbS8I7B78HeY\n"
                                "RaKtD/YJH6SFoFSZ\n"
                                "-----END CERTIFICATE-----\n";

const char gateway_p256_pem[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIB6DCCAY6gAwIBAgIUCmz3/Vi5YKpU0Dg8y4bCLFSfEyowCgYIKoZIzj0EAwIw\n"
                                "JjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMQ0wCwYDVQQDDARSb290MB4XDTI2MTEy\n"
                                "MzIxNDQzN1oXDTM2MTEyMDIxNDQzN1owLDEVMBMGA1UECgwMR2lubmVsIHRlc3Rz\n"
                                "MRMwEQYDVQQDDApndy5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
                                "XWZxT/4y00JRn+PIDxyKEcNW05JSRdswWcguqCzdoLkWxZ3qhnM2Eq7oRY6XVZHH\n"
                                "7xKJjsm2Y7BijTABCi+VO6OBkzCBkDAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQE\n"
                                "AwIHgDAbBgNVHREEFDASggpndy5leGFtcGxlhwTGM2QBMBMGA1UdJQQMMAoGCCsG\n"
                                "AQUFBwMBMB0GA1UdDgQWBBQoVCR+xzbZ6fBvaoi6Ot8Runa/6jAfBgNVHSMEGDAW\n"
                                "gBSPcTPFYyaybSZ7dmDVGTyj2yQTpTAKBggqhkjOPQQDAgNIADBFAiEA624su7/9\n"
                                "zEF7QDkCFPTsEBRujI9W3zhgURO7qVKJRdACIFGAdx6bmGy2mXO5HSpa2A5ptQGA\n"
                                "Buan9pPFWQebfm+n\n"
                                "-----END CERTIFICATE-----\n";

const char gateway_p384_pem[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIICADCCAaWgAwIBAgIUCmz3/Vi5YKpU0Dg8y4bCLFSfEyswCgYIKoZIzj0EAwIw\n"
                                "JjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMQ0wCwYDVQQDDARSb290MB4XDTI2MTEy\n"
                                "MzIxNDQzN1oXDTM2MTEyMDIxNDQzN1owLDEVMBMGA1UECgwMR2lubmVsIHRlc3Rz\n"
                                "MRMwEQYDVQQDDApndy5leGFtcGxlMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEaZ1g\n"
                                "VAJPypUM5qhPRxnc8zpDZk1ocOA0TycF1VNXJ/wapHhKDFiS0196aimDlWCWKv31\n"
                                "07lcvInRAiGNUmDWB9EhbrEK8UuZHYj1YnBxSc3t7RzboGBR3xZFvbbZUGqDo4GN\n"
                                "MIGKMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMBUGA1UdEQQOMAyCCmd3\n"
                                "LmV4YW1wbGUwEwYDVR0lBAwwCgYIKwYBBQUHAwEwHQYDVR0OBBYEFMJWHXFi1jDE\n"
                                "yFq23n8uFVRVFa+WMB8GA1UdIwQYMBaAFI9xM8VjJrJtJnt2YNUZPKPbJBOlMAoG\n"
                                "CCqGSM49BAMCA0kAMEYCIQDlTKiWU3Fi7St1h9pge1eUtiskvSNjYIZUBBReb0tQ\n"
                                "HwIhAImD8Fk8XIZigpWdVZR+hE1e1XkR24kKl7Dgnuk7D0HJ\n"
                                "-----END CERTIFICATE-----\n";

const char gateway_rsa_pem[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIICrDCCAlOgAwIBAgIUCmz3/Vi5YKpU0Dg8y4bCLFSfEywwCgYIKoZIzj0EAwIw\n"
                               "JjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMQ0wCwYDVQQDDARSb290MB4XDTI2MTEy\n"
                               "MzIxNDQzN1oXDTM2MTEyMDIxNDQzN1owLDEVMBMGA1UECgwMR2lubmVsIHRlc3Rz\n"
                               "MRMwEQYDVQQDDApndy5leGFtcGxlMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIB\n"
                               "CgKCAQEAzfzvXX1HMA2/sJzNWGX7VIpw8gnkZGgFv4gdQqnAEVTn6+FETLFmvUg3\n"
                               "qEL6LtwOk+DJrY51q8Jk5YuoZirtfG6W6tbVneQigxWAkcufSP7fXN8yJa4wPBxz\n"
                               "thQ+LKylCs1w3/3vTLOGNYfJViRIfhVuvLCa+omQKG+sYjXHahOpkVZ4TNnT3juf\n"
                               "PXAJ9tJxFw3VYdJwdQfBdvMcwJIKjxpTDxv41ytuFn9ux0/1pu6Iwo013OUnXYyJ\n"
                               "cXpBB5bVGaweWJT7IOIRaLqzR7CwehIj9DU1ucvos95B5TKD3Z0G9+BIZtmCWtPb\n"
                               "ks0bXl57KNuC/0PgRELH1Z+pb5HcqwIDAQABo4GNMIGKMAwGA1UdEwEB/wQCMAAw\n"
                               "DgYDVR0PAQH/BAQDAgeAMBUGA1UdEQQOMAyCCmd3LmV4YW1wbGUwEwYDVR0lBAww\n"
                               "CgYIKwYBBQUHAwEwHQYDVR0OBBYEFF4XrrmunSb7iehRImHlAUA5Akf/MB8GA1Ud\n"
                               "IwQYMBaAFI9xM8VjJrJtJnt2YNUZPKPbJBOlMAoGCCqGSM49BAMCA0cAMEQCIEeK\n"
                               "Y9oy2juydjNM1OvMocPrEaI6Cge/HQhOmPjMBp8mAiAXqBZdas/UDZ4B5GxW3kWY\n"
                               "y/3P6mQzj8QaVMwy4oJqgg==\n"
                               "-----END CERTIFICATE-----\n";

const char gateway_below_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB6zCCAZCgAwIBAgIURdVK/db0qw628TpwPCRgvYKQV7owCgYIKoZIzj0EAwIw\n"
    "LjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMRUwEwYDVQQDDAxJbnRlcm1lZGlhdGUw\n"
    "HhcNMjYxMTIzMjE0NDM3WhcNMzYxMTIwMjE0NDM3WjAsMRUwEwYDVQQKDAxHaW5u\n"
    "ZWwgdGVzdHMxEzARBgNVBAMMCmd3LmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAARPFLYUtZOUgbe5kjgzGOmB7CSqNQM/FFxitVv5ZYo9c+Z0H+XW+qxi\n"
    "8fiXbeD1hM+/UkgKttanEGcXHsABxIqpo4GNMIGKMAwGA1UdEwEB/wQCMAAwDgYD\n"
    "VR0PAQH/BAQDAgeAMBUGA1UdEQQOMAyCCmd3LmV4YW1wbGUwEwYDVR0lBAwwCgYI\n"
    "KwYBBQUHAwEwHQYDVR0OBBYEFDDb46qPmue4A0oEb8P2Pwvi5ceYMB8GA1UdIwQY\n"
    "MBaAFONB1ceCkfFML4+2FEAmU5HYF/FqMAoGCCqGSM49BAMCA0kAMEYCIQDN8zO2\n"
    "+Jhe+0PWQ87K5Xe3pYN4fgrHF1Z+G/vWtoA6ggIhAI/Mo19gxjuzSVffY3dtK+Lp\n"
    "XLxg/CgjAmY2ENEXkKJ4\n"
    "-----END CERTIFICATE-----\n";

const char gateway_named_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB9zCCAZ2gAwIBAgIUCmz3/Vi5YKpU0Dg8y4bCLFSfEy0wCgYIKoZIzj0EAwIw\n"
    "JjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMQ0wCwYDVQQDDARSb290MB4XDTI2MTEy\n"
    "MzIxNDQzN1oXDTM2MTEyMDIxNDQzN1owLTEVMBMGA1UECgwMR2lubmVsIHRlc3Rz\n"
    "MRQwEgYDVQQDDAt2cG4uZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA\n"
    "BEzD34QXekTmND99QLrfWaYIdL6lfb/k6cWod+3bXYZPXG32yu8boXsjdtYeOr6N\n"
    "/u2vMIdBM+3aJsVkAl771QCjgaEwgZ4wDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8E\n"
    "BAMCB4AwKQYDVR0RBCIwIIILdnBuLmV4YW1wbGWCEWVsc2V3aGVyZS5leGFtcGxl\n"
    "MBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBRINIwhoqfIsL3Z6P2pjyjt\n"
    "VBTiCzAfBgNVHSMEGDAWgBSPcTPFYyaybSZ7dmDVGTyj2yQTpTAKBggqhkjOPQQD\n"
    "AgNIADBFAiBxhiM92Fp5uvF3H1ItNerQgvdnZxL1RwwHIWU8moINPAIhAJzxPqnD\n"
    "u7IonAvZ+d/+2ccL6Vnli0ilPCtHhZw625gU\n"
    "-----END CERTIFICATE-----\n";

const char gateway_client_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB4jCCAYigAwIBAgIUCmz3/Vi5YKpU0Dg8y4bCLFSfEy4wCgYIKoZIzj0EAwIw\n"
    "JjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMQ0wCwYDVQQDDARSb290MB4XDTI2MTEy\n"
    "MzIxNDQzN1oXDTM2MTEyMDIxNDQzN1owLDEVMBMGA1UECgwMR2lubmVsIHRlc3Rz\n"
    "MRMwEQYDVQQDDApndy5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "XJL9lWiX8cq+Ncbi+2m6wOWuhFM/Mkcg9hUEg4c7qEF1df2yspsFCWLuXAzy6InN\n"
    "wY8NPVuXQM6mBqPPprMiMqOBjTCBijAMBgNVHRMBAf8EAjAAMA4GA1UdDwEB/wQE\n"
    "AwIHgDAVBgNVHREEDjAMggpndy5leGFtcGxlMBMGA1UdJQQMMAoGCCsGAQUFBwMC\n"
    "MB0GA1UdDgQWBBTmOiAf1SAKHvDYr/UZMPxkD/0P0DAfBgNVHSMEGDAWgBSPcTPF\n"
    "YyaybSZ7dmDVGTyj2yQTpTAKBggqhkjOPQQDAgNIADBFAiEA/uq7B0E5sW8rz6RF\n"
    "lL4Qt7jS1K1Im4xLj1iIVvvn6wsCIBQzNZXph4Z/+bUf4eYbese0iY2q+uKYpqKD\n"
    "C1BaD3/W\n"
    "-----END CERTIFICATE-----\n";

const char gateway_other_pem[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIB6jCCAZCgAwIBAgIUWzxXdq1h5OYpePshqkTaPfbwzZkwCgYIKoZIzj0EAwIw\n"
    "LjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMRUwEwYDVQQDDAxBbm90aGVyIHJvb3Qw\n"
    "HhcNMjYxMTIzMjE0NDM3WhcNMzYxMTIwMjE0NDM3WjAsMRUwEwYDVQQKDAxHaW5u\n"
    "ZWwgdGVzdHMxEzARBgNVBAMMCmd3LmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAATNxskcg6Djc+sw/5mc5QtaVuZuLSdP0/7y7rg3nS7xpNF/7oTSLARW\n"
    "0KKXT2oJ1cVX3DJyWm10qBnWH2zki6hKo4GNMIGKMAwGA1UdEwEB/wQCMAAwDgYD\n"
    "VR0PAQH/BAQDAgeAMBUGA1UdEQQOMAyCCmd3LmV4YW1wbGUwEwYDVR0lBAwwCgYI\n"
    "KwYBBQUHAwEwHQYDVR0OBBYEFHlZ1B3n8hDt2qvtUibJCkgINg4gMB8GA1UdIwQY\n"
    "MBaAFI/c6lEFAroX9wKInLypWBoTRlWGMAoGCCqGSM49BAMCA0gAMEUCIHsTT5Bm\n"
    "mHgHtIRmnj9Bttp9y03CZ3HvqVs3gAapSA45AiEApBDnco6+BuE7YYfbDP0U/iMa\n"
    "Sw01k4IW6jHImBjG1Hg=\n"
    "-----END CERTIFICATE-----\n";

const char client_pem[] = "-----BEGIN CERTIFICATE-----\n"
                          "MIIB5jCCAYygAwIBAgIUCmz3/Vi5YKpU0Dg8y4bCLFSfEy8wCgYIKoZIzj0EAwIw\n"
                          "JjEVMBMGA1UECgwMR2lubmVsIHRlc3RzMQ0wCwYDVQQDDARSb290MB4XDTI2MTEy\n"
                          "MzIxNDQzOFoXDTM2MTEyMDIxNDQzOFowLjEVMBMGA1UECgwMR2lubmVsIHRlc3Rz\n"
                          "MRUwEwYDVQQDDAx0ZXNzLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
                          "AATwxVimqEASguRj2L0DILVO33URN6lpfF6EX1QI98IPSV9OhfALI9tWtgTsphVJ\n"
                          "ntn49TBQ1WtJUjgklAIogd8Do4GPMIGMMAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/\n"
                          "BAQDAgeAMBcGA1UdEQQQMA6CDHRlc3MuZXhhbXBsZTATBgNVHSUEDDAKBggrBgEF\n"
                          "BQcDAjAdBgNVHQ4EFgQUGor1bpEROvSi8ZsaSfoWZzMf+gEwHwYDVR0jBBgwFoAU\n"
                          "j3EzxWMmsm0me3Zg1Rk8o9skE6UwCgYIKoZIzj0EAwIDSAAwRQIgalgAUpZevGYJ\n"
                          "sjB3F/8npSUicXUs5vNhi2R/9RvS5VYCIQCOc5Z4zfTOetc0GNINwLdvdyonzsjX\n"
                          "pB4NwlVBcM0qZw==\n"
                          "-----END CERTIFICATE-----\n";

const char gateway_p256_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgH02g9drmeT05oFSX\n"
                                "OfX8jjQaSJoh3m/0LwcuaEkQfN+hRANCAARdZnFP/jLTQlGf48gPHIoRw1bTklJF\n"
                                "2zBZyC6oLN2guRbFneqGczYSruhFjpdVkcfvEomOybZjsGKNMAEKL5U7\n"
                                "-----END PRIVATE KEY-----\n";

const char gateway_p384_key[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAcFI2X7EDOskYEOFgV\n"
                                "hypP6iKiGbUTGyxgv+s98j9DDoxFEHvFCi88ZB6q20XHf2uhZANiAARpnWBUAk/K\n"
                                "lQzmqE9HGdzzOkNmTWhw4DRPJwXVU1cn/BqkeEoMWJLTX3pqKYOVYJYq/fXTuVy8\n"
                                "idECIY1SYNYH0SFusQrxS5kdiPVicHFJze3tHNugYFHfFkW9ttlQaoM=\n"
                                "-----END PRIVATE KEY-----\n";

const char gateway_rsa_key[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDN/O9dfUcwDb+w\n"
                               "nM1YZftUinDyCeRkaAW/iB1CqcARVOfr4URMsWa9SDeoQvou3A6T4MmtjnWrwmTl\n"
                               "i6hmKu18bpbq1tWd5CKDFYCRy59I/t9c3zIlrjA8HHO2FD4srKUKzXDf/e9Ms4Y1\n"
                               "h8lWJEh+FW68sJr6iZAob6xiNcdqE6mRVnhM2dPeO589cAn20nEXDdVh0nB1B8F2\n"
                               "8xzAkgqPGlMPG/jXK24Wf27HT/Wm7ojCjTXc5SddjIlxekEHltUZrB5YlPsg4hFo\n"
                               "urNHsLB6EiP0NTW5y+iz3kHlMoPdnQb34Ehm2YJa09uSzRteXnso24L/Q+BEQsfV\n"
                               "n6lvkdyrAgMBAAECggEAQdosTeeIlBi5IQWn8iw8MpVFsWMvNFg7CjXCIPcys3fA\n"
                               "4xxzoM8QCNAnFvA+mi94q5bv8r+556ywY+AHeI4duSuDrNT8msr9q4l6vmFp7USp\n"
                               "9L9YAUrUGcuAxINpMxAIfVEbVkiQsaUs8T0VRSg5UrGYYtNU4GaNAxhcdFM8CrFm\n"
                               "Y+45aPnCZEx3yxwdSbgtbLb5TbAbcj+4UJ6HJrlAzv+JFkCQfGfkUeSi1yGT9Nw9\n"
                               "pBndL/UhuxedKzKCG5xb5yLM/dTGV+ZgLXURokCs4eYjt0KxWjkEzreppFoG8usL\n"
                               "kvvxEFk5cAdFdMG2aZOGADHmq8EpJxwJGE8BdHJwgQKBgQD0oBzQFYdsUPGMxwT8\n"
                               "toIVxmZJcEX4BCOdoq6VtjBcBuRgZQAc62F5CMSGIYVets8PKkkpISTOYhISd/Ac\n"
                               "Ib0qQLAT6SOe0QaCy36L4C7nygudZN3QXGaa5tp0bdpYcpOsy3EMKyio6bw1RBaD\n"
                               "/v+M9l5St9OU3AuLaGi0UPe0KwKBgQDXkOdia6PpMpqZKqhDN5WE1FMKvCdzZXul\n"
                               "F7wxsJyqyLJhzu8iv0DUhiPI/FfvNOMp2fWmrD3vZdmiCreJ+b4h42eTcSNRUbAR\n"
                               "3pVqnx3Yd5ZKFa/jc1kiO3ER69dsc+naP+SA7eJ/HjqPAx7HLkbiFGhk3c3RTWfY\n"
                               "esa1DSe5gQKBgCPy76kIsOkTEBxPFwWIUJ+gk2GRdUbYXN+Ki7uGlZ7AiIk97oFR\n"
                               "efaOekr33CCqHs2suimoLD+EHAHIzGll7+WosfeLGGf7cciA3SzzGhGIGKLdstcu\n"
                               "7QkwicP4bND4rYkEMK3IHeaMytLNGb32GFn/zqa7SwWiPLQU+OYey/gXAoGAFkZO\n"
                               "4oik40/rUbBquqdft94Ixq8ylGYEJMcTFz9csPkUFa9AXqLMnClQQVBx9bHNV2HC\n"
                               "VHqv27D2kBvzYzp/Pxk0drPWJmz+eJo7bk0K1Hdm/DjJeANPTo493NA17mr72yWH\n"
                               "AxuRr/j7rBNydrp9cJcTQnj474vEE0Z8ifDWDgECgYBptM1lNJ2eK2DowpbHUM8G\n"
                               "YgY9O6CMqrr9wpYndKB6/S4jaE5W4FKn2sEymJUM/H+8br3iRIzhKhdIkMcjlnvY\n"
                               "m4HpcCcY4tUEtDIvi7zdfjytadan3O/ROGHe5KkGqP7hfzPqHNGCFISI46cE/UT4\n"
                               "5wMda6LFBhKuGjxQzXNgGA==\n"
                               "-----END PRIVATE KEY-----\n";

const char gateway_below_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUnTdAJMJLzN/fYFJ\n"
    "rPL/WOJ+SCI4eht/9XmDkwcJpI+hRANCAARPFLYUtZOUgbe5kjgzGOmB7CSqNQM/\n"
    "FFxitVv5ZYo9c+Z0H+XW+qxi8fiXbeD1hM+/UkgKttanEGcXHsABxIqp\n"
    "-----END PRIVATE KEY-----\n";

const char gateway_named_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9xgrLM1YXUzikAga\n"
    "aE2bX9Wufu8vYOkZ0BXNwf9FopqhRANCAARMw9+EF3pE5jQ/fUC631mmCHS+pX2/\n"
    "5OnFqHft212GT1xt9srvG6F7I3bWHjq+jf7trzCHQTPt2ibFZAJe+9UA\n"
    "-----END PRIVATE KEY-----\n";

const char gateway_client_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg7TbdI+GstmuyCkky\n"
    "dJgLpJY6J9oRE4XKVDX3UzzWqw2hRANCAARckv2VaJfxyr41xuL7abrA5a6EUz8y\n"
    "RyD2FQSDhzuoQXV1/bKymwUJYu5cDPLoic3Bjw09W5dAzqYGo8+msyIy\n"
    "-----END PRIVATE KEY-----\n";

const char gateway_other_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxuYSWeRao/Wr7SqO\n"
    "lyDMntSqZVLiJQRtq1HYdBF9QK+hRANCAATNxskcg6Djc+sw/5mc5QtaVuZuLSdP\n"
    "0/7y7rg3nS7xpNF/7oTSLARW0KKXT2oJ1cVX3DJyWm10qBnWH2zki6hK\n"
    "-----END PRIVATE KEY-----\n";

const char client_key[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4RJo0rlEbIFsWSCq\n"
                          "1RN731x6IEIm6M9vWwFd6lcmtPShRANCAATwxVimqEASguRj2L0DILVO33URN6lp\n"
                          "fF6EX1QI98IPSV9OhfALI9tWtgTsphVJntn49TBQ1WtJUjgklAIogd8D\n"
                          "-----END PRIVATE KEY-----\n";
