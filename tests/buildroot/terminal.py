"""A person at Buildroot's editors: a terminal of its own, keys pressed, words waited for."""

import os
import pty
import re
import select
import sys
import time
import traceback

PATIENCE = 600


class Terminal:
    """Runs a function on a terminal of 100 columns."""

    def __init__(self, function):
        self.seen = ""
        self.process, self.end = pty.fork()
        if self.process == 0:
            os.environ |= {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
            status = 1
            try:
                function()
                status = 0
            except BaseException:  # noqa: BLE001 - the words go to the terminal, where they are shown.
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(status)

    def read(self, seconds):
        """What comes within that time; False when nothing more can come."""
        if not select.select([self.end], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.end, 65536)
        except OSError:
            data = b""
        self.seen += data.decode(errors="replace")
        return bool(data)

    def wait(self, words, keys=None):
        """Until the words stand there since the last call; `keys` are pressed again and again meanwhile."""
        limit, pressed = time.monotonic() + PATIENCE, 0.0
        while not re.search(words, self.seen):
            now = time.monotonic()
            if now > limit or not self.read(0.2):
                raise AssertionError(f"{words!r} never came: {self.seen[-600:]!r}")
            if keys and now - pressed > 2:
                self.press(keys)
                pressed = now
        self.seen = ""

    def press(self, keys):
        """Keys."""
        os.write(self.end, keys.encode())

    def leave(self):
        """Out of every menu, saving; the exit status of the function."""
        self.wait("save your new", keys="\x1b\x1b")
        self.press("\r")
        while self.read(1):
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def toggle(function, symbol):
    """Opens an editor, looks a symbol up, goes there, presses space, saves. Returns the exit status of `function`."""
    terminal = Terminal(function)
    terminal.wait("Exclamation|Arrow keys")
    terminal.press("/")
    terminal.wait("Enter|regexp")
    terminal.press(f"^{symbol}$\r")
    terminal.wait(r"\(1\)")
    terminal.press("1")
    terminal.wait("Arrow keys")
    terminal.press(" ")
    return terminal.leave()
