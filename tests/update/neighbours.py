"""The daemons that updated asks and that need hardware: each answers on its socket what the test sets. A restart that updated asks for is
noted, and nothing is restarted."""

import http.server
import json
import os
import socketserver
import threading

from names import Names

A, OWN = 1, bytes([10, 42, 0, 1])


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def _serve(path, answer):
    class Handler(http.server.BaseHTTPRequestHandler):
        def reply(self):
            length = int(self.headers.get("content-length") or 0)
            body = json.dumps(answer(self.command, self.path, json.loads(self.rfile.read(length)) if length else None)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = reply

        def address_string(self):
            return "updated"

        def log_message(self, *_args):
            pass

    server = _Server(path, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Neighbours:
    """supervisor, radiod, portald and netd; and on their ports a portal and a name server."""

    def __init__(self, run):
        self.restarts, self.led, self.downloads, self.internet = [], [], 0, True
        self.radio, self.lan = "up", {"state": "up", "last_error": None}
        self.daemons = {name: ["up", 0] for name in ("portald", "netd", "radiod", "updated")}
        self.servers = [_serve(os.path.join(run, name + ".sock"), getattr(self, name)) for name in ("supervisor", "radiod", "portald", "netd")]
        self.names = Names("127.0.0.1", A, OWN)
        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 80), self._portal())
        threading.Thread(target=self.web.serve_forever, daemon=True).start()

    def supervisor(self, method, path, body):
        if (method, path) == ("POST", "/recover"):
            self.restarts.append(body["why"])
            return {"v": 1}
        daemons = [{"name": n, "state": s, "restarts": r} for n, (s, r) in self.daemons.items()]
        return {"v": 1, "daemons": daemons, "radio": {"state": self.radio}, "lan": self.lan, "data": {"why": None}}

    def radiod(self, _method, path, body):
        if path == "/update":
            self.led.append((body["updating"], body["refused"]))
        return {"v": 1, "state": self.radio}

    def portald(self, *_args):
        return {"v": 1, "downloads": self.downloads}

    def netd(self, *_args):
        return {"v": 1, "uplink": {"state": "internet" if self.internet else "no-carrier"}}

    @staticmethod
    def _portal():
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        return Handler

    def dns(self, answers):
        """Whether the name server answers: every name is 10.42.0.1."""
        self.names.data = OWN if answers else None

    def close(self):
        for server in [*self.servers, self.web]:
            server.shutdown()
            server.server_close()
        self.names.close()
