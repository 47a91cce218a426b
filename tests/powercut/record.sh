# Records every write of a first boot, of a change of settings, of a release on trial that panics twice and is left again, and of a whole update
# from a stick: written, tried, kept. Folder: $CUTS.
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"

data_ok() { hotspot status --json | python3 -c 'import json, sys; sys.exit(not json.load(sys.stdin)["data"]["ok"])'; }
# ext4 writes out what is pending within 30 s.
settled() { within 400 data_ok && sleep 35; }
has_ssid() { box grep -q "ssid = \"$1\"" /data/settings/settings.toml; }
panic() { box sh -c 'echo c >/proc/sysrq-trigger' >/dev/null 2>&1; true; }

check "the first boot makes the storage" settled
power off

mkdir -p "$CUTS/p1"
printf 'version = 1\n[wifi]\nssid = "Vila Nova"\n' >"$CUTS/p1/hotspot.toml"
card boot "$CUTS/p1"
card read "$CUTS/settings.img"
card log "$CUTS/settings.log"
power on
check "a changed setting is taken" within 400 has_ssid "Vila Nova"
check "and written out" settled
power off

card copy a b
card record r_trial=b r_left=2
card read "$CUTS/fallback.img"
card log "$CUTS/fallback.log"
power on
check "slot B is tried" within 400 in_slot b
panic
check "it is tried again after it panicked" within 400 in_slot b
panic
check "and left after the second time" within 400 in_slot a
check "slot A settles" settled
power off

card read "$CUTS/update.img"
card log "$CUTS/update.log"
mkdir -p "$CUTS/stick"
"$here/../../lab/variant" same 1 "$CUTS/stick/p2p-hotspot.update" || exit 1
power on
check "slot A runs" within 400 in_slot a
stick insert "$CUTS/stick"
check "an update is written and read back" within 900 history "was read back whole"
check "the box restarts into it" within 400 in_slot b
check "and keeps it" within 400 history "proved itself in slot b"
check "and settles" settled
power off
finish
