"""DHCP as clients see it."""

import os
import signal
import socket
import time
import unittest

from box import Box, wait
from dhcp import ACK, BROADCAST, DECLINE, DISCOVER, INFORM, NAK, OFFER, RELEASE, REQUEST, Link, message

OWN = "10.42.0.1"


def mac(n):
    return bytes([2, 0, 0, 9, n >> 8 & 255, n & 255])


class Dhcp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Box().start()
        cls.link = Link(cls.box.visitors[1])

    @classmethod
    def tearDownClass(cls):
        cls.box.close()

    def join(self, n, **options):
        offer = self.link.ask(message(DISCOVER, mac(n), xid=n * 16 + 1, **options), mac(n))
        self.assertEqual(offer.kind, OFFER)
        ack = self.link.ask(message(REQUEST, mac(n), xid=n * 16 + 2, requested=offer.yiaddr, server=OWN, **options), mac(n))
        self.assertEqual((ack.kind, ack.yiaddr), (ACK, offer.yiaddr))
        return ack

    def test_a_real_client_gets_a_lease_at_once(self):
        address, took = self.box.lease(self.box.visitors[0], again=4)
        self.assertTrue(address.startswith("10.42.0."))
        self.assertLess(took, 3, "before the client asked again")
        status, client = self.box.ask(f"/client?ip={address}")
        self.assertEqual((status, client["v"], client["ip"], client["join"]), (200, 1, address, 1))
        self.assertIn(address, [lease["ip"] for lease in self.box.ask("/leases")[1]["leases"]])
        self.assertEqual(self.box.ask("/client?ip=10.42.0.250")[0], 404)

    def test_options_are_those_and_no_others(self):
        ack = self.join(1, client_id=b"\xff\x01\x02\x03\x04\x05\x06")
        self.assertEqual(sorted(ack.options), [1, 3, 6, 26, 28, 51, 53, 54, 58, 59, 61])
        own = socket.inet_aton(OWN)
        self.assertEqual((ack.options[3], ack.options[6], ack.options[54]), (own, own, own))
        self.assertEqual((ack.options[1], ack.options[28]), (b"\xff\xff\xff\0", socket.inet_aton("10.42.0.255")))
        self.assertEqual(ack.options[61], b"\xff\x01\x02\x03\x04\x05\x06")
        self.assertGreaterEqual(ack.length, 300)
        lease = int.from_bytes(ack.options[51], "big")
        self.assertTrue(3600 <= lease <= 7200)

    def test_unicast_unless_the_broadcast_flag_is_set(self):
        offer = self.link.ask(message(DISCOVER, mac(2), xid=900), mac(2))
        self.assertEqual((offer.to, offer.ip_to), (mac(2), offer.yiaddr))
        offer = self.link.ask(message(DISCOVER, mac(2), xid=901, flags=0x8000), mac(2))
        self.assertEqual((offer.to, offer.ip_to), (BROADCAST, "255.255.255.255"))

    def test_init_reboot_gets_ack_for_a_free_or_own_address_else_a_broadcast_nak(self):
        free = self.link.ask(message(REQUEST, mac(3), xid=910, requested="10.42.0.200"), mac(3))
        self.assertEqual((free.kind, free.yiaddr), (ACK, "10.42.0.200"))
        own = self.link.ask(message(REQUEST, mac(3), xid=911, requested="10.42.0.200"), mac(3))
        self.assertEqual(own.kind, ACK)
        for n, address in enumerate(["10.42.0.200", "192.168.1.9", "10.42.0.1", "10.42.0.0", "10.42.0.255"]):
            nak = self.link.ask(message(REQUEST, mac(4), xid=920 + n, requested=address), mac(4))
            self.assertEqual((nak.kind, nak.to, nak.ip_to), (NAK, BROADCAST, "255.255.255.255"), address)

    def test_inform_gets_no_lease_time(self):
        ack = self.link.ask(message(INFORM, mac(5), xid=930, ciaddr="10.42.0.77"), mac(5))
        self.assertEqual((ack.kind, ack.yiaddr, ack.ip_to), (ACK, "0.0.0.0", "10.42.0.77"))
        self.assertFalse({51, 58, 59} & set(ack.options))
        self.assertIsNone(self.link.ask(message(INFORM, mac(5), xid=931, ciaddr="192.168.7.7"), mac(5), timeout=0.3))

    def test_a_relay_s_address_is_not_answered_to(self):
        offer = self.link.ask(message(DISCOVER, mac(6), xid=940, giaddr="10.9.9.9"), mac(6))
        self.assertEqual((offer.to, offer.ip_to), (mac(6), offer.yiaddr))

    def test_other_hardware_and_group_addresses_get_silence(self):
        for n, (change, address) in enumerate([({"hlen": 0}, mac(7)), ({"hlen": 17}, mac(7)), ({"hlen": 255}, mac(7)), ({"htype": 6}, mac(7)),
                                               ({}, BROADCAST), ({}, bytes(6)), ({}, self.own_mac())]):
            self.assertIsNone(self.link.ask(message(DISCOVER, address, xid=950 + n, **change), mac(7), timeout=0.2), change)

    def own_mac(self):
        line = next(line for line in self.box.ns.ip("link", "show", "br-hotspot").splitlines() if "link/ether" in line)
        return bytes.fromhex(line.split()[1].replace(":", ""))

    def test_a_spoofed_release_is_ignored(self):
        ack = self.join(8)
        release = message(RELEASE, mac(8), xid=960, ciaddr=ack.yiaddr, server=OWN)
        self.link.send(release, mac(9), ip_source=ack.yiaddr, ip_destination=OWN)
        time.sleep(0.2)
        self.assertEqual(self.box.ask(f"/client?ip={ack.yiaddr}")[0], 200)
        self.link.send(release, mac(8), ip_source=ack.yiaddr, ip_destination=OWN)
        wait("released", lambda: self.box.ask(f"/client?ip={ack.yiaddr}")[0] == 404, 2)

    def test_an_address_in_use_is_not_given_away(self):
        squatter = self.box.visitors[0]
        squatter.ip("addr", "add", "10.42.0.100/24", "dev", "eth0")
        try:
            time.sleep(0.1)
            # Not known to be silent any more after a restart, so it is probed again.
            self.box.stop()
            self.box.start()
            self.link = Link(self.box.visitors[1])
            offer = self.link.ask(message(DISCOVER, mac(10), xid=970, requested="10.42.0.100"), mac(10))
            self.assertNotEqual(offer.yiaddr, "10.42.0.100")
        finally:
            squatter.ip("addr", "del", "10.42.0.100/24", "dev", "eth0")

    def test_an_address_that_was_heard_is_not_given_away(self):
        squatter = self.box.visitors[0]
        squatter.ip("addr", "add", "10.42.0.150/24", "dev", "eth0")
        try:
            squatter.run("busybox", "ping", "-c", "1", "-W", "1", "-I", "10.42.0.150", OWN)
            offer = self.link.ask(message(DISCOVER, mac(11), xid=980, requested="10.42.0.150"), mac(11))
            self.assertNotEqual(offer.yiaddr, "10.42.0.150")
        finally:
            squatter.ip("addr", "del", "10.42.0.150/24", "dev", "eth0")


