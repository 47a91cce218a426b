# The card's storage: made at the first start, kept over restarts and cuts, never in the portal's way.
# lab: PHONES=1
# shellcheck shell=bash source=lib.sh
. "$(dirname "$0")/lib.sh"

data() { hotspot status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"][sys.argv[1]])' "$1"; }
data_is() { [ "$(data "$1")" = "$2" ] || { hotspot status; false; }; }

check "the storage is made at the first start" within 120 data_is ok True
check "over the rest of the card" [ "$(data size)" -gt 2500000000 ]
same "as ext4" ext4 "$(box sed -n 's|^/dev/[^ ]* /data \([^ ]*\) .*|\1|p' /proc/mounts)"
box sh -c 'echo kept >/data/netd/marker; sync'

reboot
check "a restart keeps it" within 120 data_is ok True
same "with what was in it" kept "$(box cat /data/netd/marker)"
check "the storage was put away in order" box grep -q "supervisor <6> stopping" /data/log/hotspot.log
refuse "and needed no repair" grep -qE "storage|formatting" <<<"$(hotspot log --daemon data)"

for n in 1 2 3; do
    box sh -c "echo $n >/data/netd/cut; sync"
    power cut
    check "power cut $n: the storage is there" within 120 data_is ok True
    same "power cut $n: with what was in it" "kept $n" "$(box cat /data/netd/marker /data/netd/cut | xargs)"
    sleep $((n - 1))
done

power off
card random-data
power on
check "random bytes over the storage's beginning: the portal answers" within 120 portal_up
mended() { data_is ok True || grep -q "the storage is repaired" <<<"$(hotspot log --daemon repair)"; }
check "and it is mended, or made anew" within 400 mended
check "and the log says what was done" grep -qE "repaired|formatting" <<<"$(hotspot log --daemon data)"
reboot
check "which the next start finds in order" within 120 data_is ok True
refuse "without repair" grep -qE "repaired|formatting" <<<"$(hotspot log --daemon data)"
finish
