"""Sticks: what is found on them, and what becomes of it."""

import os
import subprocess
import time

from box import Box, hotspot, image


class Sticks(Box):
    def test_an_update_among_other_files(self):
        stick = self.stick()
        os.makedirs(os.path.join(stick, "Fotos", "2024"))
        self.keys.bundle(os.path.join(stick, "Fotos", "2024", "festa.jpg"), 7)
        with open(os.path.join(stick, "readme.txt"), "w") as f:
            f.write("hello")
        self.start()
        self.assertEqual(self.status()["state"], "idle")
        self.insert(stick)
        self.until_state("ready")
        self.assertEqual(self.slot("b"), image(7))
        record = self.record()
        self.assertEqual((record["r_trial"], record["r_left"], record["r_slot"], record["r_floor"]), ("b", "1", "a", "0"))
        self.until(lambda: self.neighbours.restarts == ["to try release 7"], "the restart")
        status = self.status()
        self.assertEqual((status["running"], status["other"]), ({"slot": "a", "seq": 5}, {"slot": "b", "seq": 7}))
        self.assertEqual(status["last_error"], None)
        self.assertTrue(self.told("writing release 7 from festa.jpg on the stick"))
        self.assertTrue(self.told("release 7 is in slot b and was read back whole"))
        self.assertIn((True, False), self.neighbours.led)

    def test_downloads_are_waited_for_and_the_owner_does_not_wait(self):
        self.neighbours.downloads = 2
        self.keys.bundle(os.path.join(self.stick(), "u"), 7)
        self.start()
        self.insert(self.stick())
        self.until_state("ready")
        self.until(lambda: self.status()["waits_for"] == "2 downloads are running", "it says what it waits for")
        time.sleep(13)
        self.assertEqual(self.neighbours.restarts, [])
        self.cli("restart")
        self.until(lambda: self.neighbours.restarts, "the restart")

    def test_of_several_the_best_that_may_be_installed(self):
        stick = self.stick()
        for name, seq, options in (("one", 6, ()), ("two", 9, ("--boards", "4b")), ("three", 8, ()), ("four", 3, ())):
            self.keys.bundle(os.path.join(stick, name), seq, *options)
        os.makedirs(os.path.join(stick, "p2p-hotspot.update"))
        self.start()
        self.insert(stick)
        self.until_state("ready")
        self.assertEqual(self.status()["release"]["seq"], 8)
        self.assertEqual(self.slot("b"), image(8))

    def test_a_list_beside_them_keeps_a_withdrawn_one_back(self):
        os.makedirs(folder := os.path.join(self.stick(), "updates"))
        files = [self.keys.bundle(os.path.join(folder, f"r{seq}"), seq, *options) for seq, options in ((6, ("--back", "8")), (8, ()))]
        hotspot("update", "channel", *files, "-o", os.path.join(folder, "channel.json"), "--keys", self.keys.folder, "--edition", 20)
        with open(os.path.join(folder, "other.json"), "w") as f:
            f.write('{"channel":' + "[" * 100_000)
        self.start()
        self.insert(self.stick())
        self.until_state("ready")
        self.assertEqual((self.status()["release"]["seq"], self.slot("b")), (6, image(6)))

    def test_a_folder_named_like_an_update_is_nothing(self):
        stick = self.stick()
        os.makedirs(os.path.join(stick, "p2p-hotspot.update"))
        self.start()
        self.insert(stick)
        time.sleep(3)
        self.assertEqual((self.status()["state"], self.history()), ("idle", []))

    def test_names_in_every_encoding(self):
        stick = self.stick().encode()
        for name in (b"caf\xe9.bin", b"\xe6\x97\xa5\xe6\x9c\xac", b"a\nb\x1b[2J", b"-rf", b" ", b"\xff" * 200):
            with open(os.path.join(stick, name), "wb") as f:
                f.write(b"P2PHOTUP" + name)
        self.keys.bundle(os.path.join(self.stick(), "\u0430\u043a\u0442.update"), 7)
        self.start()
        self.insert(self.stick())
        self.until_state("ready")
        self.assertTrue(self.told("\u0430\u043a\u0442.update"))
        self.assertFalse(any(c < " " for e in self.history() for c in e["text"]))

    def test_ten_thousand_files(self):
        stick = self.stick()
        for n in range(10_050):
            os.close(os.open(os.path.join(stick, f"{n:05}"), os.O_CREAT | os.O_WRONLY))
        self.start()
        self.insert(stick)
        self.until(lambda: self.told("more than 10000 files"), "it says so")
        self.assertEqual(self.status()["state"], "idle")
        self.until(lambda: (False, True) in self.neighbours.led, "the LED says so")
        self.remove()
        for n in range(200):
            os.unlink(os.path.join(stick, f"{n:05}"))
        self.keys.bundle(os.path.join(stick, "zzz"), 7)
        self.insert(stick)
        self.until_state("ready")

    def test_endless_folders(self):
        stick = self.stick()
        deep = stick
        for _ in range(300):
            deep = os.path.join(deep, "d")
        os.makedirs(deep)
        self.keys.bundle(os.path.join(stick, "u"), 7)
        self.start()
        self.insert(stick)
        self.until_state("ready")

    def test_a_stick_of_32_megabytes(self):
        file = self.path("stick.img")
        with open(file, "wb") as f:
            f.truncate(32 << 20)
        self.keys.bundle(os.path.join(self.stick(), "u"), 7, size=20 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-d", self.stick(), file], check=True)
        self.start()
        self.insert_image(file)
        self.until_state("ready", seconds=120)
        self.assertEqual(self.slot("b", 20 << 20), image(7, 20 << 20))

    def test_pulled_half_way_and_pushed_in_again(self):
        """The stick's bytes end in the middle: what the kernel does when it is gone."""
        size = 48 << 20
        self.keys.bundle(os.path.join(self.stick(), "u"), 7, size=size)
        whole, stick = self.path("whole.img"), self.path("stick.img")
        with open(whole, "wb") as f:
            f.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-d", self.stick(), whole], check=True)
        subprocess.run(["cp", whole, stick], check=True)
        self.start()
        self.insert_image(stick)
        with self.held_at(0.3):
            os.truncate(stick, 8 << 20)
            with open("/proc/sys/vm/drop_caches", "w") as f:
                f.write("1")
        self.until_state("idle", seconds=60)
        self.remove()
        self.assertTrue(self.told("cannot be read any further", "it goes on when release 7 is there again"))
        self.assertEqual(self.record()["r_trial"], "0")
        self.assertEqual(self.slot("b", 4096), bytes(4096), "half a slot is none")
        time.sleep(3)
        self.insert_image(whole, "sdb1")
        self.until_state("ready", seconds=120)
        self.assertTrue(self.told("going on with release 7"))
        self.assertEqual(self.slot("b", size), image(7, size))

    def test_a_file_that_changes_while_it_is_read(self):
        size = 48 << 20
        bundle = self.keys.bundle(os.path.join(self.stick(), "u"), 7, size=size)
        self.start()
        self.insert(self.stick())
        with self.held_at(0.2), open(bundle, "r+b") as f:
            f.seek(os.path.getsize(bundle) - (4 << 20))
            f.write(os.urandom(4 << 20))
        self.until_state("failed", seconds=90)
        self.assertTrue(self.told("release 7 was not installed: the update is damaged at block"))
        self.assertEqual((self.record()["r_trial"], self.slot("b", 4096)), ("0", bytes(4096)))

    def test_a_link_leads_nowhere(self):
        self.keys.bundle(self.path("elsewhere"), 7)
        os.symlink(self.path("elsewhere"), os.path.join(self.stick(), "p2p-hotspot.update"))
        self.start()
        self.insert(self.stick())
        time.sleep(3)
        self.assertEqual((self.status()["state"], self.history()), ("idle", []))
