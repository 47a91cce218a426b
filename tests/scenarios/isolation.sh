# Phones cannot reach each other, and cannot pass for the box.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
check "phone 1 joins" phone 1 join
check "phone 2 joins" phone 2 join
one=$(phone 1 exec hostname -I | cut -d' ' -f1)
two=$(phone 2 exec hostname -I | cut -d' ' -f1)
phone 2 exec python3 -m http.server 8000 --bind 0.0.0.0 >/dev/null 2>&1 &
server=$!
sleep 3
check "phone 2 reaches its own server" within 60 phone 2 exec curl -fs -m 2 -o /dev/null "http://$two:8000/"
refuse "phone 1 does not reach phone 2 by ping" phone 1 exec ping -c 2 -W 2 "$two"
refuse "nor by TCP" phone 1 exec curl -fs -m 4 "http://$two:8000/"
refuse "nor by ARP" phone 1 exec arping -c 2 -w 3 -I wlan1 "$two"
kill $server 2>/dev/null
mac=$(box cat /sys/class/net/br-hotspot/address)
phone 2 exec arping -c 3 -U -I wlan2 -s "$two" $box_address >/dev/null 2>&1
phone 2 exec sh -c "ip addr add $box_address/32 dev wlan2; arping -c 3 -U -I wlan2 $box_address; ip addr del $box_address/32 dev wlan2" >/dev/null 2>&1
check "phone 1 reads the portal" reads_portal 1
same "the box's address stays the box's" "$mac" "$(phone 1 exec ip neigh show $box_address | sed -n 's/.*lladdr \([^ ]*\).*/\1/p')"
[ -n "$one" ] || check "phone 1 has an address" false
finish
