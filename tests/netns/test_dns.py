"""DNS as visitors see it: the answers are tested in `lan`, here it is the sockets."""

import os
import random
import socket
import struct
import time
import unittest

from box import Box, wait

OWN, CAPTURE = "10.42.0.1", "198.51.100.1"


def query(name, kind=1, ident=0x4242):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, kind, 1)


def address(answer):
    """The one A record at the end of an answer without EDNS."""
    assert answer[6:8] == b"\0\1", answer
    return socket.inet_ntoa(answer[-4:])


class Dns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Box().start()
        cls.visitor = cls.box.visitors[0]
        cls.box.lease(cls.visitor)

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def udp(self, server, message):
        with self.visitor.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((server, 53))
            sock.send(message)
            return sock.recv(2000)

    def tcp(self, server):
        sock = self.visitor.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.connect((server, 53))
        return sock

    def read(self, sock):
        def exactly(n):
            data = b""
            while len(data) < n:
                got = sock.recv(n - len(data))
                if not got:
                    raise EOFError
                data += got
            return data
        return exactly(struct.unpack("!H", exactly(2))[0])

    def test_udp_to_the_box_and_to_any_other_address(self):
        for server in (OWN, CAPTURE, "8.8.8.8", "1.1.1.1", "192.168.77.1"):
            self.assertEqual(address(self.udp(server, query("connectivitycheck.gstatic.com"))), CAPTURE, server)
            self.assertEqual(address(self.udp(server, query("p2p.local"))), OWN, server)

    def test_tcp_to_the_box_and_to_any_other_address(self):
        for server in (OWN, CAPTURE, "8.8.8.8"):
            with self.tcp(server) as sock:
                message = query("example.com")
                sock.send(struct.pack("!H", len(message)) + message)
                self.assertEqual(address(self.read(sock)), CAPTURE, server)

    def test_tcp_with_split_lengths_and_pipelining(self):
        with self.tcp(OWN) as sock:
            message = query("example.com")
            for byte in struct.pack("!H", len(message)) + message:
                sock.send(bytes([byte]))
                time.sleep(0.005)
            self.assertEqual(address(self.read(sock)), CAPTURE)
            many = b"".join(struct.pack("!H", len(message)) + query("example.com", ident=n) for n in range(200))
            sock.sendall(many)
            for n in range(200):
                answer = self.read(sock)
                self.assertEqual(struct.unpack("!H", answer[:2])[0], n)

    def test_idle_and_slow_tcp_connections_are_closed(self):
        idle, slow = self.tcp(OWN), self.tcp(OWN)
        start, closed = time.monotonic(), {}
        slow.settimeout(0.5)
        idle.settimeout(0.5)
        while len(closed) < 2 and time.monotonic() - start < 15:
            for name, sock in (("idle", idle), ("slow", slow)):
                if name in closed:
                    continue
                try:
                    if name == "slow":
                        sock.send(b"\x01")
                        sock.send(b"")
                    if sock.recv(1) == b"":
                        closed[name] = time.monotonic() - start
                except TimeoutError:
                    pass
                except OSError:
                    closed[name] = time.monotonic() - start
        for name in ("idle", "slow"):
            self.assertTrue(5 <= closed[name] <= 11, closed)

    def test_connections_have_a_cap_per_client_and_end(self):
        held = [self.tcp(OWN) for _ in range(20)]
        closed = 0
        for sock in held:
            sock.settimeout(0.2)
            try:
                closed += sock.recv(1) == b""
            except TimeoutError:
                pass
            except OSError:
                closed += 1
        self.assertEqual(closed, 12)
        for sock in held:
            sock.close()
        time.sleep(0.2)
        self.test_tcp_to_the_box_and_to_any_other_address()

    def test_garbage_and_floods_leave_it_answering(self):
        rng = random.Random(1)
        with self.visitor.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((OWN, 53))
            for n in range(3000):
                sock.send(rng.randbytes(n % 600))
        with self.tcp(OWN) as sock:
            try:
                sock.sendall(os.urandom(5000))
            except OSError:
                pass
        time.sleep(1.1)  # the limit on a noisy source refills within a second
        self.test_udp_to_the_box_and_to_any_other_address()

    def test_a_spoofed_flood_does_not_fill_the_tracking_table(self):
        with self.visitor.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((OWN, 53))
            for n in range(200):
                sock.send(query(f"r{n}.example.com"))
        tracked = self.box.ns.run("cat", "/proc/net/nf_conntrack")
        self.assertNotIn("dport=53 ", tracked)
        time.sleep(1.1)

    def test_mdns_answers_for_own_names(self):
        with self.visitor.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(("", 5353))
            with self.visitor:
                index = socket.if_nametoindex("eth0")
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4si", socket.inet_aton("224.0.0.251"), bytes(4), index))
            sock.sendto(query("p2p.local", ident=0), ("224.0.0.251", 5353))
            data, sender = sock.recvfrom(2000)
            while sender[0] != OWN:
                data, sender = sock.recvfrom(2000)
            self.assertEqual((data[2] & 0x84, data[-4:]), (0x84, socket.inet_aton(OWN)))
        with self.visitor.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(query("P2P.local"), ("224.0.0.251", 5353))
            data, sender = sock.recvfrom(2000)
            self.assertEqual((sender[0], data[:2], data[-4:]), (OWN, b"\x42\x42", socket.inet_aton(OWN)))


class Settings(unittest.TestCase):
    def test_names_and_range_come_from_the_settings(self):
        box = Box(visitors=1, settings={"device": {"name": "vila"}, "lan": {"range": "192.168.50.0/24", "names": ["biblioteca.example"]}}).start()
        try:
            leased, _ = box.lease(box.visitors[0])
            self.assertTrue(leased.startswith("192.168.50."))
            for name in ("vila.local", "vila", "biblioteca.example", "p2p.local"):
                with box.visitors[0].socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                    sock.connect(("192.168.50.1", 53))
                    sock.send(query(name))
                    self.assertEqual(address(sock.recv(2000)), "192.168.50.1")
            wait("status", lambda: box.status()["address"] == "192.168.50.1")
        finally:
            box.close()
