#!/bin/bash
# Writing cards: refusals with their reason, writing with and without a block map, reading back. On loop devices, as root.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0 loops=()
work=$(mktemp -d /var/tmp/hotspot-flash-XXXXXX)
export HOTSPOT_OUT=$work/out
unset YES

cleanup() {
    mountpoint -q "$work/mnt" && umount "$work/mnt"
    for l in "${loops[@]}"; do losetup -d "$l"; done
    rm -rf "$work"
}
trap cleanup EXIT

ok() { passed=$((passed + 1)); echo "ok: $1"; }
bad() { failed=$((failed + 1)); echo "FAILED: $1: ${2-}"; }

# refuses NAME PATTERN ARGS...: flash ends with 1, says the pattern in one line, and writes nothing.
refuses() {
    local name=$1 pattern=$2 said status
    shift 2
    said=$(board/build/flash "$@" 2>&1 < /dev/null)
    status=$?
    if [[ $status -eq 1 && $(wc -l <<< "$said") -eq 1 && $said == error:*"$pattern"* ]]; then ok "$name"; else bad "$name" "$status: $said"; fi
}

# disk SIZE [FLAGS...]: a loop device in $disk.
disk() {
    local file
    file=$(mktemp "$work/disk-XXXXXX")
    truncate -s "$1" "$file"
    disk=$(losetup -f --show "${@:2}" "$file") || return 1
    loops+=("$disk")
}

mkdir -p "$HOTSPOT_OUT" "$work/mnt"
refuses "no image yet" "make image" /dev/null
truncate -s 40M "$HOTSPOT_OUT/p2p-hotspot.img"
dd if=/dev/urandom of="$HOTSPOT_OUT/p2p-hotspot.img" bs=1M count=3 seek=8 conv=notrunc status=none
printf HEAD | dd of="$HOTSPOT_OUT/p2p-hotspot.img" conv=notrunc status=none

refuses "a file" "is not a disk" "$HOTSPOT_OUT/p2p-hotspot.img" -y
refuses "a character device" "is not a disk" /dev/null -y
refuses "a name that is not there" "No such file" /dev/nowhere -y
root=$(findmnt -no SOURCE / | sed 's/\[.*//')
[[ -b $root ]] && refuses "the running system's disk" "left alone" "$root" -y

if [[ $(id -u) -ne 0 ]] || ! disk 64M; then
    echo "$passed passed, $failed failed, 9 skipped"
    exit $((failed > 0))
fi
card=$disk
refuses "without being asked" "YES=1" "$card"
if cmp -s <(head -c 4096 "$card") <(head -c 4096 /dev/zero); then ok "nothing was written"; else bad "nothing was written"; fi

disk 16M && refuses "a small card" "too small" "$disk" -y
disk 64M --read-only && refuses "a write-protected card" "write-protected" "$disk" -y
disk 64M && mke2fs -q -t ext4 "$disk" > /dev/null && mount "$disk" "$work/mnt" && refuses "a mounted card" "is mounted on $work/mnt" "$disk" -y
umount "$work/mnt"
disk 64M && mkswap "$disk" > /dev/null 2>&1 && swapon "$disk" 2> /dev/null && { refuses "a swap area" "swap space" "$disk" -y; swapoff "$disk"; }

said=$(board/build/flash "$card" -y 2>&1)
if [[ $? -eq 0 && $(tail -n 1 <<< "$said") == "Done: $card holds "*"42 MB written"* ]] && cmp -s -n $((40 << 20)) "$card" "$HOTSPOT_OUT/p2p-hotspot.img"; then
    ok "the whole image"
else
    bad "the whole image" "$said"
fi
bmaptool create -o "$HOTSPOT_OUT/p2p-hotspot.bmap" "$HOTSPOT_OUT/p2p-hotspot.img" 2> /dev/null
disk 64M
said=$(YES=1 board/build/flash "$disk" 2>&1)
if [[ $? -eq 0 && $(tail -n 1 <<< "$said") == "Done: "*"3 MB written"* ]] && cmp -s -n $((40 << 20)) "$disk" "$HOTSPOT_OUT/p2p-hotspot.img"; then
    ok "with a block map only what holds something"
else
    bad "with a block map only what holds something" "$said"
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
