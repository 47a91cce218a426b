"""A box of files: two slots, boot records, /data, sticks; the real updated over them; keys and bundles made by the real command."""

import contextlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import zlib

from neighbours import Neighbours

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(TOP, "target")), "debug", "hotspot")
SLOT_BYTES = 256 << 20
RECORDS = [0, 8 << 20]


def env_block(variables, size):
    """crc32 and name=value strings (docs/formats/card.md)."""
    text = b"".join(f"{k}={v}\0".encode() for k, v in sorted(variables.items())).ljust(size - 4, b"\0")
    return zlib.crc32(text).to_bytes(4, "little") + text


def variables(block):
    """A block's variables; None if its sum is wrong."""
    if zlib.crc32(block[4:]) != int.from_bytes(block[:4], "little"):
        return None
    return dict(v.split("=", 1) for v in block[4:].split(b"\0\0")[0].decode().split("\0") if v)


def image(seq, size=2 << 20, seed=None):
    """A slot's payload that nobody boots: a header, then bytes that do not compress."""
    head = {"s_v": 1, "s_seq": f"{seq:x}", "s_built": f"{1000 + seq:x}", "s_commit": "test", "s_linux": "6", "s_cnt": f"{size // 512:x}",
            "s_root_off": "8", "s_root_cnt": f"{size // 512 - 16:x}", "s_verity_off": f"{size // 512 - 8:x}", "s_verity_cnt": "8",
            "s_verity_block": "1000", "s_verity_root": "5a" * 32, "s_verity_salt": "-"}
    return env_block(head, 4096) + random.Random(seed if seed is not None else seq).randbytes(size - 4096)


def hotspot(*args, env=None, check=True):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, check=False, env={**os.environ, **(env or {})})
    if check and done.returncode:
        raise AssertionError(f"hotspot {' '.join(map(str, args))}: {done.stderr}")
    return done


class _Unix(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.host)


class Keys:
    """A folder of keys."""

    def __init__(self, folder):
        self.folder = folder
        hotspot("keys", "new", folder)

    def bundle(self, out, seq, *options, payload=None, size=2 << 20):
        slot = out + ".image"
        with open(slot, "wb") as f:
            f.write(payload if payload is not None else image(seq, size))
        hotspot("update", "make", slot, "-o", out, "--keys", self.folder, "--seq", seq, "--boards", "3b", *options)
        os.unlink(slot)
        return out


