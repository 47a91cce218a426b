"""The machine: QEMU's command line, its control socket (QMP), power."""
import concurrent.futures
import ctypes
import json
import os
import signal
import socket
import subprocess
import threading
import time

from image import LabError, tool

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    os.setsid()


class Machine:
    """One QEMU process at a time, over the same disks. `folder` has card.qcow2, lab.img and env.img."""

    def __init__(self, folder: str, share: str, tools: str, portal_port: int, cpus: int = 2) -> None:
        self.folder, self.share, self.tools, self.cpus = folder, share, tools, cpus
        self.portal_port, self.agent_port = portal_port, free_port()
        self.uplink = False
        # 512-byte sectors of the card that cannot be read; the file that every write of the card is recorded in.
        self.unreadable: list[int] = []
        self.record = os.path.abspath(os.environ["RECORD"]) if os.environ.get("RECORD") else ""
        self.watchdog = os.environ.get("WATCHDOG") == "1"
        self.starter = concurrent.futures.ThreadPoolExecutor(1)
        self.process: subprocess.Popen | None = None
        self.lock = threading.RLock()
        self.events: list[dict] = []
        self.started = time.monotonic()

    def card(self) -> dict:
        """The card's block driver: its overlay; over that the sectors that give read errors; over all, the log of every write."""
        node: dict = {"driver": "qcow2", "discard": "unmap", "file": {"driver": "file", "filename": "card.qcow2"}}
        if self.unreadable:
            rules = [{"event": "none", "iotype": "read", "errno": 5, "sector": s} for s in self.unreadable]
            node = {"driver": "blkdebug", "image": node, "inject-error": rules}
        if self.record:
            new = not os.path.exists(self.record)
            open(self.record, "ab").close()
            log = {"driver": "file", "filename": self.record}
            node = {"driver": "blklogwrites", "file": node, "log": log, "log-sector-size": 512, "log-append": not new, "log-super-update-interval": 1}
        return node | {"node-name": "card"}

    def command(self) -> list[str]:
        nets = [
            ("uplink", "hubport,hubid=1"),
            ("lan", "user,ipv6=off,net=10.42.0.0/24,host=10.42.0.250,dns=10.42.0.251,dhcpstart=10.42.0.240,"
                    f"hostfwd=tcp:127.0.0.1:{self.portal_port}-10.42.0.1:80"),
            ("internet", "hubport,hubid=1"),
            ("control", f"user,ipv6=off,restrict=on,net=10.99.0.0/24,hostfwd=tcp:127.0.0.1:{self.agent_port}-10.99.0.15:7000"),
        ]
        argv = [
            tool("qemu-system-aarch64", "qemu-system-arm"), "-M", "virt", "-cpu", "cortex-a53", "-m", "1024", "-smp", str(self.cpus),
            "-nodefaults", "-display", "none", "-S", "-bios", UBOOT, "-drive", "if=pflash,index=1,format=raw,file=env.img",
            "-chardev", "file,id=console,path=console.log,append=on", "-serial", "chardev:console",
            "-qmp", "unix:qmp,server=on,wait=off",
            "-blockdev", json.dumps(self.card()),
            "-device", "virtio-blk-pci,drive=card,addr=2,serial=card",
            "-drive", "if=none,id=lab,format=raw,readonly=on,file=lab.img",
            "-device", "virtio-blk-pci,drive=lab,addr=3,serial=lab",
            "-drive", f"if=none,id=tools,format=raw,readonly=on,file={self.tools}",
            "-device", "virtio-blk-pci,drive=tools,addr=4,serial=labtools",
        ]
        for i, (name, backend) in enumerate(nets):
            argv += ["-netdev", f"{backend},id={name}", "-device", f"virtio-net-pci,netdev={name},id=nic-{name},addr={5 + i},romfile=,mac=52:54:00:42:00:0{i}"]
        if self.watchdog:
            argv += ["-device", "i6300esb,addr=12", "-action", "watchdog=reset"]
        return argv + [
            "-fsdev", f"local,id=share,path={self.share},security_model=none", "-device", "virtio-9p-pci,fsdev=share,mount_tag=lab,addr=9",
            "-device", "qemu-xhci,id=usb,addr=10", "-device", "virtio-rng-pci,addr=11",
        ]

    def on(self) -> None:
        with self.lock:
            if self.process and self.process.poll() is None:
                return
            with open(os.path.join(self.folder, "qemu.log"), "ab") as log:
                # Linux ends a child with the thread that started it: one that lasts as long as the lab.
                self.process = self.starter.submit(
                    subprocess.Popen, self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent).result()
            self._connect()
            if not self.uplink:
                self.qmp("set_link", name="nic-uplink", up=False)
            self.qmp("cont")
            self.started = time.monotonic()

    def off(self) -> None:
        """A hard stop, as a pulled plug."""
        with self.lock:
            if self.process:
                self.process.kill()
                self.process.wait()
                self.process = None

    def _connect(self) -> None:
        path = os.path.join(self.folder, "qmp")
        for _ in range(200):
            if self.process is None or self.process.poll() is not None:
                with open(os.path.join(self.folder, "qemu.log"), errors="replace") as f:
                    raise LabError(f"QEMU did not start: {f.read().strip()[-300:]}")
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                # Unix socket paths are short: through the folder's descriptor.
                fd = os.open(self.folder, os.O_PATH)
                try:
                    self.socket.connect(f"/proc/self/fd/{fd}/qmp")
                finally:
                    os.close(fd)
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise LabError(f"QEMU's control socket does not answer: {path}")
        self.stream = self.socket.makefile("r")
        self.stream.readline()
        self.qmp("qmp_capabilities")

    def qmp(self, command: str, **arguments: object) -> object:
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                raise LabError("the box is powered off: power on")
            self.socket.sendall((json.dumps({"execute": command, "arguments": arguments}) + "\n").encode())
            while line := self.stream.readline():
                message = json.loads(line)
                if "event" in message:
                    self.events.append(message)
                elif "error" in message:
                    raise LabError(message["error"]["desc"])
                elif "return" in message:
                    return message["return"]
            raise LabError("QEMU ended")

    def wait_event(self, name: str, device: str, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with self.lock:
                self.qmp("query-status")
                for event in self.events:
                    if event["event"] == name and event.get("data", {}).get("device") == device:
                        self.events.remove(event)
                        return True
            time.sleep(0.05)
        return False

    def set_uplink(self, up: bool) -> None:
        self.uplink = up
        if self.process:
            self.qmp("set_link", name="nic-uplink", up=up)
