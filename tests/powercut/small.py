"""An update, its trial and both its ends, as requests over the real card image: all states, and some of them in front of real U-Boot."""
import os
import pathlib
import subprocess
import tempfile

import data
import model
import real
from card import HEADER, RECORDS, SECTOR, SLOTS, Card, garbage, payload
from replay import Replay
from selftest import FLUSHED, put


class Writer:
    """The requests of a box that does everything right."""

    def __init__(self, card):
        self.copies, self.requests = list(card.copies()), []

    def record(self, **values):
        """All variables in one write, over the older copy; durable before anything else happens."""
        old, index = model.newest(self.copies)
        self.wrote(1 - index, payload.env_block(old | values | {"r_seq": f"{int(old['r_seq'], 16) + 1:x}"}, len(self.copies[0])))

    def wrote(self, copy, block):
        """That record's bytes."""
        self.copies[copy] = block
        self.requests += [put(RECORDS[copy], block), FLUSHED]

    def slot(self, start, data):
        """No header, the rest, the header: each durable before the next."""
        self.requests += [put(start, bytes(HEADER)), FLUSHED]
        self.requests += [put(start + at, data[at:at + 65536]) for at in range(HEADER, len(data), 65536)]
        self.requests += [FLUSHED, put(start, data[:HEADER]), FLUSHED]

    def started(self):
        """The boot script counts the attempt."""
        self.wrote(*model.order(self.copies)[2])


def replay(image, end):
    """(states, what failed) of an update to slot B that is kept, or is not."""
    card = Card(image)
    size = int(card.slot("a").variables["s_cnt"], 16) * SECTOR
    writer = Writer(card)
    writer.slot(SLOTS["b"], card.read(SLOTS["a"], size))
    writer.record(r_trial="b", r_left="1")
    writer.started()
    writer.record(**end)
    uboot = real.Sampler(image, [], 4)
    found = Replay(card, writer.requests, uboot)
    count = found.run()
    booted, differ = uboot.boot()
    print(f"update, {end}: {count.total():,} states, {count.failed} failed; {booted} in front of U-Boot, {len(differ)} differ", flush=True)
    return count.total(), found.failures + differ


def format_storage(path):
    """As supervisor/data.rs does it."""
    subprocess.run(["/usr/sbin/mke2fs", "-t", "ext4", "-q", "-F", "-b", "4096", "-i", "65536", "-m", "1", "-L", "data", "-J", "size=4",
                    "-O", "^orphan_file", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", path], check=True)


def storage():
    """The beginning of a used `/data`, each sector destroyed in turn: the files are still there (what failed). Mounting needs root."""
    if os.getuid():
        return []
    failures = []
    with tempfile.TemporaryDirectory(prefix="hotspot-cut-", dir="/var/tmp") as work:
        whole, torn, place = (pathlib.Path(work) / name for name in ("whole.img", "torn.img", "mnt"))
        place.mkdir()
        with open(whole, "wb") as file:
            file.truncate(200 << 20)
        format_storage(whole)
        subprocess.run(["mount", "-o", "loop,noinit_itable", whole, place], check=True)
        try:
            (place / "kept").write_text("one")
            os.sync()
            # As it is when the power goes, with the journal still to be replayed.
            subprocess.run(["cp", "--sparse=always", whole, torn], check=True)
        finally:
            subprocess.run(["umount", place], check=True)
        os.rename(torn, whole)
        for sector in range(16):
            subprocess.run(["cp", "--sparse=always", whole, torn], check=True)
            with open(torn, "r+b") as file:
                file.seek(sector * SECTOR)
                file.write(garbage(sector))
            wrong = data.mended(torn, True)
            if wrong or data.cat(torn, "/kept") != b"one":
                failures.append(f"/data with sector {sector} destroyed: {wrong or 'its file is lost'}")
    print(f"/data: 16 states of its beginning, {len(failures)} failed", flush=True)
    return failures


def main(image):
    """Prints what failed; how much that was."""
    lost = storage()
    kept, left = replay(image, {"r_slot": "b", "r_trial": "0", "r_left": "0"}), replay(image, {"r_trial": "0", "r_left": "0", "r_bad": "b"})
    for failure in lost + kept[1] + left[1]:
        print(f"FAILED: {failure}", flush=True)
    return len(lost + kept[1] + left[1])
