"""The lab's server in the guest: sets the simulated hardware up, then runs commands for the scenario, one connection each.

A connection carries frames: one byte of kind, four of length (big endian), the data. The first frame of the caller is
JSON: {"where": "box"|"lab"|"internet"|"phoneN", "argv": [...] or "call": name, "args": [...], "cwd"}."""
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, "/lab")
import demand  # noqa: E402
import hwsim  # noqa: E402
import internet  # noqa: E402
import kernel  # noqa: E402
import phone  # noqa: E402
import places  # noqa: E402

HELLO, STDOUT, STDERR, EXIT, PING, STDIN, WANT, EOF, SIGNAL = b"h", b"o", b"e", b"x", b"p", b"i", b"w", b"z", b"s"
CALLS = {"join": phone.join, "leave": phone.leave, "pull": hwsim.pull, "push": hwsim.push}


def send(conn: socket.socket, kind: bytes, data: bytes = b"") -> None:
    conn.sendall(kind + len(data).to_bytes(4, "big") + data)


class Frames:
    """Frames out of a byte stream."""

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes):
        self.buffer += data
        while len(self.buffer) >= 5:
            end = 5 + int.from_bytes(self.buffer[1:5], "big")
            if len(self.buffer) < end:
                return
            frame, self.buffer = self.buffer[:end], self.buffer[end:]
            yield frame[:1], frame[5:]


def start(request: dict, pipes: list[int]) -> None:
    """In the new process: become the command."""
    os.setsid()
    for fd, pipe in enumerate(pipes):
        os.dup2(pipe, fd)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if "call" in request:
        os._exit(CALLS[request["call"]](*request["args"]))
    argv, where = request["argv"], request["where"]
    env = {"PATH": places.PATHS["box" if where == "box" else ""], "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", "USER": "root"}
    try:
        os.chdir(request.get("cwd") or "/")
    except OSError:
        os.chdir("/")
    try:
        os.execvpe(argv[0], argv, env)
    except FileNotFoundError:
        print(f"{where}: {argv[0]}: command not found", file=sys.stderr, flush=True)
        os._exit(127)
    except OSError as e:
        print(f"{where}: {argv[0]}: {e.strerror}", file=sys.stderr, flush=True)
        os._exit(126)


