"""States in front of real U-Boot in QEMU: what it starts and what it writes must be what the model says."""
import pathlib
import sys
import tempfile

import model
from card import RECORDS, SECTOR, TOP

sys.path.insert(0, str(TOP / "tests" / "image"))

import boot_selection  # noqa: E402


class Sampler:
    """Keeps the states whose numbers are wanted, and boots them afterwards."""

    def __init__(self, image, numbers, records):
        """The states with these numbers, and so many of those where a boot record was being written, or was just written."""
        self.image, self.numbers, self.records, self.seen, self.states = image, set(numbers), records, 0, []

    def __call__(self, card, what, sector):
        at_record = sector * SECTOR in RECORDS and self.records > 0
        if at_record or self.seen in self.numbers:
            self.records -= at_record
            choice = model.choose(card)
            records = list(card.copies())
            if choice.written:
                records[choice.written[0]] = choice.written[1]
            wanted = f"{choice.slot}/{int(choice.trial)}" if choice.slot else boot_selection.NONE
            self.states.append((f"{what}, sector {sector}", dict(card.over), wanted, records))
        self.seen += 1

    def boot(self):
        """(boots, what differed)."""
        failures = []
        for name, over, wanted, records in self.states:
            with tempfile.TemporaryDirectory(prefix="hotspot-cut-", dir="/var/tmp") as work:
                machine = boot_selection.Machine(pathlib.Path(work), self.image)
                with open(machine.card, "r+b") as file:
                    for number, data in over.items():
                        file.seek(number * SECTOR)
                        file.write(data)
                found = machine.boot()
                with open(machine.card, "rb") as file:
                    left = [file.seek(at) and file.read(SECTOR) for at in RECORDS]
            if found != wanted:
                failures.append(f"{name}: U-Boot starts {found}, the model says {wanted}")
            elif left != records:
                failures.append(f"{name}: U-Boot writes other records than the model")
        return len(self.states), failures
