#!/usr/bin/env bash
# Inside the lab: the sum of PSS of all our processes, idle and with 250 clients, in kB. hostapd and the DHCP client count as ours.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

pss() {
    box sh -c 'for p in /proc/[0-9]*; do
        exe=$(readlink $p/exe 2>/dev/null) || continue
        case "$exe" in */hotspot|*/hostapd|*/busybox*|*/udhcpc) ;; *) continue ;; esac
        [ "$(readlink $p/root)" = "$(readlink /proc/1/root)" ] || continue
        kb=$(awk "/^Pss:/{print \$2}" $p/smaps_rollup 2>/dev/null) || continue
        echo "${kb:-0} $(tr "\0" " " < $p/cmdline | cut -c1-40)"
    done' | grep -v 'PSS-probe\|sh -c' | sort -rn
}

cp "$here/clients.py" /tmp/lab/clients.py
phone 1 join
sleep 5
echo "== idle"
pss | tee /tmp/lab/idle
phone 1 exec python3 /tmp/lab/clients.py 250 > /tmp/lab/clients.json < <(sleep 45) &
clients=$!
for _ in $(seq 60); do [[ -s /tmp/lab/clients.json ]] && break; sleep 1; done
echo "== with clients: $(cat /tmp/lab/clients.json)"
pss | tee /tmp/lab/busy
kill "$clients" 2>/dev/null || true
echo "RESULT idle_kb=$(awk '{s+=$1} END{print s}' /tmp/lab/idle) busy_kb=$(awk '{s+=$1} END{print s}' /tmp/lab/busy) clients=$(tr -d ' ' < /tmp/lab/clients.json)"
