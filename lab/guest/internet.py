"""The internet's host: a DHCP and name server for which every name is itself, and a web server that answers the systems'
probes as the real ones do, and serves /tmp/lab/www."""
import functools
import http.server
import os
import re
import subprocess

import places

ADDRESS = "203.0.113.1"
PROBES = {
    "/generate_204": (204, ""), "/gen_204": (204, ""),
    "/hotspot-detect.html": (200, "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"),
    "/library/test/success.html": (200, "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"),
    "/connecttest.txt": (200, "Microsoft Connect Test"), "/ncsi.txt": (200, "Microsoft NCSI"),
    "/success.txt": (200, "success\n"), "/check_network_status.txt": (200, "NetworkManager is online"),
    "/canonical.html": (200, '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'),
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Probes first, then files."""

    def do_GET(self) -> None:
        with open("/run/internet/log", "a") as log:
            log.write(f"{self.client_address[0]} {self.headers.get('Host')} {self.path}\n")
        found = PROBES.get(self.path.split("?")[0])
        if found is None:
            if self.path == "/" and not os.path.exists("/tmp/lab/www/index.html"):
                found = (200, "this is the internet\n")
            else:
                return super().do_GET() if self.headers.get("Range") is None else self.send_range()
        status, body = found
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if "NetworkManager" in body:
            self.send_header("X-NetworkManager-Status", "online")
        self.end_headers()
        self.wfile.write(body.encode())

    def send_range(self) -> None:
        """`Range: bytes=5-9` of a file, as web servers do."""
        path, asked = self.translate_path(self.path), re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        if asked is None or not os.path.isfile(path):
            return super().do_GET()
        with open(path, "rb") as f:
            size = os.fstat(f.fileno()).st_size
            start, end = int(asked[1]), min(int(asked[2]) + 1, size)
            if start >= size:
                return self.send_error(416)
            f.seek(start)
            body = f.read(end - start)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args) -> None:
        pass


def serve() -> None:
    places.enter_netns("internet")
    batch = f"addr add {ADDRESS}/24 dev eth2\naddr add 2001:db8:1::1/64 dev eth2 nodad\nlink set eth2 up\n"
    subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=False)
    with open("/run/internet/resolv.conf", "w") as f:
        f.write(f"nameserver {ADDRESS}\n")
    subprocess.Popen([
        "dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--interface=eth2",
        f"--address=/#/{ADDRESS}", f"--dhcp-range=203.0.113.100,203.0.113.200,1h", "--dhcp-authoritative", "--enable-ra",
        "--dhcp-range=2001:db8:1::,ra-stateless", "--dhcp-leasefile=/run/internet/leases", "--pid-file=", "--log-facility=/run/internet/dnsmasq.log",
    ])
    os.makedirs("/run/internet/www", exist_ok=True)
    handler = functools.partial(Handler, directory="/tmp/lab/www")
    http.server.ThreadingHTTPServer(("0.0.0.0", 80), handler).serve_forever()
