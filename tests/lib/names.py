"""A name server of a test's own."""
import contextlib, socket, threading


class Names:
    """Listens on port 53 of `address`; every name has one record (RFC 1035): `kind` and `data`, or nothing is answered while `data` is None."""

    def __init__(self, address, kind, data):
        self.kind, self.data, self.closed = kind, data, False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))
        # So that closing it is noticed.
        self.socket.settimeout(0.1)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.closed:
            with contextlib.suppress(TimeoutError, ConnectionError):
                question, asker = self.socket.recvfrom(1500)
                data = self.data
                if data is not None:
                    # The question, and an answer that points back at its name.
                    head = question[:2] + b"\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00" + question[12:question.index(0, 12) + 5]
                    record = b"\xc0\x0c" + self.kind.to_bytes(2, "big") + b"\x00\x01\x00\x00\x00\x3c" + len(data).to_bytes(2, "big") + data
                    self.socket.sendto(head + record, asker)

    def close(self):
        self.closed = True
        self.thread.join()
        self.socket.close()
