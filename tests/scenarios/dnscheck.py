"""Runs as a phone: the DNS table, question by question, and packets that are not questions. usage: dnscheck.py SERVER"""
import random
import socket
import struct
import sys

A, SOA, PTR, MX, TXT, AAAA, SRV, OPT, SVCB, HTTPS, ANY = 1, 6, 12, 15, 16, 28, 33, 41, 64, 65, 255
NOERROR, FORMERR, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 3, 4, 5, 16
CAPTURE, BOX = "198.51.100.1", "10.42.0.1"
SERVER = sys.argv[1]
failed = 0


def name(text: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in text.strip(".").split(".") if part) + b"\0"


def question(text: str, kind: int, cls: int = 1, flags: int = 0x0100, qd: int = 1, extra: bytes = b"", ar: int = 0) -> bytes:
    return struct.pack(">6H", random.randrange(65536), flags, qd, 0, 0, ar) + (name(text) + struct.pack(">HH", kind, cls)) * qd + extra


def udp(packet: bytes, wait: float = 3) -> bytes | None:
    for attempt in range(2):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(wait)
            s.sendto(packet, (SERVER, 53))
            try:
                return s.recv(4096)
            except TimeoutError:
                if wait < 2:
                    return None
    return None


def skip(data: bytes, at: int) -> int:
    while data[at]:
        if data[at] >= 0xC0:
            return at + 2
        at += data[at] + 1
    return at + 1


def read(data: bytes) -> dict:
    id_, flags, qd, *counts = struct.unpack_from(">6H", data)
    at = 12
    for _ in range(qd):
        at = skip(data, at) + 4
    sections = []
    for count in counts:
        records = []
        for _ in range(count):
            at = skip(data, at)
            kind, cls, ttl, size = struct.unpack_from(">HHIH", data, at)
            records.append((kind, cls, ttl, data[at + 10:at + 10 + size]))
            at += 10 + size
        sections.append(records)
    return {"id": id_, "flags": flags, "rcode": flags & 15, "answer": sections[0], "authority": sections[1], "additional": sections[2], "raw": data}


def check(what: str, good: bool, seen: object = "") -> None:
    global failed
    print(f"  {'ok' if good else 'FAILED'}: {what}{'' if good else f': {seen}'}", flush=True)
    failed += not good


def ask(text: str, kind: int, **more: object) -> dict:
    answer = udp(question(text, kind, **more))
    return read(answer) if answer else {"rcode": "no answer", "answer": [], "authority": [], "additional": [], "flags": 0, "raw": b""}


def addresses(text: str) -> list[str]:
    return [socket.inet_ntoa(data) for kind, _, _, data in ask(text, A)["answer"] if kind == A]


a = ask("www.example.com", A)
check("A of a foreign name: the capture address, TTL 5", [(r[2], socket.inet_ntoa(r[3])) for r in a["answer"]] == [(5, CAPTURE)], a)
check("A of p2p.local: the box", addresses("p2p.local") == [BOX], addresses("p2p.local"))
check("A of another .local: NXDOMAIN", ask("printer.local", A)["rcode"] == NXDOMAIN)
check("dns.msftncsi.com is 131.107.255.255", addresses("dns.msftncsi.com") == ["131.107.255.255"], addresses("dns.msftncsi.com"))
for label, kind in (("AAAA", AAAA), ("HTTPS", HTTPS), ("SVCB", SVCB), ("MX", MX), ("TXT", TXT), ("SRV", SRV)):
    r = ask("www.example.com", kind)
    soa = [rec for rec in r["authority"] if rec[0] == SOA and rec[2] == 5]
    check(f"{label}: NOERROR, no data, SOA with TTL 5", r["rcode"] == NOERROR and not r["answer"] and len(soa) == 1, r)
