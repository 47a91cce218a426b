# A lease survives a power cut; ten cuts at random moments each still boot to a portal; so does an orderly restart.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
check "phone 1 joins" phone 1 join
check "phone 2 joins" phone 2 join
one=$(phone 1 exec hostname -I | cut -d' ' -f1)
two=$(phone 2 exec hostname -I | cut -d' ' -f1)
sleep 8
power cut
check "phone 2 joins first after the cut" phone 2 join
check "phone 1 joins after it" phone 1 join
same "phone 1 has its address back" "$one" "$(phone 1 exec hostname -I | cut -d' ' -f1)"
same "phone 2 has its address back" "$two" "$(phone 2 exec hostname -I | cut -d' ' -f1)"
RANDOM=${SEED:-$$}
for n in $(seq 1 "${CUTS:-10}"); do
    moment=$((RANDOM % 300))e-1
    [ "$moment" = 0e-1 ] || sleep "$(printf '%.1f' "$moment")"
    power cut
    echo "  cut $n, $(printf '%.1f' "$moment") s after power-on"
done
check "the portal answers after ${CUTS:-10} cuts" within 120 portal_up
check "the box is well" within 60 sh -c 'hotspot status --json | grep -q "\"state\": *\"well\""'
same "the storage holds" True "$(hotspot status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["ok"])')"
check "a phone joins" phone 1 join
same "with its address" "$one" "$(phone 1 exec hostname -I | cut -d' ' -f1)"
check "an orderly restart" reboot
check "the portal answers after it" within 120 portal_up
check "a phone joins after it" phone 1 join
finish
