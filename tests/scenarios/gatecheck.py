"""Runs as a phone: connections to captured places must be refused at once, TCP by reset, UDP 443 by ICMP."""
import errno
import socket
import sys
import time

failed = 0


def check(what: str, good: bool, seen: object) -> None:
    global failed
    print(f"  {'ok' if good else 'FAILED'}: {what}{'' if good else f': {seen}'}", flush=True)
    failed += not good


def tcp(address: str, port: int) -> tuple[str, float]:
    begin = time.monotonic()
    try:
        socket.create_connection((address, port), 5).close()
        return "connected", time.monotonic() - begin
    except OSError as e:
        return errno.errorcode.get(e.errno or 0, str(e)), time.monotonic() - begin


def udp(address: str, port: int) -> tuple[str, float]:
    begin = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.connect((address, port))
        s.send(b"\xc0" + bytes(40))
        try:
            s.recv(100)
            return "answered", time.monotonic() - begin
        except OSError as e:
            return errno.errorcode.get(e.errno or 0, str(e)), time.monotonic() - begin


for place in ("198.51.100.1", "1.1.1.1", "142.250.1.1", "10.42.0.1"):
    for port in (443, 853):
        seen = tcp(place, port)
        check(f"TCP {port} of {place} is reset within 1 s", seen[0] == "ECONNREFUSED" and seen[1] < 1.5, seen)
    seen = udp(place, 443)
    check(f"UDP 443 of {place} is rejected within 1 s", seen[0] == "ECONNREFUSED" and seen[1] < 1.5, seen)
for port in (22, 23, 8080, 25):
    seen = tcp("10.42.0.1", port)
    check(f"TCP {port} of the box is closed", seen[0] != "connected", seen)
sys.exit(1 if failed else 0)
