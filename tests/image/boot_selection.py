#!/usr/bin/env python3
"""Which slot the boot script starts, in QEMU `virt`, with damaged records, headers, kernels, and trials. Run after board/build/image.

U-Boot's environment here sets `hotspot_boot`, so that the script's last command prints its choice and stops short of Linux.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "board" / "build" / "lib"))
sys.dont_write_bytecode = True

import slot  # noqa: E402
from common import MIB, OUT, layout, run  # noqa: E402

UBOOT = pathlib.Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
CARD = layout()
PLACES = {"a": CARD["SLOT_A_MIB"] * MIB, "b": CARD["SLOT_B_MIB"] * MIB, "rescue": CARD["RESCUE_MIB"] * MIB}
RECORDS = (CARD["RECORD_0_MIB"] * MIB, CARD["RECORD_1_MIB"] * MIB)
PAYLOAD = (OUT / "slot.img").read_bytes() if __name__ == "__main__" else b""
HEADER = slot.variables(PAYLOAD[:CARD["SLOT_HEADER_BYTES"]]) if PAYLOAD else {}
NONE = "No slot of this card can be started"


class Machine:
    """A card and the flash that U-Boot runs from."""

    def __init__(self, work, image=OUT / "p2p-hotspot.img"):
        self.card, self.flash = work / "card.img", [work / "code.bin", work / "env.bin"]
        subprocess.run(["cp", "--sparse=always", image, self.card], check=True)
        (work / "env.txt").write_text(
            "bootdelay=-2\nscriptaddr=40200000\nstdin=nulldev\n"
            "bootcmd=virtio scan; setenv devtype virtio; setenv devnum 0; load virtio 0:1 ${scriptaddr} boot.scr; source ${scriptaddr}\n"
            "hotspot_boot=echo CHOICE ${bootargs}; echo KERNEL ${hs_kernel} ${hs_initrd} ${hs_initrd_len} ${hs_fdt}; reset\n")
        run("mkenvimage", "-s", "0x40000", "-o", self.flash[1], work / "env.txt")
        shutil.copyfile(UBOOT, self.flash[0])
        for path in self.flash:
            with open(path, "r+b") as file:
                file.truncate(64 * MIB)

    def poke(self, at, data):
        """Writes bytes to the card."""
        with open(self.card, "r+b") as file:
            file.seek(at)
            file.write(data)

    def record(self, copy, **values):
        """Writes a boot record."""
        whole = {"r_v": 1, "r_seq": 1, "r_slot": "a", "r_trial": 0, "r_left": 0, "r_bad": 0, "r_floor": 0, "r_built": 0} | values
        self.poke(RECORDS[copy], slot.env_block(whole, CARD["RECORD_BYTES"]))

    def read_record(self, copy):
        """A boot record's variables."""
        with open(self.card, "rb") as file:
            file.seek(RECORDS[copy])
            return slot.variables(file.read(CARD["RECORD_BYTES"]))

    def fill(self, name):
        """Puts the payload into a slot."""
        self.poke(PLACES[name], PAYLOAD)

    def harm(self, name, part):
        """Flips bytes in the middle of a part of a slot; `header` too."""
        at = 2000 if part == "header" else int(HEADER[f"s_{part}_off"], 16) * 512 + int(HEADER[f"s_{part}_len"], 16) // 2
        self.poke(PLACES[name] + at, b"\xde\xad\xbe\xef")

    def boot(self):
        """What the boot script chose, as `slot/trial`, or what it said when nothing was left."""
        drives = [f"if=pflash,format=raw,file={self.flash[0]},readonly=on", f"if=pflash,format=raw,file={self.flash[1]}",
                  f"if=none,id=card,format=raw,file={self.card}"]
        command = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-m", "1024", "-display", "none", "-nic", "none", "-monitor",
                   "none", "-serial", "stdio", "-no-reboot", "-device", "virtio-blk-device,drive=card"]
        for drive in drives:
            command += ["-drive", drive]
        seen = ""
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace") as machine:
            for line in machine.stdout:
                seen += line
                if NONE in line:
                    machine.kill()
        choice = re.search(r"^CHOICE hotspot.slot=(\w+) hotspot.dev=virtio hotspot.trial=(\d) ", seen, re.M)
        return f"{choice.group(1)}/{choice.group(2)}" if choice else NONE if NONE in seen else seen[-500:]


def intruder():
    """A header that also sets variables that are not a slot's."""
    block = slot.env_block(HEADER | {"hotspot_boot": "echo INTRUDER", "bootargs": "init=/bin/sh", "hs_order": "x"}, CARD["SLOT_HEADER_BYTES"])
    return block


