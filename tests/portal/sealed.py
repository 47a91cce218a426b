"""HTTPS with a domain of the community's own: given on the owner's page or by its API, served, refused, changed and taken away."""
import hashlib, http.client, json, os, random, socket, ssl, stat, subprocess, sys, time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
from box import Box  # noqa: E402
from cdp import Browser  # noqa: E402
from certificates import Authority, fingerprint  # noqa: E402
from harness import Answer, Portal  # noqa: E402
from owner import PASSWORD, at, log_in, owned  # noqa: E402

DOMAIN = "hotspot.vila.org"
SETTINGS = {"v": 1, "community": {"name": "Vila", "languages": ["en"]}, "lan": {"domain": DOMAIN}}


class Sealed(Portal):
    """A portal with a domain, and an authority that phones trust."""

    def __init__(self, **more):
        super().__init__(settings=SETTINGS, **more)
        os.mkdir(os.path.join(self.folder, "data"))
        self.authority = Authority(os.path.join(self.folder, "ca"))

    def status(self):
        return api(self, "GET", "/status")[1]

    def give(self, chain, key):
        """True, or the code of what is wrong."""
        status, body = api(self, "POST", "/tls", {"chain": chain, "key": key})
        assert status == 200, body
        time.sleep(0.2)
        return body.get("no", {}).get("code", True)


