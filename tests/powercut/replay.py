"""Every state that a power cut could leave of one recording, each held against the model of the boot script.

For each request, sector by sector: the sector that was being written destroyed, then written. At each flush (and at the end): all of what
was written since the flush before, but for each single request, which is missing."""
import dataclasses

import model
from card import BOOT, DATA, RECORDS, SECTOR, SIZES, SLOTS, TREES, garbage


@dataclasses.dataclass
class Count:
    """States by what was cut."""

    prefix: int = 0
    torn: int = 0
    missing: int = 0
    failed: int = 0

    def total(self):
        """All states."""
        return self.prefix + self.torn + self.missing


def region(sector):
    """Where a sector of the card is, in words."""
    at = sector * SECTOR
    if at in RECORDS:
        return "record"
    for name, start in SLOTS.items():
        if start <= at < start + SIZES[name]:
            return f"slot {name}"
    if BOOT[0] <= at < BOOT[0] + BOOT[1]:
        return "p1"
    return "data" if at >= DATA else "elsewhere"


def well(card):
    """None when the card boots a fully verified A or B, also when a slot on trial never gets well; else what is wrong."""
    copies = card.copies()
    for attempt in range(5):
        choice = model.choose(card)
        if choice.slot not in ("a", "b"):
            return f"attempt {attempt}: {choice.slot or 'nothing'} is started"
        if not card.slot(choice.slot).verified():
            return f"attempt {attempt}: slot {choice.slot} is started and is not whole"
        if any(model.choose(card, tree).slot != choice.slot for tree in TREES):
            return f"attempt {attempt}: boards differ"
        if not choice.trial:
            return None
        # The trial did not go well: the next start, with what the boot script wrote.
        card.records = tuple(choice.written[1] if n == choice.written[0] else c for n, c in enumerate(card.records))
    return "the trial does not end"


class Replay:
    """One recording over one image."""

    def __init__(self, card, entries, sample=None):
        self.card, self.entries, self.sample = card, entries, sample
        self.count, self.failures, self.regions, self.known = Count(), [], {}, {}

    def wrong(self):
        """What is wrong with the present state; found out again only when the records, or a slot that was looked at then, have changed."""
        card, records = self.card, self.card.copies()
        known = self.known.get(records)
        if known and all(card.generation[name] == g for name, g in known[1].items()):
            return known[0]
        card.asked = set()
        wrong = well(card)
        card.records = records
        self.known[records] = (wrong, {name: card.generation[name] for name in card.asked})
        return wrong

    def check(self, what, sector):
        """One state."""
        wrong = self.wrong()
        if wrong:
            self.count.failed += 1
            if len(self.failures) < 20:
                self.failures.append(f"{what}, sector {sector} ({region(sector)}): {wrong}")
        if self.sample:
            self.sample(self.card, what, sector)

    def epoch(self, requests, before):
        """Each single request missing, from all that was written between two flushes."""
        held, last = {}, {}
        for n, entry in enumerate(requests):
            for k in range(entry.count):
                held.setdefault(entry.sector + k, []).append(n)
                last[entry.sector + k] = n
        for n, entry in enumerate(requests):
            changed = {}
            for k in range(entry.count):
                sector = entry.sector + k
                if last[sector] != n:
                    continue
                earlier = [m for m in held[sector] if m < n]
                old = self.bytes(requests[earlier[-1]], sector) if earlier else before[sector]
                changed[sector] = self.card.over.get(sector)
                self.card.write(sector, old)
            self.count.missing += 1
            self.check("missing", entry.sector)
            for sector, data in changed.items():
                self.card.write(sector, data)

    @staticmethod
    def bytes(entry, sector):
        """What a request writes to a sector of its own."""
        at = (sector - entry.sector) * SECTOR
        return bytes(entry.data[at:at + SECTOR])

    def run(self, progress=None):
        """All states; the counts."""
        requests, before = [], {}
        self.check("start", 0)
        for n, entry in enumerate(self.entries):
            if entry.flushes and requests:
                self.epoch(requests, before)
                requests, before = [], {}
            if not entry.data:
                continue
            for k in range(entry.count):
                sector = entry.sector + k
                where = region(sector)
                self.regions[where] = self.regions.get(where, 0) + 1
                before.setdefault(sector, self.card.over.get(sector))
                self.card.write(sector, garbage(sector))
                self.count.torn += 1
                self.check("torn", sector)
                self.card.write(sector, self.bytes(entry, sector))
                self.count.prefix += 1
                self.check("prefix", sector)
            requests.append(entry)
            if progress:
                progress(n, len(self.entries))
        if requests:
            self.epoch(requests, before)
        return self.count
