"""Certificates beyond the bed's own, and where the product finds them."""

KINDS = (("p521", "ecdsa", 521), ("ed25519", "ed25519", None), ("ed448", "ed448", None))


def create(bed):
    pki = bed.pki
    for name, kind, size in KINDS:
        pki.issue(f"gw-{name}", [f"{name}.gw.example"], ["serverAuth", "ikeIntermediate"],
                  kind=kind, size=size)
        pki.issue(f"tess-{name}", [f"tess-{name}@example.com"], ["clientAuth"], kind=kind, size=size)
        for ending in (".crt", ".key"):
            bed.host.write(f"/etc/ginnel/tess-{name}{ending}",
                           pki.read(f"tess-{name}{ending}").decode())
