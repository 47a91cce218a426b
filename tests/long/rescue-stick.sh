# The last resort: slot A is destroyed, slot B empty, and the rescue system takes an update from a stick, an exFAT one.
# It has not been run to its end yet.
# lab: PHONES=1 FS=exfat
# limit: 1800
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/stick"
"$top/lab/variant" same 1 "$work/stick/p2p-hotspot.update" || exit 1

data_ok() { hotspot status --json | python3 -c 'import json, sys; sys.exit(not json.load(sys.stdin)["data"]["ok"])'; }
well() { portal_up && ! in_slot rescue >/dev/null; }

check "the box has its storage" within 180 data_ok
box sh -c 'echo kept >/data/netd/marker; sync'
power off
card rot a kernel 50
power on
check "with both slots gone the portal answers" within 180 portal_up
same "from the rescue system" rescue "$(slot)"
check "a phone joins it" within 180 phone 1 join
stick insert "$work/stick"
check "the update is written and read back" within 900 history "was read back whole"
check "the box starts from it" within 600 well
check "and keeps it" within 600 state good
same "what was stored is there" kept "$(box cat /data/netd/marker)"
check "a phone joins" within 180 phone 1 join
check "and reads the portal" reads_portal 1 5
finish
