"""Updates over the network: a plain web server, with and without ranges; a list; a gateway; a cable that is pulled."""

import http.server
import os
import re
import threading

from box import Box, hotspot, image


class Web:
    """A web server over a folder. `cut` bytes into an answer it breaks off; `ranges` it knows or not."""

    def __init__(self, folder, port, ranges=True):
        self.cut, self.asked, self.sent, web = None, [], 0, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                web.asked.append(self.path)
                path = os.path.join(folder, self.path.lstrip("/"))
                if not os.path.isfile(path):
                    self.send_error(404)
                    return
                with open(path, "rb") as f:
                    body = f.read()
                total, found = len(body), re.match(r"bytes=(\d+)-(\d+)", self.headers.get("range", "")) if ranges else None
                start, end = (int(found[1]), min(int(found[2]) + 1, total)) if found else (0, total)
                self.send_response(206 if found else 200)
                if found:
                    self.send_header("content-range", f"bytes {start}-{end - 1}/{total}")
                self.send_header("content-length", str(end - start))
                self.end_headers()
                for at in range(start, end, 65536):
                    if web.cut is not None and web.sent >= web.cut:
                        self.connection.close()
                        return
                    try:
                        self.wfile.write(body[at:min(at + 65536, end)])
                    except OSError:
                        return
                    web.sent += min(65536, end - at)

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Net(Box):
    def serve(self, ranges=True):
        os.makedirs(self.path("www"), exist_ok=True)
        web = Web(self.path("www"), 8000, ranges)
        self.addCleanup(web.close)
        return web

    def from_network(self, ranges):
        self.serve(ranges)
        self.keys.bundle(self.path("www", "p2p-hotspot.update"), 7)
        self.settings(source="http://127.0.0.1:8000/p2p-hotspot.update")
        self.start()
        self.assertEqual(self.cli("check").stdout, "release 7 is there\n")
        self.until_state("ready")
        self.assertEqual(self.slot("b"), image(7))

    def test_a_plain_web_server(self):
        self.from_network(True)

    def test_one_that_knows_no_ranges(self):
        self.from_network(False)

    def test_a_list(self):
        web = self.serve()
        for seq in (6, 8, 9):
            self.keys.bundle(self.path("www", f"r{seq}"), seq, *(["--boards", "4b"] if seq == 9 else []))
        files = [self.path("www", f"r{seq}") for seq in (6, 8, 9)]
        hotspot("update", "channel", *files, "-o", self.path("www", "channel.json"), "--keys", self.keys.folder, "--edition", 20)
        self.settings(source="http://127.0.0.1:8000/channel.json")
        self.start()
        self.assertEqual(self.cli("check").stdout, "release 8 is there\n")
        self.until_state("ready")
        self.assertEqual(self.slot("b"), image(8))
        self.assertNotIn("/r6", web.asked)
        # An older edition of the list is a replay.
        hotspot("update", "channel", files[0], "-o", self.path("www", "channel.json"), "--keys", self.keys.folder, "--edition", 19)
        self.assertIn("the list of releases is an old one", self.cli("check").stdout)

    def test_the_pin_chooses(self):
        self.serve()
        for seq in (6, 8):
            self.keys.bundle(self.path("www", f"r{seq}"), seq)
        hotspot("update", "channel", self.path("www", "r6"), self.path("www", "r8"), "-o", self.path("www", "c"), "--keys", self.keys.folder)
        self.settings(source="http://127.0.0.1:8000/c", pin=6)
        self.start()
        self.assertEqual(self.cli("check").stdout, "release 6 is there\n")
        self.until_state("ready")

    def test_through_a_gateway(self):
        self.serve()
        os.makedirs(self.path("www", "ipfs", "bafyone"))
        self.keys.bundle(self.path("www", "ipfs", "bafyone", "u"), 7)
        self.settings(source="ipfs://bafyone/u")
        self.start()
        self.assertIn("no gateway is set: content.gateways names some", self.cli("check").stdout)
        self.settings(source="ipfs://bafyone/u", gateways=["http://127.0.0.1:9", "http://127.0.0.1:8000"])
        self.process.send_signal(1)
        self.until(lambda: self.cli("check").stdout == "release 7 is there\n", "the new settings are followed")
        self.until_state("ready")

    def test_the_cable_is_pulled_and_comes_back(self):
        size, web = 32 << 20, self.serve()
        self.keys.bundle(self.path("www", "u"), 7, size=size)
        web.cut = 12 << 20
        self.settings(source="http://127.0.0.1:8000/u")
        self.start()
        self.cli("check")
        self.until_state("idle", seconds=90)
        self.assertTrue(self.told("cannot be read any further"))
        before = web.sent
        web.cut = None
        self.cli("check")
        self.until_state("ready", seconds=90)
        self.assertEqual(self.slot("b", size), image(7, size))
        self.assertTrue(self.told("going on with release 7"))
        self.assertLess(web.sent - before, size, "what was written is not fetched again")

    def test_nothing_there(self):
        self.serve()
        self.settings(source="http://127.0.0.1:8000/nothing")
        self.start()
        self.assertIn("answers with status 404", self.cli("check").stdout)
        self.assertEqual(self.status()["state"], "idle")

    def test_only_what_changed_is_fetched(self):
        """One percent of the blocks differ from the slot that runs."""
        web = self.serve()
        old = image(5, 16 << 20)
        with open(self.path("a"), "r+b") as f:
            f.write(old)
        new = bytearray(old)
        new[8 << 20:(8 << 20) + (160 << 10)] = os.urandom(160 << 10)
        new[:4096] = image(7, 16 << 20)[:4096]
        self.keys.bundle(self.path("www", "u"), 7, payload=bytes(new))
        self.settings(source="http://127.0.0.1:8000/u")
        self.start()
        self.cli("check")
        self.until_state("ready", seconds=90)
        self.assertEqual(self.slot("b", 16 << 20), bytes(new))
        self.assertLess(web.sent, 4 << 20)