class DhcpFlood(unittest.TestCase):
    def setUp(self):
        self.box = Box().start()
        self.link = Link(self.box.visitors[1])

    def tearDown(self):
        self.box.close()

    def honest(self):
        _, took = self.box.lease(self.box.visitors[0])
        self.assertLess(took, 2)

    def test_starvation_from_one_station(self):
        for n in range(3000):
            self.link.send(message(DISCOVER, mac(n), xid=n), mac(1))
        self.honest()

    def test_starvation_by_whole_exchanges_with_as_many_addresses(self):
        for n in range(300):
            offer = self.link.ask(message(DISCOVER, mac(n), xid=n + 1), mac(n), timeout=0.05)
            if offer:
                self.link.send(message(REQUEST, mac(n), xid=n + 1, requested=offer.yiaddr, server=OWN), mac(n))
        self.assertGreater(self.box.status()["leases"], 200)
        self.honest()

    def test_a_decline_storm(self):
        for n in range(300):
            offer = self.link.ask(message(DISCOVER, mac(n), xid=n + 1), mac(n), timeout=0.5)
            self.link.send(message(DECLINE, mac(n), xid=n + 1, requested=offer.yiaddr, server=OWN), mac(n))
        self.honest()

    def test_garbage(self):
        for n in range(2000):
            self.link.send(os.urandom(n % 700), mac(n))
            self.link.send(message(n % 256, mac(n), raw=os.urandom(n % 300)), mac(n))
        self.honest()
        self.box.alive()


class DhcpPersistence(unittest.TestCase):
    def test_a_restart_and_a_kill_keep_leases(self):
        box = Box().start()
        try:
            address, _ = box.lease(box.visitors[0])
            box.stop()
            with open(box.data + "/netd/leases") as file:
                self.assertIn(address, file.read())
            box.start()
            self.assertEqual(box.ask(f"/client?ip={address}")[1]["join"], 1)
            # udhcpc begins with DISCOVER: another join, the same address.
            self.assertEqual(box.lease(box.visitors[0])[0], address)
            self.assertEqual(box.ask(f"/client?ip={address}")[1]["join"], 2)
            time.sleep(6)
            box.stop(signal.SIGKILL)
            box.start()
            self.assertEqual(box.ask(f"/client?ip={address}")[1]["join"], 2)
        finally:
            box.close()

    def test_a_file_of_random_bytes_is_no_leases(self):
        box = Box()
        try:
            with open(box.data + "/netd/leases", "wb") as file:
                file.write(os.urandom(100000))
            box.start()
            box.lease(box.visitors[0])
        finally:
            box.close()
