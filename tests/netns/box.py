"""A box in a network namespace with the real netd, and visitors and an uplink in others."""

import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NETD = os.environ.get("NETD", os.path.join(ROOT, "target/debug/hotspot"))
LIBC = ctypes.CDLL(None, use_errno=True)
CAPS = "+net_admin,+net_raw,+net_bind_service"
# As in the image: an own user, these capabilities and no way to more.
UNPRIVILEGED = ["setpriv", "--reuid", "102", "--regid", "100", "--clear-groups", "--no-new-privs",
                "--bounding-set", "-all," + CAPS, "--inh-caps", "-all," + CAPS, "--ambient-caps", "-all," + CAPS]


def sh(*args, check=True):
    return subprocess.run(args, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


class Namespace:
    """A network namespace, entered to open sockets or to run commands."""

    def __init__(self, name):
        self.name = name
        sh("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *args, check=True):
        return sh("ip", "-n", self.name, *args, check=check)

    def run(self, *args, check=False):
        return sh("ip", "netns", "exec", self.name, *args, check=check)

    def popen(self, *args, **kwargs):
        return subprocess.Popen(["ip", "netns", "exec", self.name, *args], **kwargs)

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + self.name, os.O_RDONLY)
        assert LIBC.setns(there, 0) == 0
        os.close(there)

    def __exit__(self, *_):
        assert LIBC.setns(self.home, 0) == 0
        os.close(self.home)

    def socket(self, *args):
        """A socket stays in the namespace that it was made in."""
        with self:
            made = socket.socket(*args)
        made.settimeout(3)
        return made

    def close(self):
        sh("ip", "netns", "del", self.name, check=False)


# A packet that was dropped is sent again after a second (RFC 6298): an answer before that is one to the first.
AT_ONCE = 0.9


def wait(what, condition, limit=10):
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {limit} s: {what}")
        time.sleep(0.05)


class Box:
    """netd with an uplink port and some visitors' ports."""

    def __init__(self, visitors=2, uplink=True, settings=None, name=""):
        # In memory: a disk that is written beside can hold an fsync up for longer than any answer may take.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.dir = tempfile.mkdtemp(prefix="netd-test-", dir=memory)
        self.run_dir, self.data = self.dir + "/run", self.dir + "/data"
        for path in (self.run_dir, self.run_dir + "/netd", self.data, self.data + "/netd"):
            os.makedirs(path)
            shutil.chown(path, 102, 100)
        os.chmod(self.dir, 0o755)
        if settings:
            with open(self.run_dir + "/settings.json", "w") as file:
                json.dump(settings, file)
        tag = f"nd{os.getpid() % 10000}{name}"
        self.ns = Namespace(tag + "box")
        self.up = Namespace(tag + "up") if uplink else None
        self.visitors = [Namespace(f"{tag}v{n}") for n in range(visitors)]
        # The names sort as the ports would: the uplink first.
        if uplink:
            self.cable("eth0", self.up, "eth0")
        for n, visitor in enumerate(self.visitors):
            self.cable(f"eth{n + 1}", visitor, "eth0")
            visitor.ip("link", "set", "eth0", "up")
        self.log = open(self.dir + "/log", "w+")
        self.process = None

    def cable(self, name, other, other_name):
        sh("ip", "link", "add", name, "netns", self.ns.name, "type", "veth", "peer", "name", other_name, "netns", other.name)

    def start(self, ports=None):
        env = dict(os.environ, HOTSPOT_RUN=self.run_dir, HOTSPOT_DATA=self.data, HOTSPOT_LOG="debug")
        self.process = self.ns.popen(*UNPRIVILEGED, NETD, "netd", env=env, stderr=self.log, stdin=subprocess.DEVNULL)
        wait("netd is up", lambda: self.alive() and os.path.exists(self.run_dir + "/netd.sock") and self.status()["state"] == "up")
        expected = len(self.visitors) if ports is None else ports
        wait("ports are on the bridge", lambda: len(self.status()["ports"]) == expected)
        # The kernel may take a second to notice a cable.
        for port in self.status()["ports"]:
            wait(f"{port} forwards", lambda: "state forwarding" in self.ns.ip("-d", "link", "show", port))
        time.sleep(0.4)
        return self

    def alive(self):
        assert self.process.poll() is None, self.said()
        return True

    def said(self):
        with open(self.dir + "/log") as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(5)
        os.path.exists(self.run_dir + "/netd.sock") and os.remove(self.run_dir + "/netd.sock")

    def ask(self, path):
        connection = http.client.HTTPConnection("localhost", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(self.run_dir + "/netd.sock")
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except ConnectionRefusedError:
            return 0, {"state": "not yet"}
        finally:
            connection.close()

    def status(self):
        return self.ask("/status")[1]

    def lease(self, visitor, timeout=10, again=1):
        """What BusyBox's client got, which asks `again` after so many seconds: (address, seconds that it took)."""
        script = os.path.join(ROOT, "tests/netns/lease.sh")
        start = time.monotonic()
        said = visitor.run("timeout", str(timeout), "busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-t", "10", "-T", str(again), "-s", script)
        took = time.monotonic() - start
        got = [line.split()[1] for line in said.splitlines() if line.startswith("LEASED")]
        assert got, said
        return got[0], took

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(5)
        self.log.close()
        for ns in [self.ns, self.up, *self.visitors]:
            if ns:
                ns.close()
        if "-k" not in sys.argv:
            shutil.rmtree(self.dir, ignore_errors=True)
