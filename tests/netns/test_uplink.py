"""The first port: lease, internet, collision, and serving visitors when there is nothing else."""

import json
import os
import socket
import subprocess
import threading
import time
import unittest

from box import Box, wait


class Upstream:
    """A router with DHCP, names that all lead to it, and a web server that answers 204."""

    def __init__(self, box, network="172.29.0", web=True):
        self.ns = box.up
        self.ns.ip("addr", "add", f"{network}.1/24", "dev", "eth0")
        self.ns.ip("link", "set", "eth0", "up")
        self.dnsmasq = self.ns.popen("dnsmasq", "-k", "-C", "/dev/null", "--no-hosts", "--no-resolv", "--no-ping", f"--dhcp-range={network}.50,{network}.99,1h",
                                     f"--address=/#/{network}.1", f"--dhcp-leasefile={box.dir}/up-leases", "--pid-file=", "--user=root",
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.web = None
        if web:
            self.web = self.ns.socket(socket.AF_INET, socket.SOCK_STREAM)
            self.web.settimeout(None)
            self.web.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.web.bind(("", 80))
            self.web.listen(5)
            threading.Thread(target=self.answer, daemon=True).start()

    def answer(self):
        while True:
            try:
                client, _ = self.web.accept()
                client.recv(1000)
                client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                client.close()
            except OSError:
                return

    def close(self):
        self.dnsmasq.terminate()
        self.dnsmasq.wait()
        if self.web:
            self.web.close()


class Uplink(unittest.TestCase):
    def setUp(self):
        self.box, self.up = None, None

    def tearDown(self):
        if self.up:
            self.up.close()
        self.box.close()

    def uplink(self):
        return self.box.status()["uplink"]

    def test_a_lease_then_the_internet_then_a_pulled_cable(self):
        self.box = Box(visitors=1).start()
        self.assertEqual(self.uplink()["state"], "no-carrier")
        self.up = Upstream(self.box)
        wait("internet", lambda: self.uplink()["state"] == "internet", 30)
        state = self.uplink()
        self.assertTrue(state["address"].startswith("172.29.0."))
        self.assertEqual((state["interface"], state["gateway"], state["dns"]), ("eth0", "172.29.0.1", ["172.29.0.1"]))
        with open(self.box.run_dir + "/netd/resolv.conf") as file:
            self.assertEqual(file.read(), "nameserver 172.29.0.1\n")
        self.assertIn("default via 172.29.0.1 dev eth0", self.box.ns.ip("route"))
        # Visitors are still answered by us alone.
        self.box.lease(self.box.visitors[0])
        self.box.up.ip("link", "set", "eth0", "down")
        wait("no carrier", lambda: self.uplink()["state"] == "no-carrier")
        self.assertNotIn("172.29", self.box.ns.ip("addr"))
        with open(self.box.run_dir + "/netd/resolv.conf") as file:
            self.assertEqual(file.read(), "")

    def test_a_network_that_answers_nothing_is_a_lease_without_internet(self):
        self.box = Box(visitors=0).start()
        self.up = Upstream(self.box, web=False)
        wait("lease", lambda: self.uplink()["state"] == "lease", 30)

    def test_a_network_that_collides_is_said_and_not_used(self):
        self.box = Box(visitors=1).start()
        self.up = Upstream(self.box, network="10.42.0")
        wait("problem", lambda: self.uplink().get("problem"), 30)
        self.assertIn("collides", self.box.status()["last_error"])
        self.assertNotIn("inet", self.box.ns.ip("-4", "addr", "show", "eth0"))
        self.assertTrue(self.box.lease(self.box.visitors[0])[0].startswith("10.42.0."))

    def test_ports_that_come_and_go(self):
        self.box = Box(visitors=1).start()
        self.box.cable("eth9", self.box.visitors[0], "eth9")
        wait("joins", lambda: "eth9" in self.box.status()["ports"])
        self.assertIn("isolated on", self.box.ns.ip("-d", "link", "show", "eth9"))
        self.box.ns.ip("link", "del", "eth9")
        wait("leaves", lambda: "eth9" not in self.box.status()["ports"])
        # Somebody else makes a port, as hostapd does: it is isolated too.
        self.box.ns.ip("tuntap", "add", "dev", "tap0", "mode", "tap")
        self.box.ns.ip("link", "set", "tap0", "master", "br-hotspot")
        wait("isolated", lambda: "isolated on" in self.box.ns.ip("-d", "link", "show", "tap0"))

    def test_without_radio_the_only_port_serves_visitors_after_30_s(self):
        self.box = Box(visitors=0)
        radiod = socket.socket(socket.AF_UNIX)
        path = self.box.run_dir + "/radiod.sock"
        radiod.bind(path)
        os.chmod(path, 0o666)
        radiod.listen(5)
        threading.Thread(target=self.no_radio, args=(radiod,), daemon=True).start()
        self.box.start()
        self.box.up.ip("link", "set", "eth0", "up")
        start = time.monotonic()
        wait("no lease", lambda: self.uplink()["state"] == "no-lease")
        wait("serving", lambda: self.uplink()["state"] == "serving-lan", 40)
        self.assertGreater(time.monotonic() - start, 28)
        wait("port", lambda: self.box.status()["ports"] == ["eth0"])
        self.box.lease(self.box.up)
        self.box.up.ip("link", "set", "eth0", "down")
        wait("uplink again", lambda: self.uplink()["state"] == "no-carrier" and not self.box.status()["ports"])
        radiod.close()

    @staticmethod
    def no_radio(server):
        body = json.dumps({"v": 1, "state": "no-radio"}).encode()
        while True:
            try:
                client, _ = server.accept()
                client.recv(2000)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
                client.close()
            except OSError:
                return
