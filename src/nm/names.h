/* Names that NetworkManager knows us by, and the words of vpn.data and vpn.secrets. */
#pragma once

#define NM_GINNEL_SERVICE "org.freedesktop.NetworkManager.ginnel"

/* vpn.data carries a profile's keys as GROUP-KEY ("gateway-address"), and NetworkManager's
 * SECRET-flags. vpn.secrets has these: */
#define NM_GINNEL_PASSWORD   "password"   /* of EAP */
#define NM_GINNEL_PSK        "psk"        /* pre-shared key */
#define NM_GINNEL_PASSPHRASE "passphrase" /* of the key file, or of a PKCS#12 file */
#define NM_GINNEL_PIN        "pin"        /* of a token */
/* Never stored: the answer to what an authentication server shows. */
#define NM_GINNEL_ANSWER "answer"