def trial(machine):
    """Two attempts at B, then A again; the older record is the one that is written."""
    machine.fill("b")
    machine.record(0, r_seq=9, r_slot="a", r_trial="b", r_left=2)
    machine.record(1, r_seq=8, r_slot="a")
    seen = [machine.boot()]
    written = machine.read_record(1)
    seen.append((written["r_seq"], written["r_left"], written["r_trial"], machine.read_record(0)["r_left"]))
    seen.append(machine.boot())
    written = machine.read_record(0)
    seen.append((written["r_seq"], written["r_left"], written["r_trial"]))
    return seen + [machine.boot()]


def calm(machine):
    """Without a trial nothing is written."""
    before = machine.card.read_bytes()[:16 * MIB]
    choice = machine.boot()
    return choice, machine.card.read_bytes()[:16 * MIB] == before


# name, what is done to a fresh card, what is chosen
CASES = [
    ("a fresh card starts A and writes nothing", None, ("a/0", True), calm),
    ("A's kernel damaged: B", [("fill", "b"), ("harm", "a", "kernel")], "b/0", None),
    ("A's initramfs damaged: B", [("fill", "b"), ("harm", "a", "initrd")], "b/0", None),
    ("A's header damaged: B", [("fill", "b"), ("harm", "a", "header")], "b/0", None),
    ("both damaged: rescue", [("fill", "b"), ("harm", "a", "kernel"), ("harm", "b", "header")], "rescue/0", None),
    ("all damaged: one line", [("harm", "a", "kernel"), ("harm", "rescue", "initrd")], NONE, None),
    ("both records destroyed: A", [("poke", RECORDS[0], b"\xff" * 512), ("poke", RECORDS[1], b"\x5a" * 512)], "a/0", None),
    ("the newer record counts", [("fill", "b"), ("record", 1, {"r_seq": "a", "r_slot": "b"}), ("record", 0, {"r_seq": 9})], "b/0", None),
    ("a torn newer record does not", [("fill", "b"), ("record", 1, {"r_seq": "a", "r_slot": "b"}), ("poke", RECORDS[1] + 300, b"\1")], "a/0", None),
    ("a record of a later format does not", [("fill", "b"), ("record", 1, {"r_v": 2, "r_seq": "a", "r_slot": "b"})], "a/0", None),
    ("trial: two attempts, then back", None, ["b/1", ("a", "1", "b", "2"), "b/1", ("b", "0", "b"), "a/0"], trial),
    ("a trial that is used up: not even when its slot came first", [("fill", "b"), ("record", 0, {"r_slot": "b", "r_trial": "b", "r_left": 0})], "a/0", None),
    ("with nothing else, rescue comes before it",
     [("fill", "b"), ("fill", "rescue"), ("harm", "a", "kernel"), ("record", 0, {"r_trial": "b", "r_left": 0})], "rescue/0", None),
    ("trial of a damaged slot: the good one, no trial",
     [("fill", "b"), ("harm", "b", "initrd"), ("record", 0, {"r_trial": "b", "r_left": 3})], "a/0", None),
    ("a trial that was found rotten is none",
     [("fill", "b"), ("record", 0, {"r_trial": "b", "r_left": 0, "r_bad": "b"})], "a/0", None),
    ("a slot marked bad is passed over", [("fill", "b"), ("record", 0, {"r_bad": "a"})], "b/0", None),
    ("unless nothing else is left", [("record", 0, {"r_bad": "a"}), ("harm", "rescue", "header")], "a/0", None),
    ("both marked bad: rescue first", [("fill", "b"), ("record", 0, {"r_bad": "ab"})], "rescue/0", None),
    ("a header cannot set other variables", [("poke", PLACES["a"], intruder())], "a/0", None),
]


def main():
    """Runs every case on a card of its own."""
    failed = 0
    for name, steps, wanted, act in CASES:
        with tempfile.TemporaryDirectory(prefix="hotspot-boot-", dir="/var/tmp") as work:
            machine = Machine(pathlib.Path(work))
            for verb, *args in steps or []:
                named = args.pop() if verb == "record" else {}
                getattr(machine, verb)(*args, **named)
            seen = act(machine) if act else machine.boot()
        print(f"{'ok' if seen == wanted else 'FAILED'}: {name}" + ("" if seen == wanted else f": {seen!r}, wanted {wanted!r}"), flush=True)
        failed += seen != wanted
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
