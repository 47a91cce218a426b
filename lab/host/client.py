#!/usr/bin/python3 -BSE
"""The scenario's commands: each is this program under another name. LAB_RUN names the run's folder."""
import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import sys
import time

WAIT = 120


def fail(text: str, status: int = 1) -> None:
    print(text, file=sys.stderr, flush=True)
    sys.exit(status)


def ask_lab(request: list[str]) -> None:
    """A request to the lab itself: power, stick, uplink."""
    fd = os.open(os.environ["LAB_RUN"], os.O_PATH)
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(f"/proc/self/fd/{fd}/control")
        except OSError:
            fail(f"{request[0]}: the lab has ended", 255)
        s.sendall(json.dumps([*request, os.getcwd()]).encode() + b"\n")
        answer = json.loads(s.makefile().readline() or '{"error": "the lab has ended"}')
    if "error" in answer:
        fail(f"{request[0]}: {answer['error']}")
    if answer.get("out"):
        print(answer["out"], flush=True)


def frame(kind: bytes, data: bytes = b"") -> bytes:
    return kind + len(data).to_bytes(4, "big") + data


def split(buffer: bytearray):
    """Whole frames out of the buffer."""
    while len(buffer) >= 5:
        end = 5 + int.from_bytes(buffer[1:5], "big")
        if len(buffer) < end:
            return
        kind, body = bytes(buffer[:1]), bytes(buffer[5:end])
        del buffer[:end]
        yield kind, body


def connect(until: float, not_boot: str = "") -> tuple[socket.socket, str, bytearray]:
    """To the guest's server, when it is there; the forwarded port accepts before the guest does, so its first word counts."""
    with open(os.path.join(os.environ["LAB_RUN"], "agent.port")) as f:
        port = int(f.read())
    while True:
        s = socket.socket()
        try:
            s.settimeout(5)
            s.connect(("127.0.0.1", port))
            buffer = bytearray()
            while True:
                data = s.recv(4096)
                if not data:
                    break
                buffer += data
                for _, body in split(buffer):
                    if body.decode() != not_boot:
                        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        s.settimeout(None)
                        return s, body.decode(), buffer
        except OSError:
            pass
        s.close()
        if time.monotonic() > until:
            fail("lab: the box does not answer within 120 s", 255)
        if not os.path.exists(os.path.join(os.environ["LAB_RUN"], "control")):
            fail("lab: it has ended", 255)
        time.sleep(0.3)


class Run:
    """One command in the guest."""

    def __init__(self, request: dict) -> None:
        self.conn, _, self.buffer = connect(time.monotonic() + WAIT)
        try:
            fcntl.fcntl(0, fcntl.F_GETFD)
            self.stdin = True
        except OSError:
            self.stdin = False
        cwd = os.getcwd()
        request["cwd"] = cwd if cwd.startswith("/tmp/lab") else "/"
        request["stdin"] = self.stdin
        self.conn.sendall(frame(b"r", json.dumps(request).encode()))
        self.heard = time.monotonic()
        self.wanted = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.forward)

    def forward(self, number: int, _frame: object) -> None:
        """A signal ends this client at once; the guest kills what it ran."""
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def loop(self) -> int:
        """Until the command ends; its status, or 255 when the box went away."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.conn, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(5):
                    data = self.conn.recv(262144)
                    if not data:
                        raise ConnectionError
                    self.buffer += data
                    self.heard = time.monotonic()
                for kind, body in split(self.buffer):
                    if kind == b"o":
                        self.write(1, body)
                    elif kind == b"e":
                        self.write(2, body)
                    elif kind == b"x":
                        return int(body)
                    elif kind == b"w":
                        self.give()
                if time.monotonic() - self.heard > 40:
                    raise ConnectionError
                if time.monotonic() - getattr(self, "pinged", 0) > 4:
                    self.pinged = time.monotonic()
                    self.conn.sendall(frame(b"p"))

    def give(self) -> None:
        """The command waits for input: a piece of ours."""
        data = os.read(0, 65536)
        self.conn.sendall(frame(b"i", data) if data else frame(b"z"))

    @staticmethod
    def write(fd: int, data: bytes) -> None:
        while data:
            data = data[os.write(fd, data):]


def guest(where: str, argv: list[str] | None = None, call: str = "", args: list[str] | None = None) -> int:
    request: dict = {"where": where}
    if call:
        request |= {"call": call, "args": args or []}
    else:
        request["argv"] = argv
    try:
        return Run(request).loop()
    except BrokenPipeError:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
        return 141
    except OSError:
        fail(f"{where}: the box went away while the command ran", 255)
        return 255


def phone(args: list[str]) -> int:
    usage = "usage: phone N join [password] | phone N exec CMD... | phone N leave"
    phones = int(os.environ["PHONES"])
    if len(args) < 2 or not args[0].isdigit():
        fail(usage, 2)
    if not 1 <= int(args[0]) <= phones:
        fail(f"phone: there is no phone {args[0]}, but 1 to {phones}: PHONES=n make lab …", 2)
    name, verb, rest = f"phone{int(args[0])}", args[1], args[2:]
    if verb == "join" and len(rest) <= 1:
        return guest(name, call="join", args=[name, rest[0] if rest else "", os.environ.get("SSID", "")])
    if verb == "leave" and not rest:
        return guest(name, call="leave", args=[name])
    if verb == "exec" and rest:
        return guest(name, argv=rest)
    fail(usage, 2)
    return 2


def reboot() -> int:
    """As the owner would ask for it; ends when the box's new start has begun."""
    conn, boot, _ = connect(time.monotonic() + WAIT)
    conn.close()
    # The box may be gone before it has said how the command ended.
    with contextlib.suppress(OSError):
        Run({"where": "box", "argv": ["/bin/busybox", "reboot"]}).loop()
    connect(time.monotonic() + WAIT, not_boot=boot)[0].close()
    return 0


def main() -> int:
    name, args = os.path.basename(sys.argv[0]), sys.argv[1:]
    if "LAB_RUN" not in os.environ:
        fail(f"{name}: a lab's command, for scenarios: make lab SCENARIO=file.sh")
    if name == "phone":
        return phone(args)
    if name in ("box", "internet"):
        if not args:
            fail(f"usage: {name} CMD...", 2)
        return guest(name, argv=args)
    if name == "hotspot":
        return guest("box", argv=["hotspot", *args])
    if name == "reboot":
        return reboot()
    if name == "radio":
        if args not in (["pull"], ["push"]):
            fail("usage: radio pull | radio push", 2)
        return guest("lab", call=args[0])
    ask_lab([name, *args])
    return 0


sys.exit(main())
