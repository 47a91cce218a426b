# Random bytes over the beginning of a storage that was in use: mended, or made anew, and in order at the next start.
# lab: PHONES=1
# shellcheck shell=bash source=../scenarios/lib.sh
. "$(dirname "$0")/../scenarios/lib.sh"

data() { hotspot status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"][sys.argv[1]])' "$1"; }
data_is() { [ "$(data "$1")" = "$2" ] || { hotspot status; false; }; }

check "the storage is made at the first start" within 120 data_is ok True
box sh -c 'echo kept >/data/netd/marker; sync'

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
