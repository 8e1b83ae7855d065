"""Networks where whoever wants out asks a proxy."""

from lab import addresses as a
from lab.product import Ginnel
from lab.proxies import HTTP, PASSWORD, SOCKS, USER, Proxies
from lab.story import expect, expect_equal, expect_match, scene

from .streams import initiator_spis
from .tunnel import check_inside

HTTP_URL = f"http://proxy.example:{HTTP}"
SOCKS_URL = f"socks5://proxy.example:{SOCKS}"
TLS = {"gateway__ca": "/etc/ginnel/ca.crt", "transport__order": "udp/4500 tcp/4500 tls/443"}


def connects(bed, ginnel, transport, **changes):
    bed.profile(**changes)
    result = ginnel.connect()
    expect_equal(ginnel.tunnel()["Transport"], transport, "transport")
    return result


@scene("Only a proxy gets through", demo=True, about="""The network lets nobody out but by its proxy, which knows
       CONNECT. The profile names the proxy; UDP is tried first all the same.""")
def only_connect(bed, story):
    ginnel = Ginnel(bed.host)
    proxies = Proxies(bed)
    proxies.http()
    bed.router.mood("only-proxy")
    bed.profile(transport__proxy=HTTP_URL)
    with story.claim("Connected over TCP, through the proxy"):
        result = story.types("ginnel up work")
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect_equal(ginnel.tunnel()["Transport"], "tcp/4500", "transport")
        expect_match(f"streams go through the proxy proxy.example port {HTTP}", result.stdout,
                     "what is said")
    check_inside(bed, story, "Through the proxy")
    with story.claim("Nothing leaves for the gateway itself but UDP's tries"):
        rules = bed.host.read(["nft", "list", "table", "inet", "ginnel"])
        expect_match(rf"ip daddr {a.OUTSIDE4} tcp dport {HTTP} accept", rules, "our rules")
    with story.claim("10 MB in both directions through the proxy, checksums equal"):
        result = bed.host.run([bed.tool("transfer"), a.INSIDE4, 10_000_000], check=False, timeout=120)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
    with story.claim("ginneld is killed and comes back: the stream through the proxy goes on"):
        killed = ginnel.kill_daemon()
        ginnel.wait_for_daemon(other_than=killed)
        ginnel.wait_for("connected")
        bed.host.run(["ping", "-c", "3", "-i", "0.2", "-W", "5", a.INSIDE4])
    with story.claim("The proxy is started anew: another stream through it, for the same session"):
        before = initiator_spis(bed)
        proxies.http()
        bed.host.run(["ping", "-c", "20", "-i", "0.2", "-W", "5", a.INSIDE4], check=False)
        bed.host.run(["ping", "-c", "3", "-i", "0.2", "-W", "5", a.INSIDE4])
        expect(before & initiator_spis(bed), f"{before} and {initiator_spis(bed)}")
    story.types("ginnel down work")
    with story.claim("TLS inside CONNECT"):
        bed.gateway.start_tls_relay(bed.host.tree)
        connects(bed, ginnel, "tls/443", **{**TLS, "transport__order": "udp/4500 tls/443"},
                 transport__proxy=HTTP_URL)
        ginnel.down()
    proxies.stop()


@scene("A proxy that wants to know who it is")
def connect_login(bed, story):
    ginnel = Ginnel(bed.host)
    proxies = Proxies(bed)
    proxies.http(login=True)
    bed.router.mood("only-proxy")
    bed.host.write("/etc/ginnel/proxy.secret", PASSWORD + "\n")
    login = {"transport__proxy": HTTP_URL, "transport__proxy_user": USER}
    with story.claim("With proxy-user and proxy-secret-file, nobody is asked"):
        connects(bed, ginnel, "tcp/4500", **login,
                 transport__proxy_secret_file="/etc/ginnel/proxy.secret")
        ginnel.down()
    with story.claim("Without the file, somebody at a terminal is asked when the proxy asks"):
        bed.profile(**login)
        result = bed.host.run([bed.tool("as-person"), PASSWORD, "ginnel", "up", "work"],
                              check=False, timeout=60)
        expect_equal(result.returncode, 0, result.stdout + result.stderr)
        expect_match(f"Password at the proxy, {USER}, proxy.example", result.stdout, "the question")
        ginnel.down()
    with story.claim("A wrong password in the file: the words say where it is"):
        bed.profile(**login, transport__proxy_secret_file="/etc/ginnel/wrong.secret")
        result = ginnel.up()
        expect(result.returncode != 0, result.stdout)
        expect_match("does not accept.*proxy-secret-file", result.stdout + result.stderr, "the error")
    with story.claim("No user: the words say what to set"):
        bed.profile(transport__proxy=HTTP_URL)
        result = ginnel.up()
        expect(result.returncode != 0, result.stdout)
        expect_match("proxy wants a user name and password.*set proxy-user",
                     result.stdout + result.stderr, "the error")
    proxies.stop()


@scene("Only a SOCKS proxy gets through")
def only_socks(bed, story):
    ginnel = Ginnel(bed.host)
    proxies = Proxies(bed)
    proxies.socks()
    bed.router.mood("only-proxy")
    bed.host.write("/etc/ginnel/proxy.secret", PASSWORD + "\n")
    with story.claim("Connected over TCP through SOCKS5"):
        connects(bed, ginnel, "tcp/4500", transport__proxy=SOCKS_URL)
    check_inside(bed, story, "Through SOCKS5")
    ginnel.down()
    with story.claim("With user name and password"):
        proxies.socks(login=True)
        connects(bed, ginnel, "tcp/4500", transport__proxy=SOCKS_URL, transport__proxy_user=USER,
                 transport__proxy_secret_file="/etc/ginnel/proxy.secret")
        ginnel.down()
    with story.claim("TLS inside SOCKS5"):
        bed.gateway.start_tls_relay(bed.host.tree)
        connects(bed, ginnel, "tls/443", gateway__ca="/etc/ginnel/ca.crt",
                 transport__order="udp/4500 tls/443", transport__proxy=SOCKS_URL,
                 transport__proxy_user=USER,
                 transport__proxy_secret_file="/etc/ginnel/proxy.secret")
        ginnel.down()
    proxies.stop()


@scene("Only the proxy knows names", about="""No name server here knows the world outside; the proxy is given by
       its address.""")
def proxy_knows_names(bed, story):
    ginnel = Ginnel(bed.host)
    proxies = Proxies(bed)
    proxies.http()
    bed.router.mood("only-proxy-no-names")
    bed.host.run(["resolvectl", "flush-caches"])
    with story.claim("Connected all the same: the proxy looks the gateway up"):
        connects(bed, ginnel, "tcp/4500", transport__proxy=f"http://{a.OUTSIDE4}:{HTTP}")
    check_inside(bed, story, "By a name that only the proxy knows")
    ginnel.down()
    proxies.stop()


@scene("The system's proxy")
def system_proxy(bed, story):
    ginnel = Ginnel(bed.host)
    proxies = Proxies(bed)
    proxies.http()
    bed.router.mood("only-proxy")
    ginnel.restart_with(https_proxy=HTTP_URL)
    with story.claim("Without a word in the profile, what GLib knows of this machine's proxy is used"):
        connects(bed, ginnel, "tcp/4500")
        expect_equal([details["name"] for _, details in ginnel.events("proxy")],
                     ["proxy.example"], "proxy")
        ginnel.down()
    with story.claim("proxy = none is none"):
        bed.profile(transport__proxy="none")
        expect(ginnel.up().returncode != 0, "it came up")
    proxies.stop()
