"""What goes wrong around it: killed at any moment, a storage that is full or read-only, a card that errs, little memory."""

import os
import random
import resource
import subprocess

from box import Box, image


class Broken(Box):
    def test_killed_at_any_moment(self):
        """Until it is ready and after: at no moment does the record name a slot that is not whole."""
        size = 32 << 20
        stick = self.stick()
        self.keys.bundle(f"{stick}/u", 7, size=size)
        self.insert(stick)
        whole, dice, killed = image(7, size), random.Random(3), 0
        # By how far it says that it is, not by the clock: at first sight of writing, then further each time, whatever the computer's speed.
        for share in [0, *sorted(dice.random() for _ in range(6)), 1]:
            self.start()
            self.until(lambda share=share: self.so_far(share), "it goes on", pause=0)
            killed += self.so_far(0) == "writing"
            self.kill()
            record = self.record()
            self.assertEqual(record["r_slot"], "a")
            if record["r_trial"] == "b":
                self.assertEqual(self.slot("b", size), whole, "on trial means whole")
        self.start()
        self.until(lambda: self.record()["r_trial"] == "b", "it is ready")
        self.assertEqual(self.slot("b", size), whole)
        self.kill()
        self.start()
        self.assertEqual(self.status()["state"], "ready", "it still knows")
        self.boot()
        self.kill()
        self.start("b", True, 7, "start 1")
        self.assertEqual(self.status()["state"], "trial")
        self.until_state("good")
        self.kill()
        self.start("b", True, 7, "start 1")
        self.assertEqual((self.record()["r_slot"], self.status()["state"]), ("b", "idle"))
        told = [e["event"] for e in self.history() if e["event"] != "writing"]
        # The record comes before the line: between the two there is no line.
        self.assertEqual(told if "ready" in told else ["ready", *told], ["ready", "trial", "good"])
        self.assertGreaterEqual(killed, 2, "it was killed while it wrote")

    def so_far(self, share):
        """The state, when it is ready or has written this share; else nothing."""
        state, progress = self.now()
        return state if state == "ready" or (state == "writing" and progress >= share) else None

    def small_data(self, options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", self.data], check=True)
        self.mounts.append(self.data)
        os.makedirs(self.path("data", "updated"))

    def fill(self):
        with open(self.path("data", "film.mp4"), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(bytes(4096))
            except OSError:
                pass

    def test_a_full_storage(self):
        self.small_data("size=2m")
        self.start()
        self.fill()
        self.cli("apply", self.keys.bundle(self.path("u"), 7))
        self.until_state("ready")
        self.boot()
        # The reserve is there for that: it can be told, and the release is kept.
        self.until_state("good")
        self.assertEqual(self.slot("b"), image(7))
        self.assertTrue(self.told("release 7 proved itself"))

    def test_a_storage_that_takes_nothing(self):
        self.small_data("size=2m")
        self.start()
        subprocess.run(["mount", "-o", "remount,ro", self.data], check=True)
        self.cli("apply", self.keys.bundle(self.path("u"), 7))
        self.until_state("ready")
        self.assertEqual(self.record()["r_trial"], "b")
        self.boot()
        self.until(lambda: (self.status()["waits_for"] or "").startswith("the storage cannot be written"), "it is not kept")

    def test_a_read_only_slot(self):
        device = subprocess.run(["losetup", "-r", "-f", "--show", self.path("b")], capture_output=True, text=True, check=True).stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", device], check=False)
        os.rename(self.path("b"), self.path("b.file"))
        os.mknod(self.path("b"), 0o600 | 0o060000, os.stat(device).st_rdev)
        self.start()
        self.cli("apply", self.keys.bundle(self.path("u"), 7))
        self.until_state("failed")
        self.assertTrue(self.told("release 7 was not installed: the card gives an error"))
        self.assertEqual(self.record()["r_trial"], "0")

    def test_on_block_devices(self):
        """Loop devices in place of files: O_EXCL and direct access as on a card."""
        for name in ("a", "b", "records"):
            device = subprocess.run(["losetup", "-f", "--show", self.path(name)], capture_output=True, text=True, check=True).stdout.strip()
            self.addCleanup(subprocess.run, ["losetup", "-d", device], check=False)
            os.rename(self.path(name), self.path(name + ".file"))
            os.mknod(self.path(name), 0o600 | 0o060000, os.stat(device).st_rdev)
        self.start()
        self.cli("apply", self.keys.bundle(self.path("u"), 7))
        self.until_state("ready")
        with open(self.path("b.file"), "rb") as f:
            self.assertEqual(f.read(2 << 20), image(7))
        self.assertEqual(self.record()["r_trial"], "b")

    def test_a_slot_that_somebody_uses_is_never_written(self):
        device = subprocess.run(["losetup", "-f", "--show", self.path("b")], capture_output=True, text=True, check=True).stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", device], check=False)
        subprocess.run(["mkfs.ext4", "-q", device, "16M"], check=True)
        os.makedirs(self.path("mnt"))
        subprocess.run(["mount", device, self.path("mnt")], check=True)
        self.mounts.append(self.path("mnt"))
        os.rename(self.path("b"), self.path("b.file"))
        os.mknod(self.path("b"), 0o600 | 0o060000, os.stat(device).st_rdev)
        self.start()
        self.cli("apply", self.keys.bundle(self.path("u"), 7))
        self.until_state("failed")
        self.assertTrue(self.told("the card gives an error"))

    def test_a_lost_journal(self):
        self.start()
        self.cli("apply", self.keys.bundle(self.path("u"), 7))
        self.until_state("ready")
        for name in os.listdir(self.path("data", "updated")):
            os.unlink(self.path("data", "updated", name))
        self.boot()
        self.until_state("good")
        self.assertEqual((self.record()["r_slot"], self.record()["r_floor"]), ("b", "7"))

    def test_spoiled_notes(self):
        for name in ("journal.json", "history.json", "checkpoint.json", "roots.json", "channel-seen.json"):
            with open(self.path("data", "updated", name), "wb") as f:
                f.write(os.urandom(3000))
        self.start()
        self.cli("apply", self.keys.bundle(self.path("u"), 7))
        self.until_state("ready")

    def test_memory(self):
        self.start()
        self.cli("apply", self.keys.bundle(self.path("u"), 7, size=48 << 20))
        self.until_state("ready", seconds=120)
        with open(f"/proc/{self.process.pid}/status") as f:
            peak = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        self.assertLess(peak, 40 << 10, "kB; a debug build carries more than the one on the box")
        self.assertGreater(resource.getpagesize(), 0)
