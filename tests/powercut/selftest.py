"""The replay itself: an updater that does everything right passes, and each classic mistake is found."""
import hashlib
import pathlib
import tempfile
import zlib

from card import HEADER, LAYOUT, RECORDS, SECTOR, SLOTS, TREES, Card, payload, verity
from log import FLUSH, Entry
from replay import Replay

FRESH = {"r_v": 1, "r_seq": "1", "r_slot": "a", "r_trial": "0", "r_left": "0", "r_bad": "0", "r_floor": "0", "r_built": "0"}


def slot(seed):
    """A small payload with everything that a slot has."""
    parts = {name: hashlib.sha512(f"{seed} {name}".encode()).digest() * 64 for name in ("kernel", "initrd", *TREES, "root")}
    parts["verity"], top = verity.tree(parts["root"])
    at, variables, body = HEADER, {"s_v": 1, "s_verity_root": top, "s_verity_salt": verity.SALT.hex(), "s_verity_block": "1000"}, b""
    for name, data in parts.items():
        variables |= {f"s_{name}_off": f"{at // SECTOR:x}", f"s_{name}_cnt": f"{len(data) // SECTOR:x}", f"s_{name}_len": f"{len(data):x}",
                      f"s_{name}_crc": f"{zlib.crc32(data):08x}"}
        body += data
        at += len(data)
    return payload.env_block(variables, HEADER), body


def put(offset, data):
    """One request."""
    return Entry(offset // SECTOR, len(data) // SECTOR, 0, memoryview(data))


def record(copy, **values):
    """A boot record as one request."""
    return put(RECORDS[copy], payload.env_block(FRESH | values, LAYOUT["RECORD_BYTES"]))


FLUSHED = Entry(0, 0, FLUSH, memoryview(b""))


def update(header, body, mistake=""):
    """The requests of an update of slot B, with one mistake or none."""
    b = SLOTS["b"]
    pieces = [put(b + HEADER + at, body[at:at + 8192]) for at in range(0, len(body), 8192)]
    flush = [] if mistake == "no flush before the record" else [FLUSHED]
    trial = [record(1, r_seq="3", r_trial="b", r_left="2"), FLUSHED]
    if mistake == "the running slot is written":
        pieces.append(put(SLOTS["a"] + HEADER, body[:8192]))
    if mistake == "header and record before the slot":
        return [put(b, header), FLUSHED, *trial, *pieces, FLUSHED]
    return [put(b, bytes(HEADER)), FLUSHED, *pieces, *flush, put(b, header), *flush, *trial]


def states(image, requests):
    """(states, failed) of these requests."""
    count = Replay(Card(image), requests).run()
    return count.total(), count.failed


def main():
    """Prints what is wrong; how many mistakes were not found."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="hotspot-cut-", dir="/var/tmp") as work:
        image = pathlib.Path(work) / "card.img"
        header, body = slot("old")
        with open(image, "wb") as file:
            file.truncate(LAYOUT["CARD_MIB"] << 20)
            for name in ("a", "b"):
                file.seek(SLOTS[name])
                file.write(header + body)
            for n in (0, 1):
                file.seek(RECORDS[n])
                file.write(payload.env_block(FRESH | {"r_seq": f"{2 - n}"}, LAYOUT["RECORD_BYTES"]))
        header, body = slot("new")
        for mistake in ("", "no flush before the record", "header and record before the slot", "the running slot is written"):
            total, wrong = states(image, update(header, body, mistake))
            found = (wrong == 0) == (mistake == "")
            print(f"{'ok' if found else 'FAILED'}: an update, {mistake or 'no mistake'}: {total} states, {wrong} bad")
            failed += not found
    return failed
