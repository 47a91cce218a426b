"""Records every write of the real programs to a card. The card is behind QEMU's `blklogwrites` and is handed to the kernel as a file (FUSE), its parts as
loop devices: no system is emulated, so it takes minutes. Needs root, and a network and mounts of its own.

usage: alone.py FOLDER IMAGE CARD_MIB updater|settings-step: FOLDER/NAME.log, and FOLDER/NAME.img as what it starts from where that is not IMAGE"""
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

CUTS, IMAGE, CARD_MIB, NAME = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]


class Card(box.Box):
    """A box whose slots, records and /data are a card's."""

    def attach(self, image, log):
        """Over this image; every write goes into this log, if any."""
        self.card, self.qcow2, self.devices = self.path("card"), self.path("card.qcow2"), []
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", image, "-F", "raw", self.qcow2, f"{CARD_MIB}M"], check=True)
        open(self.card, "wb").close()
        node = {"driver": "qcow2", "node-name": "card", "file": {"driver": "file", "filename": self.qcow2}}
        if log:
            open(log, "wb").close()
            node = {"driver": "blklogwrites", "node-name": "card", "file": node | {"node-name": "below"},
                    "log": {"driver": "file", "filename": str(log)}, "log-sector-size": 512, "log-super-update-interval": 1}
        self.daemon = subprocess.Popen(["qemu-storage-daemon", "--blockdev", json.dumps(node),
                                        "--export", f"type=fuse,id=card,node-name=card,mountpoint={self.card},writable=on"])
        self.addCleanup(self.detach)
        self.until(lambda: os.path.getsize(self.card) == CARD_MIB << 20, "the card is there")
        for name, start, size in (("a", SLOTS["a"], SIZES["a"]), ("b", SLOTS["b"], SIZES["b"]), ("records", RECORDS[0], RECORDS[1] - RECORDS[0] + 4096)):
            self.part(name, start, size)
        self.part("storage", DATA, (CARD_MIB << 20) - DATA)

    def detach(self):
        """Out of the reader."""
        if self.daemon:
            self.unmount_data()
            for device in self.devices:
                subprocess.run(["losetup", "-d", device], check=False)
            self.daemon.terminate()
            self.daemon.wait()
            self.daemon = None

    def unmount_data(self):
        """As the box does it when it restarts."""
        if self.data in self.mounts:
            subprocess.run(["umount", self.data], check=True)
            self.mounts.remove(self.data)

    def part(self, name, start, size):
        """A stretch of the card as a block device."""
        device = subprocess.run(["losetup", "-f", "--show", "-o", str(start), "--sizelimit", str(size), self.card], capture_output=True, text=True, check=True)
        device = device.stdout.strip()
        self.devices.append(device)
        if os.path.exists(self.path(name)):
            os.unlink(self.path(name))
        os.mknod(self.path(name), 0o600 | 0o060000, os.stat(device).st_rdev)

    def mount_data(self):
        """As supervisor/data.rs mounts it."""
        subprocess.run(["mount", "-t", "ext4", "-o", "noatime,commit=30,noinit_itable,errors=remount-ro", self.path("storage"), self.data], check=True)
        self.mounts.append(self.data)


class Updater(Card):
    """/data is made; an update from a stick goes into slot B, is tried and kept; the next goes into slot A, is tried and left."""

    def restart(self):
        """The box restarts: the boot script, by its model, and what it starts."""
        self.kill()
        self.unmount_data()
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
        self.attach(IMAGE, CUTS / f"{NAME}.log")
        small.format_storage(self.path("storage"))
        self.mount_data()
        os.makedirs(self.path("data", "updated"))
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
        self.detach()


class Settings(Card):
    """A box that has its settings; then hotspot.toml on the card says something else."""

    def step(self, ssid):
        """The supervisor's step, with this file on the first partition."""
        os.makedirs(self.path("boot"), exist_ok=True)
        with open(self.path("boot", "hotspot.toml"), "w") as file:
            file.write(f'version = 1\n[wifi]\nssid = "{ssid}"\n')
        if not os.path.isdir("/data"):
            os.mkdir("/data")
            self.addCleanup(os.rmdir, "/data")
        script = f"mount --bind {self.data} /data && mount --bind {self.path('boot')} /boot && exec {box.PROGRAM} supervisor settings"
        subprocess.run(["unshare", "-mu", "sh", "-c", script], env=dict(os.environ, HOTSPOT_RUN=self.run_dir), check=True)

    def test_change(self):
        self.attach(IMAGE, None)
        small.format_storage(self.path("storage"))
        self.mount_data()
        self.step("Aldeia")
        self.detach()
        base = CUTS / f"{NAME}.img"
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", self.qcow2, base], check=True)
        self.attach(str(base), CUTS / f"{NAME}.log")
        self.mount_data()
        self.step("Vila Nova")
        self.assertIn("Vila Nova", pathlib.Path(self.data, "settings", "settings.toml").read_text())
        self.detach()


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], {"updater": "Updater", "settings-step": "Settings"}[NAME]], verbosity=2)
