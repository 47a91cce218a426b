"""The rule set in the kernel, tried from a visitor's and from the uplink's side."""

import socket
import subprocess
import threading
import time
import unittest

from box import AT_ONCE, Box

OWN, CAPTURE = "10.42.0.1", "198.51.100.1"
# Far away, in nobody's network, and where there is no route at all.
ELSEWHERE = ["93.184.216.34", "192.168.3.3", "1.1.1.1"]


class Gate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Box().start()
        cls.one, cls.two = cls.box.visitors
        cls.addresses = [cls.box.lease(v)[0] for v in cls.box.visitors]
        assert "default" not in cls.box.ns.ip("route"), "the box has no default route here"
        # What portald is to the gate: a listener on every address.
        cls.web = cls.box.ns.socket(socket.AF_INET, socket.SOCK_STREAM)
        cls.web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        cls.web.settimeout(None)
        cls.web.bind(("", 80))
        cls.web.listen(50)
        threading.Thread(target=cls.answer, daemon=True).start()

    @classmethod
    def answer(cls):
        while True:
            try:
                client, _ = cls.web.accept()
            except OSError:
                return
            client.sendall(b"HTTP/1.0 302 Found\r\nLocation: http://10.42.0.1/\r\n\r\n")
            client.close()

    @classmethod
    def tearDownClass(cls):
        cls.web.close()
        cls.box.close()

    def connect(self, visitor, to, port):
        """'open', or the error and the seconds that it took."""
        start = time.monotonic()
        with visitor.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.settimeout(2)
            try:
                sock.connect((to, port))
                return "open", 0
            except OSError as error:
                return type(error).__name__, time.monotonic() - start

    def test_443_and_853_are_reset_at_once_whatever_the_address(self):
        for to in [OWN, CAPTURE, *ELSEWHERE]:
            for port in (443, 853):
                what, took = self.connect(self.one, to, port)
                self.assertEqual((what, took < AT_ONCE), ("ConnectionRefusedError", True), (to, port, took))

    def test_other_ports_are_refused_too(self):
        for to in [OWN, *ELSEWHERE]:
            for port in (22, 5222, 8080, 1053):
                what, took = self.connect(self.one, to, port)
                self.assertEqual((what, took < AT_ONCE), ("ConnectionRefusedError", True), (to, port, took))

    def test_udp_443_is_rejected_by_icmp_at_once(self):
        for to in [OWN, CAPTURE, *ELSEWHERE]:
            with self.one.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.connect((to, 443))
                sock.send(b"quic")
                start = time.monotonic()
                with self.assertRaises(ConnectionRefusedError, msg=to):
                    sock.recv(10)
                self.assertLess(time.monotonic() - start, AT_ONCE)

    def test_port_80_of_any_address_is_the_portal(self):
        for to in [OWN, CAPTURE, *ELSEWHERE]:
            with self.one.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
                sock.connect((to, 80))
                self.assertTrue(sock.recv(100).startswith(b"HTTP/1.0 302"), to)

    def test_visitors_do_not_reach_each_other(self):
        self.assertIn("100% packet loss", self.one.run("busybox", "ping", "-c", "1", "-W", "1", self.addresses[1]))
        # The rules hold without the ports' own isolation.
        for port in ("eth1", "eth2"):
            self.box.ns.ip("link", "set", port, "type", "bridge_slave", "isolated", "off")
        self.assertIn("100% packet loss", self.one.run("busybox", "ping", "-c", "1", "-W", "1", self.addresses[1]))

    def test_the_box_answers_a_ping(self):
        self.assertIn(" 0% packet loss", self.one.run("busybox", "ping", "-c", "1", "-W", "1", OWN))

    def test_nothing_is_forwarded_to_the_uplink(self):
        self.assertEqual(self.box.ns.run("cat", "/proc/sys/net/ipv4/ip_forward").strip(), "0")
        self.box.up.ip("addr", "add", "172.30.0.1/24", "dev", "eth0")
        self.box.up.ip("link", "set", "eth0", "up")
        self.box.ns.ip("addr", "add", "172.30.0.2/24", "dev", "eth0")
        try:
            self.box.ns.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
            self.assertIn("100% packet loss", self.one.run("busybox", "ping", "-c", "1", "-W", "1", "172.30.0.1"))
            self.assertEqual(self.connect(self.one, "172.30.0.1", 9)[0], "ConnectionRefusedError")
        finally:
            self.box.ns.run("sysctl", "-qw", "net.ipv4.ip_forward=0")
            self.box.ns.ip("addr", "del", "172.30.0.2/24", "dev", "eth0")

    def test_the_uplink_side_reaches_nothing(self):
        up = self.box.up
        up.ip("link", "set", "eth0", "up")
        up.ip("addr", "replace", "172.31.0.1/24", "dev", "eth0")
        self.box.ns.ip("addr", "add", "172.31.0.2/24", "dev", "eth0")
        try:
            up.ip("route", "replace", "10.42.0.0/24", "via", "172.31.0.2")
            up.ip("route", "replace", "198.51.100.1", "via", "172.31.0.2")
            for to in ("172.31.0.2", OWN, CAPTURE):
                for port in (80, 53, 22, 443):
                    with up.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
                        sock.settimeout(0.3)
                        with self.assertRaises(TimeoutError, msg=f"{to}:{port}"):
                            sock.connect((to, port))
                with up.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.settimeout(0.3)
                    sock.sendto(bytes(12), (to, 53))
                    with self.assertRaises(TimeoutError):
                        sock.recv(100)
                self.assertIn("100% packet loss", up.run("busybox", "ping", "-c", "1", "-W", "1", to))
        finally:
            self.box.ns.ip("addr", "del", "172.31.0.2/24", "dev", "eth0")

    def test_no_ipv6_at_all(self):
        self.assertNotIn("inet6", self.box.ns.ip("addr", "show", "br-hotspot"))
        self.one.ip("addr", "add", "fd00::2/64", "dev", "eth0", "nodad")
        self.two.ip("addr", "add", "fd00::3/64", "dev", "eth0", "nodad")
        self.assertIn("100% packet loss", self.one.run("busybox", "ping", "-6", "-c", "1", "-W", "1", "fd00::3"))

    def test_a_visitor_cannot_claim_the_box_s_address(self):
        frame = bytes.fromhex("ffffffffffff" + "02000000aaaa" + "0806" + "0001080006040002" + "02000000aaaa" + "0a2a0001" + "ffffffffffff" + "0a2a0001")
        with self.two.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            sock.bind(("eth0", 0))
            for _ in range(5):
                sock.send(frame)
        time.sleep(0.1)
        self.assertNotIn("02:00:00:00:aa:aa", self.one.ip("neigh"))
        self.assertNotIn("02:00:00:00:aa:aa", self.box.ns.ip("neigh"))

    def test_a_syn_flood_of_one_visitor_does_not_keep_out_another(self):
        flood = [self.two.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(400)]
        for sock in flood:
            sock.setblocking(False)
            sock.connect_ex((OWN, 80))
        self.assertEqual(self.connect(self.one, OWN, 80)[0], "open")
        for sock in flood:
            sock.close()
        time.sleep(1.2)
        self.assertEqual(self.connect(self.two, OWN, 80)[0], "open")

    def test_the_real_nft_takes_the_rules_twice(self):
        rules = self.box.ns.run("nft", "list", "ruleset")
        self.assertEqual(rules.count("table inet hotspot"), 1)
        self.assertIn("table bridge hotspot", rules)
        checked = subprocess.run(["ip", "netns", "exec", self.box.ns.name, "nft", "-c", "-f", "-"], input=rules, text=True, capture_output=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.box.stop()
        self.box.start()
        self.assertEqual(self.box.ns.run("nft", "list", "ruleset").count("table inet hotspot"), 1)
