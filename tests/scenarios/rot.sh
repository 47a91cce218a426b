# A card that rots: the block that turned bad is an error that marks its slot, and the box goes on from the other slot; never a loop.
# lab: PHONES=1
# shellcheck shell=bash source=lib.sh
. "$(dirname "$0")/lib.sh"

# What the newest boot record says, read past every cache.
record() { box python3 -c '
import mmap, os, sys, zlib
def read(at):
    page = mmap.mmap(-1, 4096)
    fd = os.open("/dev/vda", os.O_RDONLY | os.O_DIRECT)
    os.preadv(fd, [memoryview(page)[:512]], at)
    return page[:512]
found = []
for at in (4 << 20, 12 << 20):
    b = read(at)
    if zlib.crc32(b[4:]) == int.from_bytes(b[:4], "little"):
        found.append(dict(v.split("=", 1) for v in b[4:].split(b"\0\0")[0].decode().split("\0")))
print(max(found, key=lambda r: int(r["r_seq"], 16))[sys.argv[1]])' "$1"; }
# Reads every file of the root from the card.
read_all() { box sh -c 'echo 3 >/proc/sys/vm/drop_caches; find /proc/1/root/ -xdev -type f -exec cat {} + >/dev/null 2>&1; sleep 5'; }

same "slot A runs" a "$(slot)"
same "its root is checked by a hash tree" 2 "$(box sh -c 'for d in /sys/block/dm-*; do [ "$(cat $d/dm/name)" = hotspot-root ] && ls $d/slaves; done | wc -l')"
check "and all of it is good" box sh -c 'find /proc/1/root/ -xdev -type f -exec cat {} + >/dev/null'
power off
card copy a b
card rot a root 40
power on
check "a block of slot A rots: the box is there" within 120 portal_up
read_all
check "it goes on from slot B" within 120 in_slot b
same "slot A is marked bad" a "$(record r_bad)"
check "the network is there" within 120 phone 1 join
check "and its portal" reads_portal 1 5
reboot
check "a restart stays with slot B" within 120 in_slot b

power off
card unreadable b root 60
power on
read_all
check "slot B cannot be read in one place: neither is left, the rescue system runs" within 200 in_slot rescue
same "both are marked bad" ab "$(record r_bad)"
check "its network is there" within 120 phone 1 join
check "and its portal says so" grep -q "needs a repair" <<<"$(phone 1 exec curl -fsS -m 5 "http://$box_address/")"

power off
card mended
card copy a b
card rot b root 0
card rot rescue header 0
power on
check "without a rescue system either, slot A is tried for want of a better" within 200 in_slot a
read_all
check "with a rotten block it goes on, and does not restart for ever" portal_up
check "and the log says so" grep -q "there was nothing better to start" <<<"$(hotspot log --daemon kernel)"
finish
