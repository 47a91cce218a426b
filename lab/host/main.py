"""The lab: boots the image, runs the scenario beside it, ends with its status, leaves nothing behind."""
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import card
import image
from image import LAB, OUT, TOP, LabError
from qemu import UBOOT, Machine, free_port
from stick import Stick

BOOT = "pci enum; virtio scan; load virtio 0:1 ${scriptaddr} boot.scr && source ${scriptaddr}; reset"


def option(name: str, default: str) -> str:
    return os.environ.get(name) or default


def number(name: str, default: int, most: int) -> int:
    text = option(name, str(default))
    if not text.isdigit() or int(text) > most:
        raise LabError(f"{name}={text}: a number from 0 to {most}")
    return int(text)


class Lab:
    """One run."""

    def __init__(self, folder: str, share: str, portal_port: int) -> None:
        self.phones, radios = number("PHONES", 3, 60), number("RADIOS", 1, 4)
        disk = option("DISK", os.path.join(TOP, "out", "p2p-hotspot.img"))
        if not os.path.exists(disk):
            raise LabError(f"{disk} is missing: make image")
        if not os.path.exists(UBOOT):
            raise LabError(f"{UBOOT} is missing: apt-get install u-boot-qemu")
        subprocess.run([os.path.join(LAB, "tools")], check=True)
        self.folder = folder
        self.card = os.path.join(self.folder, "card.qcow2")
        image.overlay(disk, self.card, option("GROW", "1") == "1")
        if os.environ.get("BOOTFILES"):
            card.boot_files(self.card, os.environ["BOOTFILES"])
        blocks = image.initramfs(os.path.join(self.folder, "lab.img"), {"PHONES": self.phones, "RADIOS": radios, "CHANNELS": number("CHANNELS", 1, 8)})
        variables = {"bootdelay": "-2", "bootcmd": BOOT, "scriptaddr": "0x40200000", "devtype": "virtio", "devnum": "0", **seam(blocks)}
        image.flash(os.path.join(self.folder, "env.img"), variables)
        self.machine = Machine(self.folder, share, os.path.join(OUT, "tools.squashfs"), portal_port)
        with open(os.path.join(self.folder, "agent.port"), "w") as f:
            f.write(str(self.machine.agent_port))
        source = os.environ.get("STICK")
        self.stick = Stick(self.machine, os.path.abspath(source) if source else None)
        self.control = socket.socket(socket.AF_UNIX)
        fd = os.open(self.folder, os.O_PATH)
        self.control.bind(f"/proc/self/fd/{fd}/control")
        os.close(fd)
        self.control.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            conn, _ = self.control.accept()
            threading.Thread(target=self.answer, args=(conn,), daemon=True).start()

    def answer(self, conn: socket.socket) -> None:
        with conn:
            line = conn.makefile().readline()
            if not line:
                return
            *request, cwd = json.loads(line)
            try:
                result = {"out": self.do(request, cwd)}
            except (LabError, OSError) as e:
                result = {"error": str(e)}
            try:
                conn.sendall(json.dumps(result).encode() + b"\n")
            except OSError:
                pass

    def do(self, request: list[str], cwd: str) -> str:
        match request:
            case ["power", "cut"]:
                self.power_off()
                self.machine.on()
            case ["power", "off"]:
                self.power_off()
            case ["power", "on"]:
                self.machine.on()
            case ["power", "age"]:
                return f"{time.monotonic() - self.machine.started:.2f}"
            case ["uplink", "up" | "down" as way]:
                self.machine.set_uplink(way == "up")
            case ["stick", "insert"]:
                self.stick.insert(None)
            case ["stick", "insert", source]:
                self.stick.insert(os.path.join(cwd, source))
            case ["stick", "read", target]:
                self.stick.read(os.path.join(cwd, target))
            case ["stick", "remove"]:
                self.stick.remove()
            case ["card", *args]:
                if self.machine.process:
                    raise LabError("the card is in the running box: power off")
                if args[:1] == ["unreadable"] and len(args) == 4:
                    self.machine.unreadable.append(card.sector(self.card, *args[1:]))
                    return ""
                if args[:1] == ["log"] and len(args) == 2:
                    self.machine.record = os.path.join(cwd, args[1])
                    return ""
                if args == ["mended"]:
                    self.machine.unreadable = []
                    return ""
                return card.command(self.card, args, cwd)
            case _:
                raise LabError("usage: power cut|off|on, uplink up|down, stick insert [DIR]|remove|read FILE, card boot DIR|random-data|rot …|unreadable …|mended|copy SLOT SLOT|record NAME=VALUE…|save NAME|load NAME|read FILE")
        return ""

    def power_off(self) -> None:
        self.machine.off()
        self.stick.inserted = False

    def scenario(self, argv: list[str]) -> int:
        env = {**os.environ, "LAB_RUN": self.folder, "PHONES": str(self.phones), "PATH": f"{LAB}/bin:{os.environ['PATH']}",
               "LAB_PORTAL": f"http://127.0.0.1:{self.machine.portal_port}", "PYTHONDONTWRITEBYTECODE": "1"}
        self.child = subprocess.Popen(argv, env=env, preexec_fn=die_with_parent)
        status = self.child.wait()
        return status if status >= 0 else 128 - status

    def end(self, failed: bool) -> None:
        end_children()
        self.machine.off()
        console = os.path.join(self.folder, "console.log")
        if os.path.exists(console):
            shutil.copy(console, os.path.join(OUT, "console.log"))
        if failed and os.path.exists(console):
            with open(console, errors="replace") as f:
                tail = f.read().splitlines()[-40:]
            print("--- the console's last lines (all of it: out/lab/console.log)", *tail, "---", sep="\n", file=sys.stderr)


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def end_children() -> None:
    """Whatever the scenario left running, and QEMU: the lab adopts orphans, so all are found."""
    while True:
        children = []
        for task in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{task}/children") as f:
                children += [int(pid) for pid in f.read().split()]
        if not children:
            return
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except OSError:
                pass


def seam(blocks: int) -> dict[str, str]:
    """The boot script's last command: the slot's initramfs with the lab's behind it, and the lab's first process."""
    with open(os.path.join(LAB, "seam.env")) as f:
        pairs = [line.rstrip("\n").split("=", 1) for line in f if line.strip() and not line.startswith("#")]
    return {"lab_blocks": f"{blocks:x}", "lab_bytes": f"{blocks * 512:x}", **dict(pairs)}


def main(argv: list[str]) -> int:
    share, portal_port = argv[0], int(argv[1]) or free_port()
    lab = None
    status = 1
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
    os.makedirs(OUT, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="run-", dir=OUT)

    def stop(number_: int, _frame: object) -> None:
        # Once: what follows is cleaning up.
        for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(n, signal.SIG_IGN)
        raise SystemExit(128 + number_)

    for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(n, stop)
    try:
        lab = Lab(folder, share, portal_port)
        lab.machine.on()
        status = lab.scenario(argv[2:])
    except LabError as e:
        print(f"lab: {e}", file=sys.stderr)
    except subprocess.CalledProcessError as e:
        status = e.returncode
    except SystemExit as e:
        status = int(e.code or 0)
    finally:
        if lab:
            lab.end(status != 0 and status < 128)
        if os.environ.get("KEEP") == "1":
            print(f"lab: kept {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return status


sys.exit(main(sys.argv[1:]))
