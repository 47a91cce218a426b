"""A person at Buildroot's editors: a terminal of its own, keys pressed, words waited for."""

import os
import pty
import re
import select
import sys
import time
import traceback

# Without a word.
PATIENCE = 600


class Terminal:
    """Runs a function on a terminal of 100 columns."""

    def __init__(self, function):
        self.seen, self.heard = "", time.monotonic()
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
        self.seen, self.heard = self.seen + data.decode(errors="replace"), time.monotonic()
        return bool(data)

    def wait(self, words):
        """Until the words stand there since the last call."""
        self.heard = time.monotonic()
        while not re.search(words, self.seen):
            if time.monotonic() > self.heard + PATIENCE or not self.read(0.2):
                raise AssertionError(f"{words!r} never came: {self.seen[-600:]!r}")
        self.seen = ""

    def quiet(self):
        """Until nothing comes for a moment; False at the end."""
        self.heard = time.monotonic()
        while time.monotonic() < self.heard + 1.5:
            if not self.read(0.5):
                return False
        return True

    def press(self, keys):
        """Keys."""
        os.write(self.end, keys.encode())

    def leave(self):
        """Out of every menu, saving; the exit status of the function. A key that comes too late for its screen does no harm: what it opened is left again."""
        self.quiet()
        limit, open_still = time.monotonic() + 3 * PATIENCE, True
        while open_still:
            if time.monotonic() > limit:
                raise AssertionError(f"the editor does not end: {self.seen[-600:]!r}")
            asked, self.seen = "save your new" in self.seen, ""
            self.press("\r" if asked else "\x1b\x1b")
            open_still = self.quiet()
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def toggle(function, symbol):
    """Opens an editor, looks a symbol up, goes there, presses space, saves. Returns the exit status of `function`."""
    terminal = Terminal(function)
    terminal.wait("Arrow keys")
    terminal.press("/")
    terminal.wait("Enter|regexp")
    terminal.press(f"^{symbol}$\r")
    terminal.wait(r"\(1\)")
    terminal.press("1")
    terminal.wait("Arrow keys")
    terminal.press(" ")
    return terminal.leave()
