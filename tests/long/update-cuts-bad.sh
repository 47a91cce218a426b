# Ten cuts of the power at random moments around a release that boots and never gets well, and ten around one that panics: the old release
# It has not been run to its end yet.
# is back in the end, whole, and the history tells why.
# SEED=n repeats a run's moments, CUTS=n makes so many of each.
# lab: PHONES=1
# limit: 10800
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cuts=${CUTS:-10}
RANDOM=${SEED:=$$}
echo "  (SEED=$SEED)"

whole() { box sh -c 'echo 3 >/proc/sys/vm/drop_caches; for d in /sys/block/dm-*; do [ "$(cat "$d/dm/name")" != hotspot-root ] || exec cat "/dev/${d##*/}" >/dev/null; done; exit 1'; }
well() { hotspot status --json | grep -q '"state": *"well"'; }
old=$(within 180 field 's["running"]["seq"]')
new=$((old + 1))
# back WHAT: the old release runs, whole, and the history tells why.
back() {
    check "$1: the new one is left" within 900 state failed
    same "  the old one runs" "a $old" "$(field 's["running"]["slot"]') $(field 's["running"]["seq"]')"
    check "  the box is well" within 600 well
    check "  its slot is whole" whole
    check "  the history tells why" history "release $new was not kept, and release $old in slot a is back: "
}

check "the access point is up" within 180 radio_is led well
power off
card save fresh
for kind in unwell panic; do
    power off
    card load fresh
    mkdir "$work/$kind"
    "$top/lab/variant" "$kind" 1 "$work/$kind/p2p-hotspot.update" || exit 1
    power on
    check "$kind: the box is up" within 180 portal_up
    stick insert "$work/$kind"
    check "$kind: it is written" within 900 state ready
    stick remove
    power off
    card save "$kind"
    power on
    back "$kind, without a cut"
    long=$(power age)
    for n in $(seq "$cuts"); do
        power off
        card load "$kind"
        power on
        at=$(python3 -c "import sys; print(round(float(sys.argv[1]) * int(sys.argv[2]) / 32768, 2))" "$long" $RANDOM)
        sleep "$at"
        power cut
        back "$kind: cut $n, $at s of $long s after power-on"
    done
done
hotspot update history
finish
