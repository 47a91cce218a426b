#!/usr/bin/env python3
"""Many clients from one phone: COUNT leases under made-up hardware addresses, then a portal visit and a DNS question from each address.

The leases' addresses are added to the phone's interface, so every visit comes from its own client. Keeps the connections open
until a line arrives on standard input (or 60 s), then closes. Prints one JSON object.
"""
import json, os, random, select, socket, struct, subprocess, sys, time

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 250
SERVER = "10.42.0.1"


def interface():
    return next(name for name in sorted(os.listdir("/sys/class/net")) if name.startswith("wlan"))


def packet(kind, mac, xid, options=b""):
    head = struct.pack("!BBBBIHH4s4s4s4s", 1, 1, 6, 0, xid, 0, 0x8000, b"", b"", b"", b"")
    return head + mac + bytes(10 + 64 + 128) + b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"


def option(data, wanted):
    i = 240
    while i + 1 < len(data) and data[i] != 255:
        if data[i] == 0:
            i += 1
            continue
        if data[i] == wanted:
            return data[i + 2:i + 2 + data[i + 1]]
        i += 2 + data[i + 1]
    return b""


def exchange(sock, mac, xid):
    for _ in range(5):
        sock.sendto(packet(1, mac, xid), ("255.255.255.255", 67))
        offer = answer(sock, xid, 2)
        if offer is None:
            continue
        address, server = offer[16:20], option(offer, 54)
        sock.sendto(packet(3, mac, xid, bytes([50, 4]) + address + bytes([54, 4]) + server), ("255.255.255.255", 67))
        if answer(sock, xid, 5) is not None:
            return socket.inet_ntoa(address)
    return None


def answer(sock, xid, kind):
    until = time.monotonic() + 1
    while time.monotonic() < until:
        if not select.select([sock], [], [], until - time.monotonic())[0]:
            return None
        data = sock.recv(2048)
        if len(data) > 240 and struct.unpack("!I", data[4:8])[0] == xid and option(data, 53) == bytes([kind]):
            return data
    return None


def main():
    name = interface()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode() + b"\0")
        sock.bind(("0.0.0.0", 68))
        leases = []
        for i in range(COUNT):
            mac = bytes([2, 77]) + struct.pack("!I", i)
            leases.append(exchange(sock, mac, random.getrandbits(32)))
    addresses = [a for a in leases if a]
    for address in addresses:
        subprocess.run(["ip", "addr", "add", address + "/24", "dev", name], stderr=subprocess.DEVNULL)
    open_connections, answered, resolved = [], 0, 0
    for address in addresses:
        try:
            dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            dns.bind((address, 0))
            dns.settimeout(2)
            dns.sendto(b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x01\0\x01", (SERVER, 53))
            resolved += len(dns.recv(512)) > 12
            dns.close()
            tcp = socket.create_connection((SERVER, 80), 5, (address, 0))
            tcp.sendall(b"GET / HTTP/1.1\r\nHost: 10.42.0.1\r\n\r\n")
            answered += tcp.recv(65536).startswith(b"HTTP/1.1 200")
            open_connections.append(tcp)
        except OSError:
            pass
    print(json.dumps({"leases": len(addresses), "resolved": resolved, "answered": answered}), flush=True)
    select.select([sys.stdin], [], [], 60)


if __name__ == "__main__":
    main()
