"""Everyday clients: versions, methods, keep-alive, pipelining, files."""
import os
from harness import Answer, Portal

PORTAL = "http://10.42.0.1/"


def test_probes_before_and_after_continue():
    with Portal() as p:
        rows = [
            ("connectivitycheck.gstatic.com", "/generate_204", 302, 204, b""),
            ("captive.apple.com", "/hotspot-detect.html", 200, 200, b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"),
            ("www.msftconnecttest.com", "/connecttest.txt", 302, 200, b"Microsoft Connect Test"),
            ("www.msftncsi.com", "/ncsi.txt", 302, 200, b"Microsoft NCSI"),
            ("nmcheck.gnome.org", "/check_network_status.txt", 302, 200, b"NetworkManager is online"),
            ("detectportal.firefox.com", "/success.txt", 302, 200, b"success\n"),
        ]
        for version in ("1.0", "1.1"):
            source = "127.0.0.2" if version == "1.0" else "127.0.0.3"
            for host, path, before, _, _ in rows:
                got = p.ask(host, path, version=version, source=source)
                assert got.status == before, (host, got.raw)
                assert got.headers["cache-control"] == "no-store" and got.headers["connection"] == "close", got.raw
                assert before == 200 or got.headers["location"] == PORTAL, got.raw
            got = p.ask("10.42.0.1", "/continue", "POST", version=version, source=source)
            assert (got.status, got.headers["location"]) == (303, "/"), got.raw
            for host, path, _, after, body in rows:
                got = p.ask(host, path, version=version, source=source)
                assert (got.status, got.body) == (after, body), (host, got.raw)
                assert after != 204 or "content-length" not in got.headers, got.raw
        assert p.ask("captive.apple.com", "/", source="127.0.0.4").body.count(b"/continue") == 1, "others stay captive"


def test_head_is_get_without_a_body():
    with Portal(files={"a.txt": b"x" * 1000}) as p:
        for host, path in (("p2p.local", "/"), ("p2p.local", "/files/a.txt"), ("example.org", "/"), ("captive.apple.com", "/")):
            get, head = p.ask(host, path), p.ask(host, path, "HEAD")
            assert head.body == b"" and head.status == get.status, head.raw
            assert head.headers["content-length"] == str(len(get.body)), head.raw


def test_missing_and_double_hosts():
    with Portal() as p:
        got = p.ask(None, version="1.0")
        assert (got.status, got.headers["location"]) == (302, PORTAL), got.raw
        assert p.ask(None).status == 400
        assert p.ask("p2p.local", headers={"host": "example.org"}).status == 400
        assert p.ask("p2p.local\x00x").status == 400
        got = p.ask("p2p.local", "http://evil.example/")
        assert (got.status, got.headers["location"]) == (302, PORTAL), got.raw


def test_keep_alive_and_pipelining():
    with Portal(files={"f": bytes(range(256)) * 2000}) as p:
        one = b"GET /files/f HTTP/1.1\r\nHost: p2p.local\r\n\r\n"
        page = b"GET /healthz HTTP/1.1\r\nHost: p2p.local\r\n\r\n"
        out = p.raw((one + page) * 5 + b"GET /healthz HTTP/1.1\r\nHost: p2p.local\r\nConnection: close\r\n\r\n")
        for n in range(11):
            head, _, rest = out.partition(b"\r\n\r\n")
            length = int(Answer(head + b"\r\n\r\n").headers["content-length"])
            body, out = rest[:length], rest[length:]
            assert body == (b"well\n" if n % 2 or n == 10 else bytes(range(256)) * 2000), (n, length)
        assert out == b""


def test_files_whole_in_parts_and_unchanged():
    data = os.urandom(3_000_001)
    with Portal(files={"música/a b.mp3": data, "page.html": b"<script>", "empty.txt": b""}) as p:
        path = "/files/m%C3%BAsica/a%20b.mp3"
        whole = p.ask("p2p.local", path)
        assert whole.body == data and whole.headers["content-type"] == "audio/mpeg" and whole.headers["x-content-type-options"] == "nosniff"
        tag = whole.headers["etag"]
        part = p.ask("p2p.local", path, headers={"Range": "bytes=1000000-2999999", "If-Range": tag})
        assert part.status == 206 and part.body == data[1000000:3000000], part.line
        assert part.headers["content-range"] == "bytes 1000000-2999999/3000001"
        assert p.ask("p2p.local", path, headers={"Range": "bytes=-1"}).body == data[-1:]
        assert p.ask("p2p.local", path, headers={"Range": "bytes=3000001-"}).headers["content-range"] == "bytes */3000001"
        assert p.ask("p2p.local", path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status == 200
        unchanged = p.ask("p2p.local", path, headers={"If-None-Match": tag})
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert p.ask("p2p.local", "/files/page.html").headers["content-disposition"] == "attachment"
        empty = p.ask("p2p.local", "/files/empty.txt")
        assert (empty.status, empty.headers["content-length"], empty.body) == (200, "0", b"")
        page = p.ask("p2p.local", "/").body.decode()
        assert "música/a b.mp3" in page and "3 MB" in page and path in page


def test_nothing_outside_the_folder_is_served():
    with Portal(files={"a.txt": b"a"}) as p:
        with open(os.path.join(p.folder, "secret"), "w") as f:
            f.write("secret")
        os.symlink("../secret", os.path.join(p.files, "link"))
        os.mkfifo(os.path.join(p.files, "pipe"))
        for path in ("/files/../secret", "/files/%2e%2e/secret", "/files/..%2fsecret", "/files/link", "/files/pipe", "/files/.x", "/files//etc/passwd", "/files/a.txt/"):
            got = p.ask("p2p.local", path)
            assert got.status == 404 and b"secret" not in got.body, (path, got.line)


def test_a_truncated_file_ends_the_answer_and_not_the_portal():
    with Portal(files={"big": b"x" * 30_000_000}) as p:
        with p.connect() as s:
            s.sendall(b"GET /files/big HTTP/1.1\r\nHost: p2p.local\r\n\r\n")
            s.recv(1000)
            os.truncate(os.path.join(p.files, "big"), 10)
            got = 1000
            while part := s.recv(1 << 20):
                got += len(part)
            assert got < 30_000_000
        assert p.ask("p2p.local", "/healthz").status == 200


def test_the_first_page_is_small():
    with Portal(files={f"{n:03}-" + "ü" * 80 + ".txt": b"x" for n in range(300)}) as p:
        for agent in ("Android", "iPhone", ""):
            got = p.ask("p2p.local", "/", headers={"User-Agent": agent})
            assert len(got.raw) <= 50_000, len(got.raw)
            assert b"<script" not in got.body and b"src=" not in got.body
