"""Hand-made DHCP over raw frames, to send what no client would."""

import socket
import struct
import time

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
BROADCAST = b"\xff" * 6


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip4(text):
    return socket.inet_aton(text)


def message(kind, mac, xid=7, ciaddr="0.0.0.0", flags=0, giaddr="0.0.0.0", hlen=6, htype=1, **options):
    """options: requested="A.B.C.D", server="A.B.C.D", client_id=b"", raw=b"" (option bytes as they are)."""
    fixed = struct.pack("!BBBBIHH", 1, htype, hlen, 0, xid, 0, flags) + ip4(ciaddr) + bytes(8) + ip4(giaddr)
    out = fixed + mac + bytes(10 + 64 + 128) + b"\x63\x82\x53\x63" + bytes([53, 1, kind])
    if "requested" in options:
        out += bytes([50, 4]) + ip4(options["requested"])
    if "server" in options:
        out += bytes([54, 4]) + ip4(options["server"])
    if "client_id" in options:
        out += bytes([61, len(options["client_id"])]) + options["client_id"]
    return out + options.get("raw", b"") + b"\xff"


def frame(payload, source, destination=BROADCAST, ip_source="0.0.0.0", ip_destination="255.255.255.255"):
    udp = struct.pack("!HHHH", 68, 67, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + ip4(ip_source) + ip4(ip_destination)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return destination + source + b"\x08\x00" + header + udp


class Reply:
    """A server's message: kind, addresses, options, and where its frame went."""

    def __init__(self, data):
        self.to, self.ip_to = data[:6], socket.inet_ntoa(data[30:34])
        dhcp = data[14 + 20 + 8:]
        self.length = len(dhcp)
        self.xid, = struct.unpack("!I", dhcp[4:8])
        self.yiaddr = socket.inet_ntoa(dhcp[16:20])
        self.mac = dhcp[28:34]
        self.options, at = {}, 240
        while at < len(dhcp) and dhcp[at] != 255:
            if dhcp[at]:
                self.options[dhcp[at]] = dhcp[at + 2:at + 2 + dhcp[at + 1]]
                at += 1 + dhcp[at + 1]
            at += 1
        self.kind = self.options[53][0]


class Link:
    """A visitor's raw end of the cable."""

    def __init__(self, visitor):
        self.socket = visitor.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.socket.bind(("eth0", 0x0800))

    def send(self, payload, source, **kwargs):
        self.socket.send(frame(payload, source, **kwargs))

    def replies(self, timeout=1.0):
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(2000)
            except TimeoutError:
                return
            if len(data) > 282 and data[23] == 17 and data[36:38] == b"\x00\x44":
                yield Reply(data)

    def ask(self, payload, source, timeout=1.0, **kwargs):
        """The first reply to this transaction, or None."""
        self.send(payload, source, **kwargs)
        xid, = struct.unpack("!I", payload[4:8])
        return next((r for r in self.replies(timeout) if r.xid == xid), None)
