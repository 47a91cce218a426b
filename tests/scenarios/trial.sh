# A release on trial that hangs, and then panics: the watchdog and the kernel restart the box, and it is back on the old one.
# lab: PHONES=1 WATCHDOG=1
# shellcheck shell=bash source=lib.sh
. "$(dirname "$0")/lib.sh"

slot() { hotspot status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["slot"])'; }
runs() { [ "$(slot)" = "$1" ]; }
on_trial() { box grep -q "hotspot.trial=$1" /proc/cmdline; }
boot_id() { box cat /proc/sys/kernel/random/boot_id; }
another_start() { local now; now=$(boot_id) && [ -n "$now" ] && [ "$now" != "$first" ]; }

same "slot A runs" a "$(slot)"
power off
card copy a b
card record r_trial=b r_left=2
power on
check "slot B is tried" within 120 runs b
check "on trial" on_trial 1
check "under the watchdog from the start" within 30 grep -q "watchdog is armed" <<<"$(within 30 hotspot log --daemon supervisor)"
first=$(boot_id)
# Nobody feeds the watchdog from here.
box sh -c 'kill -STOP $(cat /run/hotspot/supervisor.pid)'
check "it hangs: the watchdog restarts the box" within 120 another_start
check "and it is tried once more" runs b
check "still on trial" on_trial 1
first=$(boot_id)
box sh -c 'echo c >/proc/sysrq-trigger' >/dev/null 2>&1
check "it panics: the box restarts" within 120 another_start
check "into slot A" runs a
check "which is on no trial" on_trial 0
first=$(boot_id)
reboot
check "and stays there" within 120 runs a
finish