class Box(unittest.TestCase):
    """Release 5 runs in slot A; B is empty."""

    def setUp(self):
        # In memory: what is durable here is told by the order of writes alone, and a busy disk would make it slow.
        self.top = tempfile.mkdtemp(prefix="update-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, self.top, True)
        self.run_dir, self.data = self.path("run"), self.path("data")
        os.makedirs(self.path("run", "sticks"))
        os.makedirs(self.path("data", "updated"))
        self.keys = Keys(self.path("keys"))
        shutil.copy(self.path("keys", "root.json"), self.path("run", "roots.json"))
        self.settings()
        for name in ("a", "b"):
            with open(self.path(name), "wb") as f:
                f.write(image(5) if name == "a" else b"")
                f.truncate(SLOT_BYTES)
        with open(self.path("records"), "wb") as f:
            f.write(env_block({"r_v": 1, "r_seq": 1, "r_slot": "a", "r_trial": 0, "r_left": 0, "r_bad": 0, "r_floor": 0, "r_built": 0}, 512))
            f.truncate(RECORDS[1] + 4096)
        with open(self.path("run", "data-version"), "w") as f:
            f.write("1")
        self.neighbours = Neighbours(self.run_dir)
        self.addCleanup(self.neighbours.close)
        self.process, self.boots = None, 0
        self.mounts = []
        self.addCleanup(self.stop)

    def path(self, *names):
        return os.path.join(self.top, *names)

    def settings(self, **update):
        with open(self.path("run", "settings.new"), "w") as f:
            json.dump({"update": update, "content": {"gateways": update.pop("gateways", [])}}, f)
        os.rename(self.path("run", "settings.new"), self.path("run", "settings.json"))

    # The box.

    def start(self, running="a", trial=False, seq=5, name="first"):
        """Starts updated: this slot runs, in the box's start of this name."""
        target = "a" if running in ("b", "rescue") else "b"
        source = "a" if target == "b" else "b"
        with open(self.path("run", "slots.json"), "w") as f:
            json.dump({"v": 1, "running": running, "seq": seq, "built": 1000 + seq, "trial": trial, "start": name, "target": target, "target_device": self.path(target),
                       "source_device": self.path(source), "records_device": self.path("records"), "records": RECORDS}, f)
        self.env = {"HOTSPOT_RUN": self.run_dir, "HOTSPOT_DATA": self.data, "HOTSPOT_BOARD": "3b"}
        log = open(self.path("log"), "ab")
        self.process = subprocess.Popen([PROGRAM, "updated"], env={**os.environ, **self.env}, stdout=log, stderr=log)
        log.close()
        self.until(self.answers, "updated answers", pause=0.005)

    def boot(self):
        """A restart, as the boot script does it: which slot, and whether on trial."""
        self.kill()
        record = self.record()
        slot, trial = record["r_slot"], False
        if record["r_trial"] != "0" and int(record["r_left"], 16):
            slot, trial = record["r_trial"], True
            self.write_record(record | {"r_left": f"{int(record['r_left'], 16) - 1:x}"})
        with open(self.path(slot), "rb") as f:
            seq = int(variables(f.read(4096))["s_seq"], 16)
        self.boots += 1
        self.start(slot, trial, seq, f"start {self.boots}")
        return slot, trial

    @contextlib.contextmanager
    def held_at(self, share):
        """Stands still once it has written this share: what is done meanwhile comes in the middle, however fast the computer."""
        self.until(lambda: self.now()[0] == "writing" and self.now()[1] >= share, f"{share} is written", 120, pause=0)
        self.process.send_signal(signal.SIGSTOP)
        yield
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        for name in ("updated.sock", "updated-file.sock"):
            if os.path.exists(self.path("run", name)):
                os.unlink(self.path("run", name))

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        for place in self.mounts:
            subprocess.run(["umount", "-l", place], check=False, stderr=subprocess.DEVNULL)
        outcome = getattr(self._outcome, "result", None)
        if outcome and (outcome.failures or outcome.errors) and os.path.exists(self.path("log")):
            with open(self.path("log"), errors="replace") as f:
                print("".join(f.readlines()[-30:]))

    # What a person sees.

    def cli(self, *args, check=True):
        return hotspot("update", *args, env=self.env, check=check)

    def status(self):
        return json.loads(self.cli("status", "--json").stdout)

    def now(self):
        """State and progress, asked without the command: quick enough to see a fast computer write."""
        asked = _Unix(self.path("run", "updated.sock"))
        asked.request("GET", "/status")
        status = json.loads(asked.getresponse().read())
        asked.close()
        return status["state"], status["progress"] or 0

    def answers(self):
        try:
            return bool(self.now())
        except OSError:
            return False

    def history(self):
        return json.loads(self.cli("history", "--json").stdout)["entries"]

    def told(self, *parts):
        """Whether a line of the history has all of these in it."""
        return any(all(p in e["text"] for p in parts) for e in self.history())

    # The card.

    def record(self):
        with open(self.path("records"), "rb") as f:
            data = f.read()
        found = [variables(data[at:at + 512]) for at in RECORDS]
        return max((r for r in found if r), key=lambda r: int(r["r_seq"], 16))

    def write_record(self, new):
        with open(self.path("records"), "r+b") as f:
            copies = []
            for at in RECORDS:
                f.seek(at)
                found = variables(f.read(512))
                copies.append((int(found["r_seq"], 16) if found else 0, at))
            f.seek(min(copies)[1])
            f.write(env_block(new | {"r_seq": f"{max(copies)[0] + 1:x}"}, 512))

    def slot(self, name, size=2 << 20):
        with open(self.path(name), "rb") as f:
            return f.read(size)

    # The stick.

    def insert(self, folder, name="sda1"):
        place = self.path("run", "sticks", name)
        os.makedirs(place, exist_ok=True)
        subprocess.run(["mount", "--bind", folder, place], check=True)
        self.mounts.append(place)

    def insert_image(self, file, name="sda1"):
        place = self.path("run", "sticks", name)
        os.makedirs(place, exist_ok=True)
        subprocess.run(["mount", "-o", "loop,ro,nosuid,nodev,noexec,noload", file, place], check=True)
        self.mounts.append(place)

    def remove(self, name="sda1"):
        place = self.path("run", "sticks", name)
        subprocess.run(["umount", "-l", place], check=True)
        self.mounts.remove(place)

    def stick(self, name="stick"):
        folder = self.path(name)
        os.makedirs(folder, exist_ok=True)
        return folder

    # Waiting.

    def until(self, condition, what, seconds=40, pause=0.05):
        # A computer that does other things besides needs longer.
        end = time.monotonic() + 3 * seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(pause)
        raise AssertionError(f"after {3 * seconds} s still not: {what}")

    def until_state(self, *states, seconds=60):
        self.until(lambda: self.now()[0] in states, f"state {states}", seconds)
