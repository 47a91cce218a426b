"""Counting."""


class Results:
    """What passed, failed and was skipped."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, name, holds, seen=""):
        """One thing that must hold."""
        self.passed += bool(holds)
        self.failed += not holds
        print(f"ok: {name}" if holds else f"FAILED: {name}: {seen}", flush=True)

    def skip(self, count, why):
        """Things that cannot be looked at here."""
        self.skipped += count
        print(f"skipped: {count}: {why}")

    def end(self):
        """The count, and the exit status."""
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed else 0
