"""HTTPS with a domain of the community's own: a visitor reaches it on the box's own address, and port 443 nowhere else."""

import http.client
import json
import os
import socket
import subprocess
import time
import unittest

from box import AT_ONCE, NETD, Box, wait
from certificates import Authority

DOMAIN, OWN, CAPTURE = "hotspot.vila.org", "10.42.0.1", "198.51.100.1"
ELSEWHERE = ["93.184.216.34", "192.168.3.3", "1.1.1.1"]


class Https(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Box(visitors=2, settings={"v": 1, "lan": {"domain": DOMAIN}}).start()
        cls.one, cls.two = cls.box.visitors
        for visitor in cls.box.visitors:
            cls.box.lease(visitor)
        env = dict(os.environ, HOTSPOT_RUN=cls.box.run_dir, HOTSPOT_DATA=cls.box.data)
        cls.portal = cls.box.ns.popen(NETD, "portald", "--home", cls.box.data + "/ownerd", env=env, stderr=cls.box.log, stdin=subprocess.DEVNULL)
        wait("portald is up", lambda: os.path.exists(cls.box.run_dir + "/portald.sock"))
        cls.authority = Authority(cls.box.dir + "/ca")

    @classmethod
    def tearDownClass(cls):
        cls.portal.kill()
        cls.portal.wait()
        cls.box.close()

    def portald(self, path, body):
        connection = http.client.HTTPConnection("localhost", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.box.run_dir + "/portald.sock")
        connection.request("POST", path, json.dumps(body))
        return json.loads(connection.getresponse().read())

    def connect(self, visitor, to, port):
        start = time.monotonic()
        with visitor.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            try:
                sock.connect((to, port))
                return "open", True
            except OSError as error:
                return type(error).__name__, time.monotonic() - start < AT_ONCE

    def curl(self, visitor):
        return visitor.run("curl", "-sS", "--max-time", "10", "--cacert", self.authority.root, "--resolve", f"{DOMAIN}:443:{OWN}", f"https://{DOMAIN}/")

    def test_from_no_certificate_to_one_and_back(self):
        refused = ("ConnectionRefusedError", True)
        self.assertEqual(self.connect(self.one, OWN, 443), refused)
        chain, key = self.authority.vouch()
        self.assertNotIn("no", self.portald("/tls", {"chain": chain, "key": key}))
        wait("HTTPS is there", lambda: self.connect(self.one, OWN, 443)[0] == "open")
        # The box's name server leads there, as long as the phone is captive too.
        self.assertIn(OWN, self.one.run("busybox", "nslookup", DOMAIN, OWN).split("Name:")[-1])
        self.assertIn("<html", self.curl(self.one))
        for to in [CAPTURE, *ELSEWHERE]:
            self.assertEqual(self.connect(self.one, to, 443), refused, to)
        self.assertEqual(self.connect(self.one, OWN, 853), refused)
        with self.one.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((OWN, 443))
            sock.send(b"quic")
            with self.assertRaises(ConnectionRefusedError):
                sock.recv(10)
        # Handshakes are dear: a flood of them costs its sender, not the others, nor its sender's plain pages.
        flood = [self.two.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(90)]
        for sock in flood:
            sock.setblocking(False)
            sock.connect_ex((OWN, 443))
        time.sleep(0.3)
        through = sum(sock.connect_ex((OWN, 443)) in (0, 106) for sock in flood)
        self.assertLess(through, 60)
        self.assertEqual(self.connect(self.two, OWN, 80)[0], "open")
        self.assertIn("<html", self.curl(self.one))
        for sock in flood:
            sock.close()
        self.assertNotIn("error", self.portald("/tls/remove", None))
        wait("HTTPS is gone", lambda: self.connect(self.one, OWN, 443) == refused)
