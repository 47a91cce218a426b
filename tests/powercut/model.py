"""board/boot/boot.cmd, line by line, as a function: records and slots in, the choice out. tests/powercut/real.py holds it against U-Boot."""
import dataclasses

from card import RECORDS, payload

NAMES = ("r_v", "r_seq", "r_slot", "r_trial", "r_left", "r_bad", "r_floor", "r_built")


@dataclasses.dataclass(frozen=True)
class Choice:
    """What is started: slot (`None`: nothing is left), on trial or not; what was written before, as (copy, bytes)."""

    slot: str | None
    trial: bool
    written: tuple[int, bytes] | None


def number(text):
    """U-Boot's `0x${v}`: what is no number ends where it stops being one, and nothing is 0."""
    digits = ""
    for c in text or "":
        if c not in "0123456789abcdefABCDEF":
            break
        digits += c
    return int(digits or "0", 16)


def newest(copies):
    """(variables, index) of the record that counts; (None, None) without one."""
    found, index, sequence = None, None, 0
    for n, data in enumerate(copies):
        variables = payload.variables(data)
        if variables is not None and variables.get("r_v") == "1" and number(variables.get("r_seq")) > sequence:
            found, index, sequence = variables, n, number(variables["r_seq"])
    return found, index


def order(copies, write_fails=False):
    """The slots in the order in which they are tried, the one on trial, and what is written."""
    variables, index = newest(copies)
    record = {"r_slot": "a", "r_trial": "0", "r_left": "0", "r_bad": "0"}
    older = 0
    if variables is not None:
        record |= {k: variables[k] for k in NAMES if k in variables}
        older = 1 - index
    first, trial, written = "b" if record["r_slot"] == "b" else "a", None, None
    if record["r_trial"] in ("a", "b") and number(record["r_left"]) > 0:
        record["r_left"] = f"{number(record['r_left']) - 1:x}"
        record["r_seq"] = f"{number(variables['r_seq']) + 1:x}"
        if not write_fails:
            written = (older, payload.env_block({k: record[k] for k in NAMES if k in record}, len(copies[0])))
            trial = first = record["r_trial"]
    second = "a" if first == "b" else "b"
    spent = record["r_trial"] if trial is None else None
    bad = [s for s in (first, second) if record["r_bad"] in (s, "ab") or spent == s]
    return [s for s in (first, second) if s not in bad] + ["rescue"] + bad, trial, written


def choose(card, tree=None):
    """What the boot script does with this card, on a board whose device tree is `tree` (`None`: the one that U-Boot has)."""
    slots, trial, written = order(card.copies())
    parts = ("kernel", "initrd") + ((tree,) if tree else ())
    for name in slots:
        if all(card.slot(name).has(part) for part in parts):
            return Choice(name, name == trial, written)
    return Choice(None, False, written)


def place(choice):
    """Where the written record goes, in bytes from the card's start."""
    return RECORDS[choice.written[0]]
