"""An independent reader: tshark decrypts one connect and finds nothing malformed."""

import re

from lab import addresses as a
from lab.product import Ginnel
from lab.story import expect, expect_equal, scene
from lab.wait import until

# A line of Wireshark's ikev2_decryption_table.
TABLE_LINE = re.compile(r'([0-9a-f]{16}),([0-9a-f]{16}),([0-9a-f]+),([0-9a-f]+),"([^"]+)",'
                        r'([0-9a-f]*),([0-9a-f]*),"([^"]+)"')
IKE_AUTH = 35


def key_lines(bed):
    written = bed.host.read(["cat", "/run/ginnel/keys-work"], check=False)
    return [match.group(0) for match in TABLE_LINE.finditer(written)]


def charon_keys(log):
    """Sk_ei and Sk_er of the last IKE SA, as hexadecimal."""
    found = {}
    for match in re.finditer(r"(Sk_e[ir]) secret => (\d+) bytes @ \S+\n((?:.*?\d+: (?:[0-9A-F]{2} )+.*\n)+)",
                             log):
        octets = "".join("".join(re.findall(r"\b[0-9A-F]{2}\b", line.split(": ", 1)[1][:48]))
                         for line in match.group(3).splitlines())
        found[match.group(1)] = octets[:2 * int(match.group(2))].lower()
    return found


@scene("An independent decoder", demo=True, about="""tcpdump watched one connect from outside. tshark gets the
       keys, which a debug option writes to a file, and reads along.""")
def decoded_by_tshark(bed, story):
    ginnel = Ginnel(bed.host)
    ginnel.restart_with(GINNEL_DEBUG_KEYS="1")
    bed.profile()
    with bed.capture_uplink("decoder", "udp port 4500") as capture:
        ginnel.connect()
        bed.host.run(["ping", "-c", "2", "-i", "0.2", "-W", "2", a.INSIDE4])
        with story.claim("The debug option writes the keys, for root and the service only"):
            lines = until("key lines", lambda: key_lines(bed), timeout=5)
            mode = bed.host.read(["stat", "-c", "%a", "/run/ginnel/keys-work"]).strip()
            expect_equal(mode, "600", "the file's mode")
        charon = bed.gateway.charon_log()
        ginnel.down()
    options = [word for line in lines for word in
               ("-o", "uat:ikev2_decryption_table:" + line)]

    def fields(display_filter, *names):
        args = [arg for name in names for arg in ("-e", name)]
        return capture.tshark(*options, "-Y", display_filter, "-T", "fields", *args).splitlines()

    with story.claim("Every IKE message is decrypted, those of IKE_AUTH to their last payload"):
        messages = fields("isakmp", "isakmp.exchangetype")
        expect(len(messages) >= 6, f"{len(messages)} messages")
        auth = fields(f"isakmp.exchangetype == {IKE_AUTH} && isakmp.auth.data",
                      "isakmp.exchangetype")
        expect(len(auth) >= 2, f"AUTH payloads seen in {len(auth)} messages")
    with story.claim("Not one is malformed"):
        bad = capture.tshark(*options, "-Y", "_ws.malformed || _ws.expert.severity == error")
        expect_equal(bad.strip(), "", "complaints")
    with story.claim("The gateway derived the same keys"):
        gateway_keys = charon_keys(charon)
        match = TABLE_LINE.fullmatch(lines[-1])
        expect_equal((match.group(3), match.group(4)),
                     (gateway_keys["Sk_ei"], gateway_keys["Sk_er"]), "SK_ei and SK_er")
    with story.claim("Outside, nothing of what is inside can be read"):
        expect_equal(capture.packets("icmp || dns"), [], "readable packets")