r = ask("1.0.42.10.in-addr.arpa", PTR)
check("PTR of the box: p2p.local", [rec[3] for rec in r["answer"]][:1] == [name("p2p.local")] or b"\x03p2p\x05local" in r["raw"], r)
check("PTR of another private address: NXDOMAIN", ask("1.1.168.192.in-addr.arpa", PTR)["rcode"] == NXDOMAIN)
r = ask("www.example.com", ANY)
check("ANY is minimal", r["rcode"] == NOERROR and len(r["raw"]) < 150, r)
for n in ("use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com", "wpad.lan", "wpad", "intranet", "x.onion", "x.invalid"):
    check(f"{n}: NXDOMAIN", ask(n, A)["rcode"] == NXDOMAIN)
r = ask("_dns.resolver.arpa", SVCB)
check("_dns.resolver.arpa: no data", r["rcode"] == NOERROR and not r["answer"], r)
check("class CH: REFUSED", ask("version.bind", TXT, cls=3)["rcode"] == REFUSED)
check("opcode STATUS: NOTIMP", ask("example.com", A, flags=0x1100)["rcode"] == NOTIMP)
check("no question: FORMERR", ask("example.com", A, qd=0)["rcode"] == FORMERR)
check("two questions: FORMERR", ask("example.com", A, qd=2)["rcode"] == FORMERR)
check("an answer (QR=1) is met with silence", udp(question("example.com", A, flags=0x8100), 1) is None)
check("five bytes are met with silence", udp(b"\0\1\2\3\4", 1) is None)
edns = b"\0" + struct.pack(">HHIH", OPT, 4096, 0, 0)
r = ask("example.com", A, extra=edns, ar=1)
opts = [rec for rec in r["additional"] if rec[0] == OPT]
check("EDNS is echoed, clamped to 1232", len(opts) == 1 and opts[0][1] == 1232, r)
r = ask("example.com", A, extra=b"\0" + struct.pack(">HHIH", OPT, 4096, 1 << 16, 0), ar=1)
opts = [rec for rec in r["additional"] if rec[0] == OPT]
check("EDNS version 1: BADVERS", r["rcode"] == BADVERS & 15 and len(opts) == 1 and opts[0][2] >> 24 == BADVERS >> 4, r)
r = ask("example.com", A, extra=b"\0" + struct.pack(">HHIH", OPT, 4096, 0x8000, 0), ar=1)
check("DO set: AD=0, unsigned", not r["flags"] & 0x20 and len(r["answer"]) == 1, r)
check("0x20: the question's bytes are echoed", name("wWw.ExAmPlE.cOm") in ask("wWw.ExAmPlE.cOm", A)["raw"])

with socket.create_connection((SERVER, 53), 5) as s:
    queries = [question(f"n{i}.example", A) for i in range(3)]
    stream = b"".join(struct.pack(">H", len(q)) + q for q in queries)
    s.sendall(stream[:1])
    s.sendall(stream[1:20])
    s.sendall(stream[20:])
    s.settimeout(5)
    data = b""
    try:
        while len(data) < 3 * 40 and (chunk := s.recv(4096)):
            data += chunk
    except TimeoutError:
        pass
    got = []
    while len(data) >= 2 and len(data) >= 2 + (size := int.from_bytes(data[:2], "big")):
        got.append(read(data[2:2 + size])["id"])
        data = data[2 + size:]
    check("TCP: three questions in pieces, pipelined, three answers", sorted(got) == sorted(int.from_bytes(q[:2], "big") for q in queries), got)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    # From another port than 5353: the answer comes to it alone (RFC 6762 section 6.7).
    s.settimeout(3)
    s.sendto(question("p2p.local", A, flags=0), ("224.0.0.251", 5353))
    try:
        data, sender = s.recvfrom(2048)
        r = read(data)
        check("mDNS answers for its own name", [rec[3] for rec in r["answer"] if rec[0] == A] == [socket.inet_aton(BOX)], r)
    except TimeoutError:
        check("mDNS answers for its own name", False, "silence")
sys.exit(1 if failed else 0)
