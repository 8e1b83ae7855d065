"""EAP: the gateway shows a certificate, the user a password or a certificate of his own."""

from lab.radius import SERVER_NAME, USERS

from .peer import EAP_PASSWORD, EAP_USER, USER, Offer
from .table import row

PASSWORD_FILE = "/etc/ginnel/eap.secret"


def profile(client, **changes):
    client.host.write(PASSWORD_FILE, EAP_PASSWORD + "\n")
    client.profile("tess", **{"user__id": USER, "user__auth": "eap", "user__eap_id": EAP_USER,
                              "user__certificate": None, "user__key": None,
                              "user__secret_file": PASSWORD_FILE, **changes})


def sign_in(client, peer, method, offer=None, **changes):
    peer.offer(offer or Offer(gateway="gw", rounds=(f"eap-{method}",)))
    profile(client, user__eap=method, **changes)
    with client.connected():
        pass


@row("Authentication", "EAP-MSCHAPv2")
def mschapv2(client, peer):
    sign_in(client, peer, "mschapv2")


OWN_CERTIFICATE = {"user__certificate": "/etc/ginnel/tess.crt", "user__key": "/etc/ginnel/tess.key",
                   "user__secret_file": None, "user__eap_id": USER}


@row("Authentication", "EAP-TLS")
def tls(client, peer):
    sign_in(client, peer, "tls", **OWN_CERTIFICATE)


@row("Authentication", "EAP-TTLS with EAP-GTC inside")
def ttls(client, peer):
    sign_in(client, peer, "ttls", user__eap_inner="gtc")


@row("Authentication", "EAP-PEAP")
def peap(client, peer):
    sign_in(client, peer, "peap")


def over_radius(client, peer, method, inner):
    """The gateway hands EAP on to FreeRADIUS, which has a certificate and passwords of its own."""
    peer.offer(Offer(gateway="gw", rounds=("eap-radius",)))
    radius = client.bed.gateway.radius
    radius.start(tls="1.2")
    try:
        profile(client, user__eap=method, user__eap_inner=inner, user__eap_server_name=SERVER_NAME)
        client.host.write(PASSWORD_FILE, USERS[EAP_USER] + "\n")
        with client.connected():
            pass
    finally:
        radius.stop()


@row("Authentication", "EAP-TTLS by RADIUS")
def ttls_radius(client, peer):
    over_radius(client, peer, "ttls", "mschapv2")


@row("Authentication", "PEAP by RADIUS")
def peap_radius(client, peer):
    over_radius(client, peer, "peap", "mschapv2")


@row("Authentication", "EAP-MD5")
def md5(client, peer):
    sign_in(client, peer, "md5")


@row("Authentication", "EAP-GTC")
def gtc(client, peer):
    sign_in(client, peer, "gtc")


@row("Authentication", "EAP-TLS alone")
def eap_only(client, peer):
    """RFC 5998: no AUTH of the gateway's but the one that EAP's key makes."""
    sign_in(client, peer, "tls", Offer(gateway="gw", rounds=("eap-tls",),
                                       options={"eap-only": True}),
            gateway__auth="eap-only", **OWN_CERTIFICATE)


@row("Authentication", "certificate, then EAP-MSCHAPv2")
def two_rounds(client, peer):
    """RFC 4739."""
    peer.offer(Offer(gateway="gw", rounds=("pubkey", "eap-mschapv2")))
    profile(client, user__auth="certificate", user__second_auth="eap", user__eap="mschapv2",
            user__certificate="/etc/ginnel/tess.crt", user__key="/etc/ginnel/tess.key")
    with client.connected():
        pass
