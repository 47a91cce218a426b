# Each daemon killed: back within seconds, and phones stay associated.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
check "phone 1 joins" phone 1 join
check "phone 2 joins" phone 2 join
stations() { box iw dev wlan0 station dump | sed -n 's/^Station \([^ ]*\).*/\1/p' | sort | tr '\n' ' '; }
pid_of() { hotspot status --json | python3 -c 'import json, sys; print(*[d["pid"] for d in json.load(sys.stdin)["daemons"] if d["name"] == sys.argv[1]])' "$1"; }
is_back() {
    hotspot status --json | python3 -c '
import json, sys
name, old = sys.argv[1:]
d = [d for d in json.load(sys.stdin)["daemons"] if d["name"] == name][0]
assert d["state"] == "up" and str(d["pid"]) != old, d' "$1" "$2"
}
associated_for() { phone "$1" exec iw dev "wlan$1" link | grep -q 'Connected to'; }
before=$(stations)
for daemon in portald netd radiod; do
    old=$(pid_of $daemon)
    box kill -9 "$old"
    check "$daemon is back within 5 s" within 5 is_back $daemon "$old"
    check "phone 1 reads the portal within 5 s" within 5 reads_portal 1
    check "phone 2 resolves" within 5 phone 2 exec dig +short +time=1 +tries=1 example.org
    check "phone 1 is associated" associated_for 1
    same "the same phones are on the air" "$before" "$(stations)"
done
old=$(box pgrep -x hostapd | head -n 1)
box kill -9 "$old"
hostapd_back() { new=$(box pgrep -x hostapd | head -n 1) && [ -n "$new" ] && [ "$new" != "$old" ]; }
check "hostapd is back within 10 s" within 10 hostapd_back
check "phone 1 reads the portal within 20 s" within 20 reads_portal 1
check "a phone joins afterwards" phone 3 join
check "the box is well" within 30 sh -c 'hotspot status --json | grep -q "\"state\": *\"well\""'
supervisor=$(box cat /run/hotspot/supervisor.pid)
box kill -9 "$supervisor"
check "the supervisor is back within 15 s" within 15 sh -c "hotspot status --json >/dev/null && [ \$(box cat /run/hotspot/supervisor.pid) != $supervisor ]"
check "and the portal with it" within 15 reads_portal 1
finish
