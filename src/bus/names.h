/*
 * The names of the bus API: the service, its paths and the words of its enumerations, as
 * data/org.ginnel.Ginnel1.xml documents them.
 */
#pragma once

#define GINNEL_BUS_NAME      "org.ginnel.Ginnel1"
#define GINNEL_PATH          "/org/ginnel/Ginnel1"
#define GINNEL_PATH_PROFILES GINNEL_PATH "/profile"
#define GINNEL_PATH_TUNNELS  GINNEL_PATH "/tunnel"
#define GINNEL_IFACE_MANAGER GINNEL_BUS_NAME ".Manager"
#define GINNEL_IFACE_PROFILE GINNEL_BUS_NAME ".Profile"
#define GINNEL_IFACE_TUNNEL  GINNEL_BUS_NAME ".Tunnel"
#define GINNEL_IFACE_AGENT   GINNEL_BUS_NAME ".Agent"
#define GINNEL_ERROR_PREFIX  GINNEL_BUS_NAME ".Error."

/* Tunnel.State. */
#define GINNEL_STATE_CONNECTING    "connecting"
#define GINNEL_STATE_CONNECTED     "connected"
#define GINNEL_STATE_RECONNECTING  "reconnecting"
#define GINNEL_STATE_DISCONNECTING "disconnecting"
#define GINNEL_STATE_FAILED        "failed"

/* Tunnel.Reason. */
#define GINNEL_REASON_GATEWAY_UNREACHABLE       "GatewayUnreachable"
#define GINNEL_REASON_NAME_NOT_RESOLVED         "NameNotResolved"
#define GINNEL_REASON_AUTH_GATEWAY              "AuthenticationFailed.Gateway"
#define GINNEL_REASON_AUTH_USER                 "AuthenticationFailed.User"
#define GINNEL_REASON_CERTIFICATE_EXPIRED       "CertificateExpired"
#define GINNEL_REASON_CERTIFICATE_NOT_YET_VALID "CertificateNotYetValid"
#define GINNEL_REASON_CERTIFICATE_UNTRUSTED     "CertificateUntrusted"
#define GINNEL_REASON_CERTIFICATE_REVOKED       "CertificateRevoked"
#define GINNEL_REASON_REVOCATION_UNKNOWN        "RevocationUnknown"
#define GINNEL_REASON_IDENTITY_MISMATCH         "IdentityMismatch"
#define GINNEL_REASON_NO_COMMON_PROPOSAL        "NoCommonProposal"
#define GINNEL_REASON_POST_QUANTUM_KEY          "PostQuantumKeyRefused"
#define GINNEL_REASON_SELECTORS_REFUSED         "SelectorsRefused"
#define GINNEL_REASON_ADDRESS_REFUSED           "AddressRefused"
#define GINNEL_REASON_SECRET_UNAVAILABLE        "SecretUnavailable"
#define GINNEL_REASON_PROTOCOL_ERROR            "ProtocolError"
#define GINNEL_REASON_SYSTEM_ERROR              "SystemError"
#define GINNEL_REASON_REDIRECT_REFUSED          "RedirectRefused"
#define GINNEL_REASON_PEER_GONE                 "PeerGone"
#define GINNEL_REASON_PEER_DELETED              "PeerDeleted"
#define GINNEL_REASON_PROCESS_DIED              "TunnelProcessDied"
#define GINNEL_REASON_REQUESTED                 "Requested"

/* Tunnel.Timeline. */
#define GINNEL_EVENT_RESOLVING             "resolving"
#define GINNEL_EVENT_RESOLVED              "resolved"
#define GINNEL_EVENT_REDIRECTED            "redirected"
#define GINNEL_EVENT_PROXY                 "proxy"
#define GINNEL_EVENT_ATTEMPT_STARTED       "attempt-started"
#define GINNEL_EVENT_ATTEMPT_RETRANSMITTED "attempt-retransmitted"
#define GINNEL_EVENT_ATTEMPT_ANSWERED      "attempt-answered"
#define GINNEL_EVENT_ATTEMPT_FAILED        "attempt-failed"
#define GINNEL_EVENT_ATTEMPT_ABANDONED     "attempt-abandoned"
#define GINNEL_EVENT_AUTHENTICATING        "authenticating"
#define GINNEL_EVENT_REVOCATION_ASKED      "revocation-asked"
#define GINNEL_EVENT_REVOCATION_UNKNOWN    "revocation-unknown"
#define GINNEL_EVENT_ASKING                "asking"
#define GINNEL_EVENT_ASKED                 "asked"
#define GINNEL_EVENT_AUTHENTICATED         "authenticated"
#define GINNEL_EVENT_NAMES_WAITING         "names-waiting"
#define GINNEL_EVENT_MOVED                 "moved"
#define GINNEL_EVENT_ADDRESSES_CHANGED     "addresses-changed"
#define GINNEL_EVENT_REPLACE_FAILED        "replace-failed"
#define GINNEL_EVENT_CONNECTED             "connected"
#define GINNEL_EVENT_RECONNECTING          "reconnecting"
#define GINNEL_EVENT_FAILED                "failed"

/* Agent.Ask: kind. */
#define GINNEL_ASK_PASSWORD   "password"
#define GINNEL_ASK_CHALLENGE  "challenge"
#define GINNEL_ASK_PIN        "pin"
#define GINNEL_ASK_PASSPHRASE "passphrase"
#define GINNEL_ASK_PSK        "psk"
#define GINNEL_ASK_PROXY      "proxy-password"
#define GINNEL_ASK_MAX_ANSWER 1024 /* octets */
