"""Runs as a phone: asks every probe of a table as its client does, and compares the answers.

usage: probe.py TABLE captive|continued [CLIENT-PREFIX]"""
import re
import socket
import sys


def ask(host: str, path: str, agent: str, version: str = "1.1") -> tuple[int, dict[str, str], bytes]:
    address = socket.getaddrinfo(host, 80, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    with socket.create_connection(address, 5) as s:
        s.sendall(f"GET {path} HTTP/{version}\r\nHost: {host}\r\nUser-Agent: {agent}\r\nConnection: close\r\n\r\n".encode())
        data = b""
        while chunk := s.recv(65536):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join(part for part in re.split(rb"\r\n?", body)[1::2])
    return int(lines[0].split()[1]), headers, body


def faults(expected: str, answer: tuple[int, dict[str, str], bytes]) -> list[str]:
    status, headers, body = answer
    found = []
    if "no-store" not in headers.get("cache-control", ""):
        found.append(f"Cache-Control is {headers.get('cache-control')!r}, not no-store")
    if headers.get("connection", "").lower() != "close":
        found.append(f"Connection is {headers.get('connection')!r}, not close")
    if expected == "*":
        return found
    for wanted in re.findall(r"\[([^]]+)\]", expected):
        name, _, value = wanted.partition(": ")
        if headers.get(name.lower()) != value:
            found.append(f"{name} is {headers.get(name.lower())!r}, not {value!r}")
    code, _, rest = re.sub(r" ?\[[^]]+\]", "", expected).partition(" ")
    if not re.fullmatch(code.replace("x", "."), str(status)):
        found.append(f"status {status}, not {code}")
    if code == "302" and not re.match(r"http://(10\.42\.0\.1|p2p\.local)(/|$)", headers.get("location", "")):
        found.append(f"it leads to {headers.get('location')!r}")
    if rest == "empty" and body:
        found.append(f"a body of {len(body)} bytes")
    if rest == "portal" and (b"<title>" not in body.lower() or b">Success<" in body or b"continue" not in body.lower()):
        found.append(f"not the portal page: {body[:80]!r}")
    if rest.startswith("=") and body.decode() != rest[1:].replace("\\n", "\n"):
        found.append(f"body {body[:120]!r}")
    if rest.startswith("~") and rest[1:] not in body.decode():
        found.append(f"body {body[:120]!r}")
    return found


def main(table: str, state: str, only: str = "") -> int:
    bad = 0
    with open(table) as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    for client, host, path, agent, captive, continued in rows:
        if not client.startswith(only):
            continue
        expected = captive if state == "captive" else continued
        for version in ("1.1", "1.0"):
            try:
                found = faults(expected, ask(host, path, agent, version))
            except (OSError, ValueError, IndexError) as e:
                found = [f"no answer: {e}"]
            if found:
                break
        print(f"  {'FAILED' if found else 'ok'}: {state}: {client}{': ' if found else ''}{'; '.join(found)}", flush=True)
        bad += bool(found)
    return 1 if bad else 0


sys.exit(main(*sys.argv[1:]))
