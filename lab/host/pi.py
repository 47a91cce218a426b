"""QEMU's raspi3b over a card: U-Boot and the device tree come from the card's own first partition."""
import os
import subprocess

from image import OUT, layout, overlay, run, tool
from qemu import _die_with_parent

CONSOLE = os.path.join(OUT, "raspi3b.log")


class Pi:
    """One card, in a folder; QEMU runs over it."""

    def __init__(self, folder: str, disk: str) -> None:
        self.folder, self.process = folder, None
        p1 = layout()["BOOT_MIB"] << 20
        for name in ("u-boot.bin", "bcm2837-rpi-3-b.dtb"):
            run(tool("mcopy", "mtools"), "-i", f"{disk}@@{p1}", f"::/{name}", folder)
        # 4 GiB: raspi3b wants a power of two.
        self.card = os.path.join(folder, "card.qcow2")
        overlay(disk, self.card, True)

    def start(self, *more: str) -> subprocess.Popen:
        """Power on; a restart ends it."""
        with open(os.path.join(self.folder, "qemu.log"), "wb") as log:
            self.process = subprocess.Popen(
                [tool("qemu-system-aarch64", "qemu-system-arm"), "-M", "raspi3b", "-display", "none", "-no-reboot", "-monitor", "none",
                 "-kernel", "u-boot.bin", "-dtb", "bcm2837-rpi-3-b.dtb", "-drive", "if=sd,format=qcow2,file=card.qcow2",
                 "-serial", "null", "-serial", f"file:{CONSOLE}", *more],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent)
        return self.process

    def stop(self) -> None:
        """Power off."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """QEMU's own, and the console's end."""
        lines = []
        for path, count in ((os.path.join(self.folder, "qemu.log"), 10), (CONSOLE, 40)):
            if os.path.exists(path):
                with open(path, errors="replace") as f:
                    lines += [f"--- {path}", *f.read().splitlines()[-count:]]
        return "\n".join(lines)
