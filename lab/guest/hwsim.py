"""mac80211_hwsim over generic netlink: radios that are pulled out and put back while the box runs."""
import json
import os
import socket
import struct
import sys

_STATE = "/run/pulled"
_GET_RADIO, _NEW_RADIO, _DEL_RADIO = 6, 4, 5
_CHANNELS, _ID, _NAME, _PERM_ADDR = 9, 10, 17, 22


def _attr(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def _attrs(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack_from("<HH", data)
        if size < 4:
            break
        found[kind & 0x3FFF] = data[4:size]
        data = data[(size + 3) & ~3:]
    return found


def _ask(sock: socket.socket, family: int, command: int, body: bytes, dump: bool = False) -> list[dict[int, bytes]]:
    flags = 1 | (0x300 if dump else 4)
    message = struct.pack("<BBH", command, 1, 0) + body
    sock.send(struct.pack("<IHHII", 16 + len(message), family, flags, 1, 0) + message)
    answers = []
    while True:
        data = sock.recv(65536)
        while data:
            size, kind = struct.unpack_from("<IH", data)
            if kind in (2, 3):
                error = struct.unpack_from("<i", data, 16)[0]
                if error < 0:
                    raise OSError(-error, os.strerror(-error))
                return answers
            answers.append(_attrs(data[20:size]))
            data = data[(size + 3) & ~3:]


def _open() -> tuple[socket.socket, int]:
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    family = _ask(sock, 16, 3, _attr(2, b"MAC80211_HWSIM\0"))[0][1]
    return sock, struct.unpack("<H", family)[0]


def pull() -> int:
    """Takes away every radio that the box has."""
    sock, family = _open()
    pulled = []
    for phy in sorted(os.listdir("/sys/class/ieee80211")):
        with open(f"/sys/class/ieee80211/{phy}/macaddress") as f:
            pulled.append(f.read().strip())
        _ask(sock, family, _DEL_RADIO, _attr(_NAME, phy.encode() + b"\0"))
    if not pulled:
        print("radio pull: the box has no radio", file=sys.stderr)
        return 1
    with open(_STATE, "w") as f:
        json.dump(pulled, f)
    return 0


def push() -> int:
    """Puts back what was pulled: the same hardware address, a new phy."""
    sock, family = _open()
    try:
        with open(_STATE) as f:
            pulled = json.load(f)
        os.unlink(_STATE)
    except OSError:
        print("radio push: no radio was pulled", file=sys.stderr)
        return 1
    for mac in pulled:
        address = bytes.fromhex(mac.replace(":", ""))
        _ask(sock, family, _NEW_RADIO, _attr(_CHANNELS, struct.pack("<I", 1)) + _attr(_PERM_ADDR, address))
    return 0
