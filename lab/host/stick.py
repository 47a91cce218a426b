"""USB sticks: an image with one partition, made from a folder without root, plugged in and pulled out."""
import os
import shutil
import struct

from exfat import Volume
from image import LabError, run, tool
from qemu import Machine

START = 2048  # sectors


def make(folder: str, image: str) -> None:
    """A stick with what is in `folder`: FAT32, or exFAT or ext4 when FS says so; 64 MiB are left free."""
    system = os.environ.get("FS") or "fat"
    if system not in ("fat", "exfat", "ext4"):
        raise LabError(f"FS={system}: fat, exfat or ext4")
    size = 64 << 20
    for root, _, files in os.walk(folder):
        size += 4096 + sum((os.path.getsize(os.path.join(root, f)) + 8191) & ~4095 for f in files)
    sectors = max(size + (size >> 6), 96 << 20) // 512
    with open(image, "wb") as f:
        f.truncate((START + sectors) * 512)
        kind = {"fat": 0x0C, "exfat": 7, "ext4": 0x83}[system]
        entry = struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", START, sectors)
        f.seek(440)
        f.write(struct.pack("<IH", 0x57494C44, 0) + entry + bytes(48) + b"\x55\xaa")
    if system != "fat":
        # mkfs.exfat knows no offset: the volume is made beside the image and put in its place.
        volume = image + ".volume"
        with open(volume, "wb") as f:
            f.truncate(sectors * 512)
        if system == "ext4":
            run(tool("mkfs.ext4", "e2fsprogs"), "-q", "-L", "STICK", "-d", folder, volume)
        else:
            run(tool("mkfs.exfat", "exfatprogs"), "-L", "STICK", volume)
            Volume(volume, 0).fill(folder)
        with open(volume, "rb") as source, open(image, "r+b") as target:
            target.seek(START * 512)
            shutil.copyfileobj(source, target, 1 << 20)
        os.unlink(volume)
        return
    run(tool("mkfs.vfat", "dosfstools"), "-F", "32", "-n", "STICK", f"--offset={START}", "-S", "512", image, str(sectors // 2))
    names = sorted(os.path.join(folder, n) for n in os.listdir(folder))
    if names:
        run(tool("mcopy", "mtools"), "-s", "-Q", "-m", "-i", f"{image}@@{START * 512}", *names, "::/")


class Stick:
    """What is plugged in."""

    def __init__(self, machine: Machine, source: str | None) -> None:
        self.machine, self.source = machine, source
        self.image = os.path.join(machine.folder, "stick.img")
        self.inserted = False

    def insert(self, source: str | None) -> None:
        if self.inserted:
            raise LabError("a stick is in already: stick remove")
        if source:
            self.source = source
            if os.path.exists(self.image):
                os.unlink(self.image)
        if not self.source:
            raise LabError("there is no stick: STICK=dir make lab …, or stick insert DIR")
        if not os.path.isdir(self.source):
            raise LabError(f"{self.source} is not a folder")
        if not os.path.exists(self.image):
            make(self.source, self.image)
        self.plug()

    def plug(self) -> None:
        node: dict = {"driver": "raw", "file": {"driver": "file", "filename": self.image}}
        if os.environ.get("STICK_KBPS"):
            # An old, slow one: so that there is time to pull it.
            limits = {"bps-total": int(os.environ["STICK_KBPS"]) * 1000}
            self.machine.qmp("object-add", **{"qom-type": "throttle-group", "id": "slow", "limits": limits})
            node = {"driver": "throttle", "throttle-group": "slow", "file": node}
        self.machine.qmp("blockdev-add", **node, **{"node-name": "stick"})
        self.machine.qmp("device_add", driver="usb-storage", id="stick", drive="stick", bus="usb.0", removable=True)
        self.inserted = True

    def read(self, target: str) -> None:
        """Its file system as it is now, as an image."""
        if self.inserted:
            raise LabError("the stick is in: stick remove")
        with open(self.image, "rb") as source, open(target, "wb") as out:
            source.seek(START * 512)
            shutil.copyfileobj(source, out, 1 << 20)

    def remove(self) -> None:
        if not self.inserted:
            raise LabError("no stick is in")
        self.inserted = False
        self.machine.qmp("device_del", id="stick")
        if not self.machine.wait_event("DEVICE_DELETED", "stick", 20):
            raise LabError("the stick does not come out")
        self.machine.qmp("blockdev-del", **{"node-name": "stick"})
        if os.environ.get("STICK_KBPS"):
            self.machine.qmp("object-del", id="slow")