def kill(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except OSError:
        pass


def run(conn: socket.socket, frames: Frames, request: dict) -> None:
    where = request["where"]
    if where == "box":
        wait_for_box(conn)
        places.enter_box()
    elif where != "lab":
        places.enter_host(where)
    ends = [os.pipe() for _ in range(3)]
    theirs = [ends[0][0], ends[1][1], ends[2][1]]
    stdin, outs = ends[0][1], {ends[1][0]: STDOUT, ends[2][0]: STDERR}
    pipe = os.readlink(f"/proc/self/fd/{theirs[0]}") if os.path.exists("/proc/self/fd") else ""
    pid = os.fork()
    if pid == 0:
        start(request, theirs)
    for fd in theirs:
        os.close(fd)
    exited = os.pidfd_open(pid)
    asked, heard = not request.get("stdin"), time.monotonic()
    if asked:
        os.close(stdin)
        stdin = -1
    while True:
        ready, _, _ = select.select([conn, exited, *outs], [], [], 0.05 if not asked else 2)
        for fd in ready:
            if fd in outs:
                data = os.read(fd, 65536)
                if data:
                    send(conn, outs[fd], data)
                else:
                    del outs[fd]
        if conn in ready:
            data = conn.recv(65536)
            heard = time.monotonic()
            if not data:
                return kill(pid, signal.SIGKILL)
            for kind, body in frames.feed(data):
                if kind == STDIN and stdin >= 0:
                    try:
                        while body:
                            body = body[os.write(stdin, body):]
                        send(conn, WANT)
                    except OSError:
                        pass
                elif kind == EOF and stdin >= 0:
                    os.close(stdin)
                    stdin = -1
                elif kind == SIGNAL:
                    kill(pid, int(body))
        if exited in ready:
            break
        if not ready or time.monotonic() - heard > 5:
            send(conn, PING)
            if time.monotonic() - heard > 60:
                return kill(pid, signal.SIGKILL)
        if not asked and demand.asked_for(pid, pipe):
            asked = True
            send(conn, WANT)
    # What it wrote before it ended; a grandchild that keeps a pipe open is not waited for.
    while outs:
        ready, _, _ = select.select(list(outs), [], [], 0.1)
        if not ready:
            break
        for fd in ready:
            data = os.read(fd, 65536)
            if data:
                send(conn, outs[fd], data)
            else:
                del outs[fd]
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    send(conn, EXIT, str(code if code >= 0 else 128 - code).encode())


def box_answers(address: str) -> bool:
    try:
        with socket.create_connection((address, 80), 2) as s:
            s.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return s.recv(16).startswith(b"HTTP/")
    except OSError:
        pass
    # A box whose loopback is down cannot be asked from inside: that somebody listens has to do.
    if address != "127.0.0.1":
        return False
    with open("/sys/class/net/lo/operstate") as state, open("/proc/net/tcp") as sockets:
        return state.read().strip() == "down" and ":0050 00000000:0000 0A" in sockets.read()


def watch_box() -> None:
    """Marks the box as there: its portal answers at its address, or has answered for a while when that is another."""
    first = None
    while not box_answers("10.42.0.1"):
        if first is None and box_answers("127.0.0.1"):
            first = time.monotonic()
        if first and time.monotonic() - first > 15:
            break
        time.sleep(0.25)
    open("/run/box-ready", "w").close()


def wait_for_box(conn: socket.socket) -> None:
    """The box is there when its portal has answered once since it started; a broken one is only waited for so long."""
    while not os.path.exists("/run/box-ready"):
        if time.clock_gettime(time.CLOCK_BOOTTIME) > 120:
            send(conn, STDERR, b"lab: the portal has not answered within 120 s of power-on\n")
            return
        time.sleep(0.2)
        send(conn, PING)


def serve(conn: socket.socket, boot_id: str) -> None:
    frames = Frames()
    send(conn, HELLO, boot_id.encode())
    conn.settimeout(60)
    while True:
        data = conn.recv(65536)
        if not data:
            return
        for _, body in frames.feed(data):
            conn.settimeout(None)
            return run(conn, frames, json.loads(body))


def own_root() -> None:
    """Own mounts: the tools disk under a tmpfs, so that phones can write."""
    kernel.private()
    tools = kernel.clone_tree("/")
    kernel.mount("lab", "/run", "tmpfs")
    for d in ("upper", "work", "root"):
        os.mkdir("/run/" + d)
    kernel.mount("tools", "/run/root", "overlay", 0, "lowerdir=/,upperdir=/run/upper,workdir=/run/work")
    server = kernel.clone_tree("/lab")
    os.chroot("/run/root")
    os.chdir("/")
    kernel.put_tree(tools, "/mnt")
    kernel.put_tree(server, "/lab")
    for fs, at in (("proc", "/proc"), ("devtmpfs", "/dev"), ("sysfs", "/sys"), ("tmpfs", "/run"), ("tmpfs", "/tmp")):
        kernel.mount(fs, at, fs)
    os.makedirs("/tmp/lab")
    os.chmod("/tmp", 0o1777)
    try:
        kernel.mount("lab", "/tmp/lab", "9p", 0, "trans=virtio,version=9p2000.L,msize=262144,access=any")
    except OSError as e:
        print(f"lab: /tmp/lab is not shared: {e}", flush=True)
    open("/etc/resolv.conf", "a").close()


def main(phones: int, radios: int) -> None:
    own_root()
    os.makedirs(places.NETNS)
    hosts = ["labctl", "internet"] + [f"phone{n}" for n in range(1, phones + 1)]
    for name in hosts:
        os.makedirs(f"/run/{name}")
        open(f"/run/{name}/resolv.conf", "w").close()
        places.make_netns(name)
    commands = ["link set eth2 netns internet", "link set eth3 netns labctl"]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=False)
    for n in range(phones):
        subprocess.run(["iw", "phy", f"phy{radios + n}", "set", "netns", "name", f"phone{n + 1}"], check=False)
    for name in hosts:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=False)
    subprocess.run(["ip", "-n", "labctl", "-batch", "-"], input="addr add 10.99.0.15/24 dev eth3\nlink set eth3 up", text=True, check=False)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    places.enter_netns("labctl")
    listener = socket.create_server(("0.0.0.0", 7000), backlog=128)
    kernel.setns(home, kernel.CLONE_NEWNET)
    if os.fork():
        os._exit(0)
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0:
        internet.serve()
    if os.fork() == 0:
        watch_box()
        os._exit(0)
    with open("/proc/sys/kernel/random/boot_id") as f:
        boot_id = f.read().strip()
    while True:
        conn, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                serve(conn, boot_id)
            except OSError as e:
                print(f"lab: {e}", flush=True)
                try:
                    send(conn, STDERR, f"lab: {e}\n".encode())
                    send(conn, EXIT, b"255")
                except OSError:
                    pass
            os._exit(0)
        conn.close()


main(int(sys.argv[1]), int(sys.argv[2]))