def api(p, method, path, body=None):
    connection = http.client.HTTPConnection("localhost", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(os.path.join(p.run_dir, "portald.sock"))
    connection.request(method, path, None if body is None else json.dumps(body))
    got = connection.getresponse()
    return got.status, json.loads(got.read())


def tcp(p, source="127.0.0.1", timeout=15):
    s = socket.socket()
    s.settimeout(timeout)
    s.bind((source, 0))
    s.connect(("127.0.0.1", p.tls_port))
    return s


def dial(p, name=DOMAIN, root=None, source="127.0.0.1", **limits):
    context = ssl.create_default_context(cafile=root or p.authority.root)
    for key, value in limits.items():
        setattr(context, key, value)
    if name is None:
        context.check_hostname = False
    return context.wrap_socket(tcp(p, source), server_hostname=name)


def read(s):
    out = b""
    while True:
        try:
            part = s.recv(65536)
        except (ssl.SSLError, ConnectionResetError):
            return out
        if not part:
            return out
        out += part


def ask(p, path="/", host=DOMAIN, method="GET", headers="", **more):
    with dial(p, **more) as s:
        s.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n".encode())
        return Answer(read(s))


def refused(p):
    """Is the port shut, at once?"""
    start = time.time()
    try:
        tcp(p).close()
        return False
    except ConnectionRefusedError:
        return time.time() - start < 0.2


def curl(p, root, path="/", *more):
    resolve = f"{DOMAIN}:{p.tls_port}:127.0.0.1"
    return subprocess.run(["curl", "-sS", "--cacert", root, "--resolve", resolve, f"https://{DOMAIN}:{p.tls_port}{path}", *more], capture_output=True, text=True, timeout=30)


def test_given_on_the_owners_page_then_read_by_https():
    with owned(f'[lan]\ndomain = "{DOMAIN}"') as p, Browser(width=320) as b:
        os.mkdir(os.path.join(p.data, "portald"))
        authority = Authority(os.path.join(p.folder, "ca"))
        chain, key = authority.vouch()
        assert refused(p)
        log_in(b, p, PASSWORD)
        b.click("Password, restart")
        b.says(f"There is no certificate for {DOMAIN} yet.")
        b.fits()
        b.click("Check and keep")
        b.says("The certificate is missing")
        assert b.js("document.activeElement.getAttribute('aria-invalid')") == "true"
        b.fill("Certificate", chain)
        b.fill("Private key", authority.vouch()[1])
        b.click("Check and keep")
        b.says("The key does not belong to this certificate")
        b.fill("Private key", key)
        b.click("Check and keep")
        b.says("The certificate is kept, until ")
        # Nobody has told this box the time.
        b.says("The box does not know the date")
        b.says(f"It works: https://{DOMAIN}/admin/.")
        b.fits()
        assert b.js("[...document.querySelectorAll('textarea')].every(n => n.value === '')")
        # The key is in one file, which portald alone reads.
        path = os.path.join(p.data, "portald/tls.pem")
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        secret = key.splitlines()[1]
        with open(path) as f:
            assert secret in f.read()
        others = subprocess.run(["grep", "-rlF", "--", secret, p.data, p.boot, p.run_dir, os.path.join(p.folder, "log")], capture_output=True, text=True).stdout.split()
        assert others == [path], others
        got = curl(p, authority.root)
        assert got.returncode == 0 and "P2P Hotspot" in got.stdout, got.stderr
        # Who comes without it is shown the way.
        b.go(at(p))
        b.says(f"https://{DOMAIN}/admin/")
        assert b.js(f"Boolean(document.querySelector('a[href=\"https://{DOMAIN}/admin/\"]'))")
        flags = [f"--host-resolver-rules=MAP {DOMAIN} 127.0.0.1", f"--ignore-certificate-errors-spki-list={fingerprint(chain)}"]
        with Browser(flags=flags) as safe:
            safe.go(f"https://{DOMAIN}:{p.tls_port}/admin/")
            safe.says("This page came by HTTPS")
            assert "safer address" not in safe.text() and safe.js("location.protocol") == "https:"
            safe.fill("Owner's password", PASSWORD)
            safe.click("Log in")
            safe.says("Secure page (HTTPS)")
            safe.says(f"It works: https://{DOMAIN}/admin/.")
            assert not safe.complaints, safe.complaints
            safe.click("Password, restart")
            safe.click("Remove the certificate")
            safe.says("opens no more")
            safe.js("[...document.querySelectorAll('.ask button')][0].click()")
            safe.says("The certificate and its key are removed.")
        assert refused(p) and not os.path.exists(path)
        assert p.ask(DOMAIN).status == 200, "without HTTPS as before"


def test_what_is_refused_is_said_and_nothing_is_kept():
    with Sealed() as p:
        chain, key = p.authority.vouch()
        for kind in ("rsa", "ed25519"):
            pair = p.authority.vouch(kind=kind)
            assert p.give(*pair) is True and ask(p).status == 200, kind
        other = p.authority.vouch("DNS:vila.org")
        for given, code in [(("", ""), "chain-empty"), ((chain, ""), "key-empty"), ((key, chain), "swapped"), ((chain, other[1]), "wrong-key"), (other, "name"),
                            (("x" * 60_000, key), "too-large"), ((chain, "x" * 20_000), "too-large"), (("\0", key), "chain-form"), ((chain, "<b>"), "key-form"), ((7, None), "chain-empty")]:
            assert p.give(*given) == code, (given[0][:40] if isinstance(given[0], str) else given, code)
        assert ask(p).status == 200, "the one from before goes on"
        # Without a clock, dates are told; with one, they count.
        late = p.authority.vouch(begins=-20 * 86_400, ends=-86_400)
        assert p.give(*late) is True
        os.mkdir(os.path.join(p.run_dir, "clockd"))
        with open(os.path.join(p.run_dir, "clockd/clock.json"), "w") as f:
            json.dump({"source": "owner"}, f)
        assert p.status()["tls"]["ended"] is True and p.give(*late) == "ended"
        page = p.ask("10.42.0.1", "/admin/").body.decode()
        assert "phones show a warning" in page and "safer address" not in page, page
        assert p.give(*p.authority.vouch(begins=86_400)) == "early"
        assert p.give(chain, key) is True and "safer address" in p.ask("10.42.0.1", "/admin/").body.decode()
        assert key.splitlines()[1] not in p.log()


def test_only_its_name_and_only_tls_of_today():
    with Sealed() as p:
        assert p.give(*p.authority.vouch()) is True
        for name in ("p2p.local", "evil.example", None):
            try:
                dial(p, name).close()
                raise AssertionError(f"{name} is shown the certificate")
            except ssl.SSLError as why:
                assert "ALERT" in str(why), (name, why)
        for name, version in (("TLSv1.2", ssl.TLSVersion.TLSv1_2), ("TLSv1.3", ssl.TLSVersion.TLSv1_3)):
            with dial(p, minimum_version=version, maximum_version=version) as s:
                assert s.version() == name
        # The Host decides, as without TLS; phones' checks stay captured.
        assert ask(p, host="10.42.0.1").status == 200
        got = ask(p, host="evil.example", path="/x")
        assert (got.status, got.headers["location"]) == (302, "http://10.42.0.1/")
        assert ask(p, host="connectivitycheck.gstatic.com", path="/generate_204").status == 302
        assert ask(p, path="/continue", method="POST", headers="Content-Length: 0\r\n").status == 303
        assert p.ask("connectivitycheck.gstatic.com", "/generate_204").status == 204, "one Continue for both"
        assert "strict-transport-security" not in ask(p).headers
        assert p.raw(b"GET / HTTP/1.1\r\nHost: hotspot.vila.org\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_files_come_whole():
    data = random.Random(7).randbytes(3_000_007)
    with Sealed(files={"film.bin": data, "small.txt": b"hello"}) as p:
        assert p.give(*p.authority.vouch()) is True
        got = ask(p, "/files/film.bin")
        assert got.status == 200 and hashlib.sha256(got.body).digest() == hashlib.sha256(data).digest()
        part = ask(p, "/files/film.bin", headers="Range: bytes=1000000-2000000\r\n")
        assert part.status == 206 and part.body == data[1_000_000:2_000_001]
        assert ask(p, "/files/film.bin", method="HEAD").body == b""
        # Several on one connection, asked at once.
        with dial(p) as s:
            for path in ("/files/film.bin", "/files/small.txt", "/healthz"):
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: {DOMAIN}\r\n{'Connection: close' if path == '/healthz' else 'X: y'}\r\n\r\n".encode())
            out = read(s)
        first, _, rest = out.partition(b"\r\n\r\n")
        assert rest[:len(data)] == data and b"hello" in rest[len(data):] and rest.endswith(b"well\n"), out[-300:]


def test_slow_and_hostile_handshakes():
    with Sealed(files={"film.bin": bytes(30_000_000)}) as p:
        assert p.give(*p.authority.vouch()) is True
        for garbage in (b"GET / HTTP/1.1\r\nHost: hotspot.vila.org\r\n\r\n", bytes(2000), b"\x16\x03\x01\xff\xff" + b"\xff" * 3000, random.Random(1).randbytes(5000)):
            with tcp(p) as s:
                start = time.time()
                s.sendall(garbage)
                while True:
                    try:
                        part = s.recv(1000)
                    except ConnectionResetError:
                        break
                    if not part:
                        break
                    assert b"HTTP" not in part
                assert time.time() - start < 2, garbage[:10]
        # A crowd that says nothing, one byte now and then, and one that never reads.
        start = time.time()
        crowd = [tcp(p, "127.0.0.66") for _ in range(100)]
        drip = tcp(p, "127.0.0.67")
        stalled = dial(p, source="127.0.0.68")
        stalled.sendall(f"GET /files/film.bin HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n".encode())
        time.sleep(0.5)
        open_now = p.status()["connections"]
        assert open_now <= 32 + 3, open_now
        assert ask(p, source="127.0.0.7").status == 200 and p.ask("10.42.0.1", source="127.0.0.66").status == 200
        ended = None
        hello = b"\x16\x03\x01\x00\xff\x01"
        while time.time() - start < 14 and ended is None:
            try:
                drip.sendall(hello[:1])
                hello = hello[1:] or b"\x00"
                drip.settimeout(0.5)
                if drip.recv(100) == b"":
                    ended = time.time() - start
            except TimeoutError:
                pass
            except OSError:
                ended = time.time() - start
        assert ended and 6 < ended < 11, f"a slow handshake ends after 8 s: {ended}"
        assert p.status()["connections"] <= 2
        while p.status()["connections"] and time.time() - start < 40:
            time.sleep(0.5)
        assert p.status()["connections"] == 0 and time.time() - start > 18, f"who reads nothing is gone after 20 s: {time.time() - start}"
        for s in (*crowd, drip, stalled):
            s.close()


def test_another_certificate_without_dropping_who_is_there():
    with Sealed() as p:
        one, two = p.authority.vouch(), p.authority.vouch(kind="rsa")
        assert p.give(*one) is True
        with dial(p) as s:
            def over_it():
                s.sendall(f"GET /healthz HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n".encode())
                got = s.recv(5000)
                assert got.startswith(b"HTTP/1.1 200"), got
            over_it()
            shown = s.getpeercert(True)
            path = os.path.join(p.folder, "data/portald/tls.pem")
            with open(path, "w") as f:
                f.write(two[1] + two[0])
            p.reload()
            over_it()
            with dial(p) as fresh:
                assert fresh.getpeercert(True) != shown
            # Damaged, for another name, or gone: HTTP goes on, the port is shut, and the page says why.
            for text, words in [("-----BEGIN", "is damaged"), ("".join(reversed(p.authority.vouch("DNS:vila.org"))), f"not for {DOMAIN}"), (None, f"no certificate for {DOMAIN}")]:
                if text is None:
                    os.unlink(path)
                else:
                    with open(path, "w") as f:
                        f.write(text)
                p.reload()
                page = p.ask("10.42.0.1", "/admin/").body.decode()
                assert words in page and "safer address" not in page, (words, page)
                assert refused(p)
                over_it()
            assert p.give(*one) is True and ask(p).status == 200
            # Without a domain there is none.
            p.write_settings({**SETTINGS, "lan": {}})
            p.reload()
            assert refused(p) and "HTTPS" not in p.ask("10.42.0.1", "/admin/?lang=en").body.decode().split("id=\"owner\"")[0]
            assert p.ask(DOMAIN).status == 302 and p.give(*one) == "no-domain"


def test_it_is_there_again_after_a_power_cut():
    with Sealed() as p:
        assert p.give(*p.authority.vouch()) is True
        p.process.kill()
        p.process.wait()
        p.__enter__()
        time.sleep(0.3)
        assert ask(p).status == 200
