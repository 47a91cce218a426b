"""portald and nginx side by side on loopback, and the load generator that asks both."""
import contextlib, os, shutil, socket, subprocess, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

NGINX = """
daemon off; master_process on; worker_processes auto; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log off; keepalive_timeout 5; default_type application/octet-stream;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{probe}; location / {{ add_header Cache-Control no-store always; return 302 http://10.42.0.1/; }} }}
  server {{ listen 127.0.0.1:{sendfile}; sendfile on; tcp_nopush on; location /files/ {{ alias {files}/; }} }}
  server {{ listen 127.0.0.1:{copy}; sendfile off; location /files/ {{ alias {files}/; }} }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")


def build():
    env = dict(os.environ, PATH="/usr/bin:" + os.environ.get("PATH", ""))
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "-p", "hotspot"], cwd=ROOT, env=env, check=True)
    manifest, target = os.path.join(ROOT, "tests/bench/load/Cargo.toml"), os.path.join(ROOT, "target/bench")
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", manifest, "--target-dir", target], env=env, check=True)
    return os.path.join(ROOT, "target/release/hotspot"), os.path.join(target, "release/load")


@contextlib.contextmanager
def servers(files_of, store=None):
    """Starts both over the same folder, filled by `files_of(folder)`, ours over a store of bundles too; gives the ports and a function that runs the load generator."""
    hotspot, load = build()
    folder = tempfile.mkdtemp(prefix="hotspot-bench-")
    os.chmod(folder, 0o755)
    running = []
    try:
        files = os.path.join(folder, "files")
        os.mkdir(files)
        files_of(files)
        ports = {name: free_port() for name in ("ours", "probe", "sendfile", "copy")}
        with open(os.path.join(folder, "nginx.conf"), "w") as f:
            f.write(NGINX.format(folder=folder, files=files, **ports))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        running.append(subprocess.Popen([nginx, "-c", os.path.join(folder, "nginx.conf")], stderr=subprocess.DEVNULL))
        env = dict(os.environ, HOTSPOT_RUN=folder)
        running.append(subprocess.Popen([hotspot, "portald", "--listen", f"127.0.0.1:{ports['ours']}", "--files", files, *(["--store", store] if store else [])], env=env, stderr=subprocess.DEVNULL))
        for port in ports.values():
            wait_for(port)

        def run(*args):
            out = subprocess.run([load, *map(str, args)], stdout=subprocess.PIPE, text=True, check=True).stdout
            return [float(x) for x in out.split()]

        run.portald = running[1].pid
        yield ports, run
    finally:
        for process in running:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)
