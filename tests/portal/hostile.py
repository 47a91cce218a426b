"""Clients that mean harm: slow, endless, malformed, many."""
import os, resource, socket, time
from harness import Portal


def honest(p, source="127.0.0.7", limit=1.0):
    """An honest phone's probe and portal page, each within a second."""
    for host, path, status in (("connectivitycheck.gstatic.com", "/generate_204", 302), ("10.42.0.1", "/", 200)):
        start = time.time()
        got = p.ask(host, path, source=source)
        assert got.status == status, got.raw[:200]
        assert time.time() - start < limit, f"{host}{path} took {time.time() - start:.2f} s"


def crowd(p, count, addresses, first):
    sockets = []
    for n in range(count):
        s = p.connect(f"127.0.{1 + n % addresses // 200}.{n % addresses % 200 + 1}")
        s.sendall(first)
        sockets.append(s)
    return sockets


def slowly(p, addresses):
    before = p.rss_kb()
    sockets = crowd(p, 1000, addresses, b"G")
    start = time.time()
    while time.time() - start < 12:
        honest(p)
        for s in sockets:
            try:
                s.send(b"E")
            except OSError:
                pass
        time.sleep(2)
    assert p.rss_kb() - before < 20_000, f"{before} -> {p.rss_kb()} KB"
    for s in sockets:
        s.close()
    time.sleep(0.3)
    honest(p)


def test_a_thousand_slow_connections_from_one_address():
    with Portal() as p:
        slowly(p, 1)


def test_a_thousand_slow_connections_from_many_addresses():
    with Portal() as p:
        slowly(p, 250)


def test_a_header_that_never_ends():
    with Portal() as p:
        with p.connect() as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: p2p.local\r\n")
            sent = 0
            try:
                while sent < 1 << 22:
                    sent += s.send(b"X-Filler: " + b"a" * 1000 + b"\r\n")
            except OSError:
                pass
            assert sent < 1 << 22, "it was read to the end"
        assert p.raw(b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: p2p.local\r\n\r\n")[:13] in (b"HTTP/1.1 414 ", b"HTTP/1.1 431 ", b"")
        many = b"".join(b"H%d: x\r\n" % n for n in range(200))
        assert b"431" in p.raw(b"GET / HTTP/1.1\r\nHost: p2p.local\r\n" + many + b"\r\n")[:20]
        honest(p)


def test_a_header_in_dribbles_is_cut_off():
    with Portal() as p:
        with p.connect(timeout=15) as s:
            start = time.time()
            s.sendall(b"GET / HTTP/1.1\r\n")
            try:
                while time.time() - start < 12:
                    s.sendall(b"X-A: b\r\n")
                    time.sleep(1)
                    s.setblocking(False)
                    try:
                        if s.recv(100) == b"":
                            break
                    except BlockingIOError:
                        pass
                    s.setblocking(True)
            except OSError:
                pass
            assert time.time() - start < 11, "a header may take eight seconds"


def test_an_idle_connection_is_closed():
    with Portal() as p:
        with p.connect(timeout=15) as s:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: p2p.local\r\n\r\n")
            start = time.time()
            while s.recv(4096):
                pass
            assert time.time() - start < 11


def test_bytes_that_are_no_http():
    with Portal() as p:
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200, b"\0" * 5000, b"SSH-2.0-x\r\n", b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", os.urandom(9000), b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
                     b"POST /continue HTTP/1.1\r\nHost: p2p.local\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"):
            p.raw(data, timeout=12)
        honest(p)


def test_a_body_without_end():
    with Portal() as p:
        with p.connect(timeout=10) as s:
            s.sendall(b"POST /continue HTTP/1.1\r\nHost: p2p.local\r\nContent-Length: 99999999999\r\n\r\n")
            assert b"303" in s.recv(100)
        with p.connect(timeout=10) as s:
            s.sendall(b"POST /continue HTTP/1.1\r\nHost: p2p.local\r\nContent-Length: 99999999999\r\n\r\n" + b"a" * 8000)
            assert b"303" in s.recv(100)
        honest(p)


def test_readers_that_do_not_read():
    with Portal(files={"big": b"x" * 50_000_000}) as p:
        before = p.rss_kb()
        sockets = crowd(p, 300, 20, b"GET /files/big HTTP/1.1\r\nHost: p2p.local\r\n\r\n")
        time.sleep(1)
        honest(p)
        assert p.rss_kb() - before < 20_000, f"{before} -> {p.rss_kb()} KB"
        for s in sockets:
            s.close()


def test_no_descriptors_left_and_then_some():
    with Portal() as p:
        resource.prlimit(p.process.pid, resource.RLIMIT_NOFILE, (40, 40))
        sockets = crowd(p, 100, 50, b"G")
        time.sleep(0.5)
        assert p.process.poll() is None
        for s in sockets:
            s.close()
        time.sleep(0.5)
        honest(p, limit=2)


def test_answers_name_nothing_of_the_request():
    with Portal() as p:
        for host in ("evil.example", 'a"><script>', "evil.example:80@p2p.local", "p2p.local.evil.example"):
            for path in ("/", "//evil.example/", "/\\evil.example", "/%0d%0aSet-Cookie:evil", "/?next=//evil.example", "/continue?lang=evil"):
                for method in ("GET", "POST"):
                    got = p.ask(host, path, method)
                    assert b"evil" not in got.raw and b"<script" not in got.raw, got.raw[:300]
        for path in ("//evil.example/", "/\\evil.example", "/continue?lang=//evil.example", "/admin?lang=%0d%0aevil", "/files?lang=evil"):
            got = p.ask("p2p.local", path, "POST" if "continue" in path else "GET")
            assert "evil" not in got.headers.get("location", ""), got.raw[:300]
