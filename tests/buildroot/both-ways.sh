# A box made from Debian's parts takes an update from source off a stick; that one takes an update from Debian's parts off a stick.
# `make check-buildroot` runs it: DEBIAN and SOURCE are the two slots' images, KEYS the folder with root.json, TOOL this computer's `hotspot`.
# shellcheck shell=bash source=../scenarios/lib.sh
. "$(dirname "$0")/../scenarios/lib.sh"

work=$(mktemp -d /var/tmp/hotspot-both-XXXXXX)
trap 'rm -rf "$work"' EXIT
kernel() { box uname -r; }
header() { python3 -c 'import sys; print(dict(v.split("=", 1) for v in open(sys.argv[1], "rb").read(4096)[4:].split(b"\0\0")[0].decode().split("\0"))[sys.argv[2]])' "$1" "$2"; }
runs() { [ "$(kernel)" = "$1" ]; }
good() { hotspot update status --json | python3 -c 'import json, sys; s = json.load(sys.stdin); sys.exit(s["state"] not in ("good", "idle") or s["running"]["seq"] != int(sys.argv[1]))' "$1"; }

# to IMAGE SEQUENCE WHAT: an update with it on a stick, and what the box makes of it.
to() {
    mkdir -p "$work/$2"
    check "update $2, $3" "$TOOL" update make "$1" -o "$work/$2/p2p-hotspot.update" --keys "$KEYS" --seq "$2"
    stick insert "$work/$2"
    check "the box runs $3" within 900 runs "$(header "$1" s_linux)"
    stick remove
    check "and finds it good" within 300 good "$2"
    check "a phone joins" phone 1 join
    check "and reads the portal" within 20 reads_portal 1
    phone 1 leave
}

first=$((16#$(header "$DEBIAN" s_seq)))
same "the box made from Debian's parts runs" "$(header "$DEBIAN" s_linux)" "$(kernel)"
to "$SOURCE" $((first + 1)) "made from source"
to "$DEBIAN" $((first + 2)) "made from Debian's parts"
finish
