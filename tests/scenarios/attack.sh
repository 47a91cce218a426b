# Three attacks at once from phones 2 and 3: 1,000 slow connections, a flood of questions, starvation of leases. An honest
# phone joins and has its portal within two seconds, apart from the association.
# quiet
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
cp "$here/attack.py" "$here/honest.py" /tmp/lab/
check "phone 2 joins" phone 2 join
check "phone 3 joins" phone 3 join
# A new phone's exchange on the wire; what the emulated phone's own programs take is not the box's.
lease() { phone 1 exec python3 /tmp/lab/attack.py lease wlan1; }
check "phone 1 joins" phone 1 join
echo "  before: lease $(lease) s; $(phone 1 exec python3 /tmp/lab/honest.py)"
in_time() { python3 -c 'import sys; found = float(sys.argv[1] or 99); print(found, "s, and 2 are allowed"); sys.exit(found > 2)' "$1"; }
phone 1 leave
phone 2 exec python3 /tmp/lab/attack.py slow $box_address 1000 >/tmp/lab/slow.log 2>&1 &
phone 3 exec python3 /tmp/lab/attack.py dns $box_address >/tmp/lab/flood.log 2>&1 &
phone 3 exec python3 /tmp/lab/attack.py dhcp wlan3 >/tmp/lab/starve.log 2>&1 &
sleep 20
echo "  slow: $(tail -n 1 /tmp/lab/slow.log); dns: $(tail -n 1 /tmp/lab/flood.log); dhcp: $(tail -n 1 /tmp/lab/starve.log)"
check "phone 1 joins under attack" phone 1 join
times=$(phone 1 exec python3 /tmp/lab/honest.py)
echo "  $times"
check "name, probe and portal page in time" in_time "${times%% *}"
check "its lease in time" in_time "$(lease)"
jobs=$(jobs -p)
[ -z "$jobs" ] || kill $jobs 2>/dev/null
wait 2>/dev/null
check "the box is well after it" within 60 sh -c 'hotspot status --json | grep -q "\"state\": *\"well\""'
check "the attacker gets the portal again at once" within 5 reads_portal 2 2
finish
