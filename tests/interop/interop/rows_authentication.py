"""How the two prove who they are."""

from scenes.token import KEY, PIN, make_token

from .peer import PKCS1, PSS, Offer
from .table import row


@row("Authentication", "pre-shared key")
def psk(client, peer):
    peer.offer(Offer())
    client.profile()
    with client.connected():
        pass


PPK = ("ppk.example", bytes(range(32)))


@row("Authentication", "pre-shared key and PPK")
def ppk(client, peer):
    peer.offer(Offer(options={"ppk": PPK}))
    client.host.write("/etc/ginnel/ppk.secret", f"0x{PPK[1].hex()}\n")
    client.profile(user__ppk_id=PPK[0], user__ppk_file="/etc/ginnel/ppk.secret")
    with client.connected():
        pass


# name, the gateway's certificate and the name in it, the user's, and how the gateway has to sign (we: PSS)
CERTIFICATES = [
    ("RSA by PKCS no. 1", "gw-rsa", "rsa.gw.example", "tess-rsa", PKCS1),
    ("RSA-PSS", "gw-rsa", "rsa.gw.example", "tess-rsa", PSS),
    ("ECDSA P-256", "gw", "gw.example", "tess", ""),
    ("ECDSA P-384", "gw-p384", "p384.gw.example", "tess-p384", ""),
    ("ECDSA P-521", "gw-p521", "p521.gw.example", "tess-p521", ""),
    ("Ed25519", "gw-ed25519", "ed25519.gw.example", "tess-ed25519", ""),
    ("Ed448", "gw-ed448", "ed448.gw.example", "tess-ed448", ""),
]


@row("Authentication", "ECDSA P-256, the key in a token")
def token(client, peer):
    peer.offer(Offer(gateway="gw", rounds=("pubkey",)))
    client.host.write("/etc/ginnel/pin", PIN + "\n")
    make_token(client.bed, "tess")
    client.profile("tess", user__key=KEY, user__secret_file="/etc/ginnel/pin")
    with client.connected():
        pass


def add_rows():
    for name, gateway, gateway_id, user, signs in CERTIFICATES:
        def play(client, peer, case=(gateway, gateway_id, user, signs)):
            gateway, gateway_id, user, signs = case
            peer.offer(Offer(gateway=gateway, gateway_id=gateway_id, rounds=("pubkey",),
                             gateway_signs=signs, user_signs=PSS if user == "tess-rsa" else ""))
            client.profile(user, gateway__id=gateway_id)
            with client.connected():
                pass
        row("Authentication", name)(play)


add_rows()
