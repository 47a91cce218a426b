"""Starts portald on a free port with its own run and files folders; raw requests; fake neighbours."""
import http.server, json, os, random, shutil, signal, socket, socketserver, subprocess, tempfile, threading, time, traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Skipped(Exception):
    """This computer lacks what the test needs."""


def build():
    if "HOTSPOT_TOOL" in os.environ:
        return os.environ["HOTSPOT_TOOL"]
    env = dict(os.environ, PATH="/usr/bin:" + os.environ.get("PATH", ""))
    subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "hotspot"], cwd=ROOT, env=env, check=True)
    return os.path.join(ROOT, "target/debug/hotspot")


def free_port():
    """Below the ports that the kernel gives to outgoing connections, of which the tests make thousands."""
    while True:
        with socket.socket() as s:
            port = random.randrange(20_000, 32_000)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Answer:
    """A parsed response."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.raw, self.line = raw, lines[0]
        self.status = int(lines[0].split(" ")[1]) if raw else 0
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}


class Portal:
    """A running portald; use as a context."""

    def __init__(self, settings=None, files=None):
        self.folder = tempfile.mkdtemp(prefix="hotspot-portal-")
        self.run_dir, self.files = os.path.join(self.folder, "run"), os.path.join(self.folder, "files")
        self.data = os.path.join(self.folder, "data")
        os.mkdir(self.run_dir)
        os.mkdir(self.files)
        for name, data in (files or {}).items():
            os.makedirs(os.path.dirname(os.path.join(self.files, name)), exist_ok=True)
            with open(os.path.join(self.files, name), "wb") as f:
                f.write(data)
        if settings is not None:
            self.write_settings(settings)
        self.port, self.tls_port = free_port(), free_port()
        self.servers = []

    def write_settings(self, settings):
        path = os.path.join(self.run_dir, "settings.json")
        with open(path + ".new", "w") as f:
            json.dump(settings, f)
        os.rename(path + ".new", path)

    def __enter__(self):
        env = dict(os.environ, HOTSPOT_RUN=self.run_dir, HOTSPOT_DATA=self.data)
        args = [BINARY, "portald", "--listen", f"0.0.0.0:{self.port}", "--listen-tls", f"0.0.0.0:{self.tls_port}", "--files", self.files, "--home", os.path.join(self.data, "ownerd"),
                "--store", os.path.join(self.data, "contentd/store")]
        self.process = subprocess.Popen(args, env=env, stderr=open(os.path.join(self.folder, "log"), "ab"))
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("portald does not listen: " + self.log())

    def __exit__(self, *_):
        alive = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        for server in self.servers:
            server.shutdown()
            server.server_close()
        log = self.log()
        shutil.rmtree(self.folder)
        assert alive, "portald died: " + log

    def log(self):
        with open(os.path.join(self.folder, "log"), errors="replace") as f:
            return f.read()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)

    def rss_kb(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def connect(self, source="127.0.0.1", timeout=5):
        s = socket.socket()
        s.settimeout(timeout)
        s.bind((source, 0))
        s.connect(("127.0.0.1", self.port))
        return s

    def raw(self, data, source="127.0.0.1", timeout=5):
        """Sends bytes on a fresh connection, returns all that comes back until the other side closes."""
        with self.connect(source, timeout) as s:
            out = b""
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # The other side has had enough; what it said is still to be read.
            while True:
                try:
                    part = s.recv(65536)
                except ConnectionResetError:
                    break
                if not part:
                    break
                out += part
            return out

    def ask(self, host, path="/", method="GET", headers=None, version="1.1", source="127.0.0.1", body=b""):
        lines = [f"{method} {path} HTTP/{version}"]
        if host is not None:
            lines.append(f"Host: {host}")
        if body:
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
        return Answer(self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body, source))

    def neighbour(self, name, answer):
        """A daemon on its Unix socket: `answer(path)` (for a POST `answer(path, body)`) gives status and JSON; `None` stays silent."""
        path = os.path.join(self.run_dir, name + ".sock")
        if os.path.exists(path):
            os.unlink(path)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"null")
                self.respond(answer(self.path, body))

            def do_GET(self):
                self.respond(answer(self.path))

            def respond(self, got):
                if got is None:
                    time.sleep(10)
                    return
                data = json.dumps(got[1]).encode()
                self.send_response(got[0])
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

            def address_string(self):
                return "local"

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            block_on_close = False

        server = Server(path, Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.servers.append(server)
        return server


BINARY = None


def run_all(modules, words):
    global BINARY
    BINARY = build()
    passed = failed = skipped = 0
    for module in modules:
        for name, test in [(n, t) for n, t in vars(module).items() if n.startswith("test_")]:
            full = f"{module.__name__}: {name[5:].replace('_', ' ')}"
            if words and not any(w in full for w in words):
                continue
            start = time.time()
            try:
                test()
                passed += 1
                print(f"ok      {full} ({time.time() - start:.1f} s)", flush=True)
            except Skipped as why:
                skipped += 1
                print(f"skipped {full}: {why}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {full}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0
