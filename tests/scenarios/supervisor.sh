# The programs: their rights, their deaths, their log, their memory; the supervisor's own death.
# lab: PHONES=1
# shellcheck shell=bash source=lib.sh
. "$(dirname "$0")/lib.sh"

# status EXPRESSION: of the status as `s`, with its daemons as `d`.
status() {
    hotspot status --json | python3 -c '
import json, sys
s = json.load(sys.stdin)
d = {x["name"]: x for x in s["daemons"]}
print(eval(sys.argv[1]))' "$1"
}
is_so() { [ "$(status "$1")" = True ] || { hotspot status; false; }; }
pid() { status "d['$1']['pid']"; }
all_up='all(x["state"] == "up" for x in s["daemons"])'

check "the box is well" within 120 is_so 's["state"] == "well"'
check "the portal answers" within 20 portal_up
same "it runs from slot a" a "$(status 's["slot"]')"

for daemon in portald netd radiod updated; do
    facts=$(box cat "/proc/$(pid $daemon)/status")
    same "$daemon is not root" 0 "$(grep -cE '^(Uid|Gid):.*\b0\b' <<<"$facts")"
    same "$daemon can gain no rights" 1 "$(awk '$1 == "NoNewPrivs:" {print $2}' <<<"$facts")"
    same "$daemon has no more capabilities than its bounding set" "$(awk '$1 == "CapBnd:" {print $2}' <<<"$facts")" "$(awk '$1 == "CapEff:" {print $2}' <<<"$facts")"
done
capabilities() { box cat "/proc/$(pid "$1")/status" | awk '$1 == "CapEff:" {print $2}'; }
same "portald may open port 80" 0000000000000400 "$(capabilities portald)"
same "radiod may NET_ADMIN and NET_RAW" 0000000000003000 "$(capabilities radiod)"
same "updated may nothing besides" 0000000000000000 "$(capabilities updated)"
same "netd may bind low ports besides" 0000000000003400 "$(capabilities netd)"
same "nobody else reads the passwords" "640 root hotspot" "$(box stat -c '%a %U %G' /run/hotspot/secrets.json)"

for daemon in portald netd radiod updated; do
    old=$(pid $daemon)
    box kill -9 "$old"
    check "$daemon is killed and back within seconds" within 10 is_so "d['$daemon']['state'] == 'up' and d['$daemon']['pid'] != $old"
done
check "the log says who died and how" grep -q "portald ended: killed by SIGKILL" <<<"$(hotspot log -n 500)"
check "and keeps it on the card" within 10 box grep -q "ended: killed by SIGKILL" /data/log/hotspot.log
check "the log of one program" grep -qv netd <<<"$(hotspot log --daemon supervisor)"
check "the log for programs" python3 -c 'import json, sys; [json.loads(l)["v"] for l in sys.stdin]' <<<"$(hotspot log --json)"

before=$(pid portald)
box kill -9 "$(box cat /run/hotspot/supervisor.pid)"
check "the supervisor is killed and all is up again" within 30 is_so "$all_up and d['portald']['pid'] != $before"
same "each program runs once" "1 1 1 1" "$(for p in supervisor portald netd radiod; do box pgrep -cfx "/usr/bin/hotspot $p"; done | xargs)"
check "the portal answers again" within 20 portal_up
check "the box is well again" within 60 is_so 's["state"] == "well"'

hotspot fly 2>/dev/null
same "an unknown command is wrong usage" 2 $?
check "our programs take 32 MB at most: $(status 's["memory_kb"]') KiB" is_so 's["memory_kb"] <= 32 * 1024'
finish
