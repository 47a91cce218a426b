# The first Ethernet port: the box gets a lease and finds the internet, and nothing of the box is reachable from there.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
uplink_is() { [ "$(hotspot status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["uplink"]["state"])')" = "$1" ]; }
check "no cable: no carrier" within 30 uplink_is no-carrier
uplink up
check "with a cable: the internet is found" within 60 uplink_is internet
address=$(box ip -4 -o addr show dev eth0 | sed -n 's|.*inet \([0-9.]*\)/.*|\1|p')
same "its address comes from the uplink" 203.0.113 "${address%.*}"
check "the other host works" internet curl -fsS -o /dev/null -m 5 http://203.0.113.1/
for port in 80 53 22 443 8080 67; do
    refuse "from the uplink side, TCP $port does not answer" internet timeout 4 nc -z -w 3 "$address" $port
    refuse "nor for the portal's own address" internet sh -c "ip route replace 10.42.0.0/24 via $address dev eth2 && timeout 4 nc -z -w 3 10.42.0.1 $port"
done
check "though the box is there, by ARP" internet sh -c "ip neigh show $address | grep -q lladdr"
same "no name is answered there" "" "$(internet dig +short +tries=1 +time=2 @"$address" p2p.local 2>/dev/null | grep -v '^;')"
same "nor by mDNS" "" "$(internet dig +short +tries=1 +time=2 -p 5353 @224.0.0.251 p2p.local 2>/dev/null | grep -v '^;')"
refuse "the owner's page is not there" internet curl -s -m 3 -H 'Host: p2p.local' "http://$address/admin/"
check "the box itself can ask names" box python3 -c 'import socket; print(socket.getaddrinfo("example.org", 80, socket.AF_INET))'
uplink down
check "the cable pulled: no carrier" within 30 uplink_is no-carrier
check "and the portal is there" portal_up
finish
