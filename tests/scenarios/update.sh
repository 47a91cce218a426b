# An update from a stick, from beginning to end: written, tried, hung (the watchdog ends that, and the box is back on the old one), written
# and tried again, kept. One unexplained end of a trial is not held against a release: the power may have gone.
# lab: PHONES=1 WATCHDOG=1
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$(cd "$here/../.." && pwd)/lab/variant" same 1 "$work/p2p-hotspot.update" || exit 1

runs() { is 's["running"]["slot"] + " %d " % s["running"]["seq"] + s["state"]' "$1 $2 $3"; }

old=$(within 120 field 's["running"]["seq"]')
new=$((old + 1))
check "release $old runs in slot A" runs a "$old" idle
stick insert "$work"
check "a stick with release $new: it is written and read back" within 600 history "release $new is in slot b and was read back whole"
check "the box restarts into it by itself, on trial" within 600 runs b "$new" trial
check "as the boot script said" on_trial 1
check "under the watchdog from the start" within 30 grep -q "watchdog is armed" <<<"$(within 30 hotspot log --daemon supervisor)"
# Nobody feeds the watchdog from here.
box sh -c 'kill -STOP $(cat /run/hotspot/supervisor.pid)'
check "it hangs: the watchdog restarts the box, and the old release is back" within 600 history "release $new was not kept, and release $old in slot a is back"
check "which is on no trial" on_trial 0
check "the stick is still in: it is tried once more" within 600 runs b "$new" trial
check "it proves itself and is kept" within 600 runs b "$new" good
check "which the history tells" history "release $new proved itself in slot b and is kept"
check "a phone joins" within 60 phone 1 join
check "and reads the portal" reads_portal 1 5
finish
