"""Records every write of the real updater to a card: /data is made, an update from a stick goes into slot B, is tried and kept; the next one goes
into slot A, is tried and left. The card is behind QEMU's `blklogwrites` and is handed to the kernel as a file (FUSE), its parts as loop devices: no
system is emulated, so it takes a minute. Needs root, and a network and mounts of its own.

usage: updater.py IMAGE CARD_MIB LOG"""
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

import model  # noqa: E402
from card import DATA, HEADER, RECORDS, SECTOR, SIZES, SLOTS, TOP, payload  # noqa: E402

sys.path.insert(0, str(TOP / "tests" / "update"))

import box  # noqa: E402
import small  # noqa: E402

IMAGE, CARD_MIB, LOG = sys.argv[1], int(sys.argv[2]), sys.argv[3]


class Updater(box.Box):
    """One life of a box."""

    def setUp(self):
        super().setUp()
        self.card = self.path("card")
        qcow2 = self.path("card.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", IMAGE, "-F", "raw", qcow2, f"{CARD_MIB}M"], check=True)
        open(self.card, "wb").close()
        open(LOG, "wb").close()
        node = {"driver": "blklogwrites", "node-name": "card", "file": {"driver": "qcow2", "file": {"driver": "file", "filename": qcow2}},
                "log": {"driver": "file", "filename": LOG}, "log-sector-size": 512, "log-super-update-interval": 1}
        self.daemon = subprocess.Popen(["qemu-storage-daemon", "--blockdev", json.dumps(node),
                                        "--export", f"type=fuse,id=card,node-name=card,mountpoint={self.card},writable=on"])
        self.addCleanup(self.daemon.wait)
        self.addCleanup(self.daemon.terminate)
        self.until(lambda: os.path.getsize(self.card) == CARD_MIB << 20, "the card is there")
        for name, start, size in (("a", SLOTS["a"], SIZES["a"]), ("b", SLOTS["b"], SIZES["b"]), ("records", RECORDS[0], RECORDS[1] - RECORDS[0] + 4096)):
            self.part(name, start, size)
        self.part("storage", DATA, (CARD_MIB << 20) - DATA)
        small.format_storage(self.path("storage"))
        self.mount_data()
        os.makedirs(self.path("data", "updated"))

    def part(self, name, start, size):
        """A stretch of the card as a block device."""
        device = subprocess.run(["losetup", "-f", "--show", "-o", str(start), "--sizelimit", str(size), self.card], capture_output=True, text=True, check=True)
        device = device.stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", device], check=False)
        if os.path.exists(self.path(name)):
            os.unlink(self.path(name))
        os.mknod(self.path(name), 0o600 | 0o060000, os.stat(device).st_rdev)

    def mount_data(self):
        """As supervisor/data.rs mounts it."""
        subprocess.run(["mount", "-t", "ext4", "-o", "noatime,commit=30,noinit_itable,errors=remount-ro", self.path("storage"), self.data], check=True)
        self.mounts.append(self.data)

    def restart(self):
        """The box restarts: the boot script, by its model, and what it starts."""
        self.kill()
        subprocess.run(["umount", self.data], check=True)
        self.mounts.remove(self.data)
        place = os.open(self.path("records"), os.O_RDWR | os.O_SYNC)
        copies = [os.pread(place, SECTOR, at - RECORDS[0]) for at in RECORDS]
        slots, trial, written = model.order(copies)
        if written:
            os.pwrite(place, written[1], RECORDS[written[0]] - RECORDS[0])
        os.close(place)
        self.mount_data()
        self.boots += 1
        self.start(slots[0], trial == slots[0], self.seq(slots[0]), f"start {self.boots}")
        return slots[0], trial == slots[0]

    def seq(self, name):
        """The release in a slot."""
        return int(box.variables(self.slot(name, HEADER))["s_seq"], 16)

    def release(self, seq):
        """The image's own payload with another number."""
        data = self.slot("a", HEADER)
        head = payload.variables(data)
        with open(IMAGE, "rb") as file:
            file.seek(SLOTS["a"])
            data = file.read(int(head["s_cnt"], 16) * SECTOR)
        head |= {"s_seq": f"{seq:x}", "s_built": f"{int(head['s_built'], 16) + seq:x}"}
        return payload.env_block(head, HEADER) + data[HEADER:]

    def push(self, seq):
        """A stick with this release: written, read back, on trial."""
        self.keys.bundle(os.path.join(self.stick(), "u"), seq, payload=self.release(seq))
        self.insert(self.stick())
        self.until(lambda: self.told(f"release {seq} is in slot"), "it is ready", 300)
        self.remove()

    def test_life(self):
        first = self.seq("a")
        self.start("a", seq=first)
        self.push(first + 1)
        self.assertEqual(self.restart(), ("b", True))
        self.until(lambda: self.told("proved itself"), "it is kept")
        self.assertEqual(self.restart(), ("b", False))
        self.push(first + 2)
        self.assertEqual(self.restart(), ("a", True))
        self.neighbours.daemons["netd"] = ["up", 6]
        while not self.neighbours.restarts:
            self.neighbours.daemons["netd"][1] += 1
            time.sleep(0.1)
        self.assertEqual(self.restart(), ("b", False))
        self.assertEqual((self.status()["state"], self.record()["r_bad"]), ("failed", "a"))
        self.kill()
        subprocess.run(["umount", self.data], check=True)
        self.mounts.remove(self.data)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
