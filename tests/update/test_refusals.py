"""Everything that is not taken, each with its one line in the history, on the LED, and as what the command says."""

import os
import struct

from box import Box, Keys, hotspot, image


def split(bundle):
    """A bundle's header fields and sections (docs/formats/update-bundle.md)."""
    with open(bundle, "rb") as f:
        data = f.read()
    lengths = list(struct.unpack_from("<4I", data, 12)) + list(struct.unpack_from("<Q", data, 32))
    parts, at = [], 64
    for length in lengths:
        parts.append(data[at:at + length])
        at += length
    return parts


def join(bundle, parts):
    lengths = [len(p) for p in parts]
    head = b"P2PHOTUP" + struct.pack("<5I4xQQ", 1, *lengths[:4], lengths[4], 64 + sum(lengths))
    with open(bundle, "wb") as f:
        f.write(head.ljust(64, b"\0") + b"".join(parts))


class Refusals(Box):
    def refused(self, bundle, *words):
        """By the command and from a stick: the same reason, and nothing was touched."""
        before = (self.record(), self.slot("b", 4096))
        if not self.process:
            self.start()
        done = self.cli("apply", bundle, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual(done.stderr.count("\n"), 1, "one line")
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertTrue(self.told("the file ", *words), self.history())
        stick = self.stick("refused")
        # The same file: one of them has 4 GiB.
        os.link(bundle, os.path.join(stick, "next"))
        os.rename(os.path.join(stick, "next"), os.path.join(stick, "update.bin"))
        self.insert(stick)
        self.until(lambda: self.told("update.bin on the stick: ", *words), f"the history tells {words}: {self.history()}", 10)
        self.remove()
        self.until(lambda: (False, True) in self.neighbours.led, "the LED tells")
        status = self.status()
        self.assertEqual(status["state"], "idle")
        self.assertIn(words[0], status["last_error"])
        self.assertEqual((self.record(), self.slot("b", 4096)), before)

    def test_downgrade(self):
        self.refused(self.keys.bundle(self.path("u"), 4), "release 4 is older than 5, which runs")

    def test_replay(self):
        self.refused(self.keys.bundle(self.path("u"), 5), "release 5 is what runs already")

    def test_wrong_board(self):
        self.refused(self.keys.bundle(self.path("u"), 7, "--boards", "4b,400"), "it is for other boards (4", "and this is 3b")

    def test_unsigned(self):
        bundle = self.keys.bundle(self.path("u"), 7)
        parts = split(bundle)
        parts[2] = b"[]"
        join(bundle, parts)
        self.refused(bundle, "nobody signed it")

    def test_a_stranger(self):
        self.refused(Keys(self.path("others")).bundle(self.path("u"), 7), "signed by a stranger")

    def test_a_strangers_signature_under_our_roots(self):
        ours, theirs = self.keys.bundle(self.path("u"), 7), Keys(self.path("others")).bundle(self.path("t"), 7)
        parts = split(theirs)
        parts[0] = split(ours)[0]
        join(ours, parts)
        self.refused(ours, "signed by a stranger")

    def test_a_manifest_under_another_ones_signature(self):
        first, second = self.keys.bundle(self.path("u"), 7), self.keys.bundle(self.path("v"), 8)
        parts = split(first)
        parts[1] = split(second)[1]
        join(first, parts)
        self.refused(first, "signature")

    def rotated(self):
        """A folder whose root 2 has another release key than root 1."""
        keys, new = self.path("keys"), self.path("rotated")
        os.makedirs(new)
        hotspot("keys", "one", "release", os.path.join(new, "release.key"))
        hotspot("keys", "root", "draft", os.path.join(keys, "root.json"), "-o", os.path.join(new, "root.json"),
                "--add-release", os.path.join(new, "release.key"), "--drop", os.path.join(keys, "release.key"))
        return new

    def test_a_retired_key(self):
        old, new = self.keys.bundle(self.path("old"), 8), self.rotated()
        hotspot("keys", "root", "sign", os.path.join(new, "root.json"), self.path("keys", "root.key"))
        keys = Keys.__new__(Keys)
        keys.folder = new
        # The new root comes with any bundle, even with one that is not taken; from then on the old key is worth nothing.
        self.refused(keys.bundle(self.path("first"), 4), "release 4 is older than 5")
        self.refused(old, "signed by a key that was withdrawn")
        self.kill()
        self.refused(old, "signed by a key that was withdrawn")

    def test_a_root_with_too_few_signatures(self):
        new = self.rotated()
        bundle = self.keys.bundle(self.path("u"), 7)
        with open(os.path.join(new, "root.json"), "rb") as f:
            draft = f.read().strip()
        parts = split(bundle)
        parts[0] = draft
        join(bundle, parts)
        self.refused(bundle, "its root 2 has 0 signatures that count and 1 must")

    def test_after_a_lost_data(self):
        """The boot record remembers the floor."""
        self.write_record(self.record() | {"r_floor": "9", "r_built": "3f1"})
        self.refused(self.keys.bundle(self.path("u"), 8), "release 8 is older than 9, the oldest that this box still takes")

    def test_built_before_what_proved_itself(self):
        self.write_record(self.record() | {"r_floor": "5", "r_built": "ffffff"})
        self.refused(self.keys.bundle(self.path("u"), 7), "built before a release that ran well here")

    def test_a_gap(self):
        self.refused(self.keys.bundle(self.path("u"), 9, "--min", "6"), "it replaces release 6 or newer, and 5 runs")

    def test_data_that_it_cannot_read(self):
        self.refused(self.keys.bundle(self.path("u"), 9, "--data", "2-3"), "it reads data from version 2 on, and this box's is 1")

    def test_the_pin_holds(self):
        self.settings(pin=5)
        self.refused(self.keys.bundle(self.path("u"), 7), "the settings hold release 5, and this is 7")

    def test_cut_off(self):
        bundle = self.keys.bundle(self.path("u"), 7)
        os.truncate(bundle, os.path.getsize(bundle) - 1000)
        self.refused(bundle, "it is damaged: it has")

    def test_trailing_bytes(self):
        bundle = self.keys.bundle(self.path("u"), 7)
        with open(bundle, "ab") as f:
            f.write(b"more")
        self.refused(bundle, "it is damaged: it has")

    def test_endless(self):
        bundle = self.keys.bundle(self.path("u"), 7)
        with open(bundle, "r+b") as f:
            f.seek(32)
            f.write(struct.pack("<QQ", 1 << 60, 1 << 61))
            f.truncate(4 << 30)
        self.refused(bundle, "its header names lengths that cannot be")

    def test_a_later_format(self):
        bundle = self.keys.bundle(self.path("u"), 7)
        with open(bundle, "r+b") as f:
            f.seek(8)
            f.write(struct.pack("<I", 2))
        self.refused(bundle, "its format 2 is newer than this release knows")

    def test_no_update_at_all(self):
        with open(self.path("u"), "wb") as f:
            f.write(os.urandom(100_000))
        self.start()
        done = self.cli("apply", self.path("u"), check=False)
        self.assertIn("it is no update", done.stderr)

    def test_a_card_without_root_keys(self):
        os.unlink(self.path("run", "roots.json"))
        self.refused(self.keys.bundle(self.path("u"), 7), "the card has no root keys")

    def test_back_when_it_is_signed_as_such(self):
        """Older than what runs, and taken: its signers say that it may replace releases up to 5."""
        self.write_record(self.record() | {"r_floor": "5"})
        bundle = self.keys.bundle(self.path("u"), 4, "--back", "5", payload=image(4))
        self.start()
        self.cli("apply", bundle)
        self.until_state("ready")
        self.assertEqual(self.slot("b"), image(4))
