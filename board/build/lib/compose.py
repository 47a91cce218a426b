"""From a kernel, a root and what runs before Linux to the card: the same for every source of parts."""

import boot
import card
import initramfs
import slot
from common import say, step


def card_of(kernel, before, keys):
    """Makes initramfs, slot, p1 and card in the output folder, whose root.squashfs and bill of materials are there. `keys` change with the parts."""
    step("initramfs", initramfs.inputs(keys), [initramfs.PACKED], lambda: initramfs.build(kernel))
    step("slot", slot.inputs(), [slot.SLOT], lambda: slot.build(kernel))
    step("boot", boot.inputs(keys), [boot.FAT], lambda: boot.build(before, kernel))
    step("card", card.inputs(), [card.IMAGE], card.build)
    say(f"{card.IMAGE} (slot payload {slot.SLOT.stat().st_size / 1e6:.1f} MB)")
