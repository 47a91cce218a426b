# A release on trial that hangs, and then panics: the watchdog and the kernel restart the box, and it is back on the old one.
# lab: PHONES=1 WATCHDOG=1
# shellcheck shell=bash source=../scenarios/lib.sh
. "$(dirname "$0")/../scenarios/lib.sh"

boot_id() { box cat /proc/sys/kernel/random/boot_id; }
another_start() { local now; now=$(boot_id) && [ -n "$now" ] && [ "$now" != "$first" ]; }

same "slot A runs" a "$(slot)"
power off
card copy a b
card record r_trial=b r_left=2
power on
check "slot B is tried" within 120 in_slot b
check "on trial" on_trial 1
check "under the watchdog from the start" within 30 grep -q "watchdog is armed" <<<"$(within 30 hotspot log --daemon supervisor)"
first=$(boot_id)
# Nobody feeds the watchdog from here.
box sh -c 'kill -STOP $(cat /run/hotspot/supervisor.pid)'
check "it hangs: the watchdog restarts the box" within 120 another_start
check "and it is tried once more" in_slot b
check "still on trial" on_trial 1
first=$(boot_id)
box sh -c 'echo c >/proc/sysrq-trigger' >/dev/null 2>&1
check "it panics: the box restarts" within 120 another_start
check "into slot A" in_slot a
check "which is on no trial" on_trial 0
first=$(boot_id)
reboot
check "and stays there" within 120 in_slot a
finish
