# Ten cuts of the power at random moments of each: an update's writing from a stick, the restart into its trial, the trial, the fallback.
# After each the box works, from a slot whose every block is right, and the history tells what became of the update.
# SEED=n repeats a run's moments, CUTS=n makes so many of each.
# lab: PHONES=1 STICK_KBPS=700
# limit: 10800
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$top/lab/variant" same 1 "$work/p2p-hotspot.update" || exit 1
cuts=${CUTS:-10} new_starts=() old_starts=()
RANDOM=${SEED:=$$}
echo "  (SEED=$SEED)"

rests() { field 's["state"] in ("idle", "good", "failed")' | grep -q True; }
# The power is cut at a random moment of the next so many seconds, which `at` then says.
cut_within() {
    at=$(python3 -c "import sys; print(round(float(sys.argv[1]) * int(sys.argv[2]) / 32768, 2))" "$1" $RANDOM)
    sleep "$at"
    power cut
}

# Every block of the root that runs comes from the card and through its hash tree.
whole() { box sh -c 'echo 3 >/proc/sys/vm/drop_caches; for d in /sys/block/dm-*; do [ "$(cat "$d/dm/name")" != hotspot-root ] || exec cat "/dev/${d##*/}" >/dev/null; done; exit 1'; }
well() { hotspot status --json | grep -q '"state": *"well"'; }
# ends WHAT SLOTS: the box works, in one of these slots.
ends() {
    check "$1: the box is well" within 600 well
    local runs
    runs=$(field 's["running"]["slot"]')
    check "  in slot $runs" grep -q "$runs" <<<"$2"
    check "  which is whole" whole
}

old=$(within 180 field 's["running"]["seq"]')
new=$((old + 1))
check "the access point is up" within 180 radio_is led well
for n in $(seq "$cuts"); do
    stick insert "$work"
    check "writing $n" within 180 is 's["state"] == "writing" and s["progress"] > 0' True
    cut_within 4
    ends "writing: cut $n, $at s later" a
    check "  nothing is on trial" state idle
    [ "$n" = 1 ] || check "  the history tells that it went on" history "going on with release $new"
done
stick insert "$work"
check "the stick once more: it is written to its end" within 600 state ready
power off
card save ready
check "how long a start takes is measured" power on
within 600 state trial
start=$(power age)
check "the trial begins $start s after power-on" history "release $new was started on trial in slot b"
power off
card save trial
power on
check "left: the box is back" within 600 state failed
back=$(power age)

# Seconds from power-on to the portal's first answer.
first_answer() { until portal_up 2>/dev/null; do sleep 0.1; done; power age; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

# tried WHAT: whatever the cut left, the new release is kept or the old one is back.
tried() {
    check "$1: it comes to its end" within 600 rests
    ends "$1" ab
    if is 's["running"]["slot"]' b >/dev/null; then
        check "  release $new is kept, which the history tells" history "release $new .* kept"
    else
        check "  release $old is back, which the history tells" history "release $new was not kept, and release $old in slot a is back: "
    fi
}
for n in $(seq "$cuts"); do
    power off
    card load ready
    power on
    cut_within "$start"
    tried "restart into the trial: cut $n, $at s after power-on"
done
for n in $(seq "$cuts"); do
    power off
    card load ready
    power on
    new_starts+=("$(first_answer)")
    check "trial $n" within 600 state trial
    cut_within 40
    tried "trial: cut $n, $at s after its beginning"
done
for n in $(seq "$cuts"); do
    power off
    card load trial
    power on
    cut_within "$back"
    old_starts+=("$(first_answer)")
    tried "fallback: cut $n, $at s after power-on"
    check "  and the old one runs" is 's["running"]["slot"]' a
done
echo "  power-on to portal, median: $(median "${new_starts[@]}") s into the new release on its trial, $(median "${old_starts[@]}") s into the old one"
hotspot update history
finish
