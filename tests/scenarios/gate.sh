# What a locked phone meets: resets and rejects, never silence; no way round by IPv6; no default route needed.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
cp "$here/gatecheck.py" /tmp/lab/
check "phone 1 joins" phone 1 join
reads_portal 1 5
for gone in no yes; do
    [ $gone = no ] || { echo "  with the uplink up:"; uplink up; sleep 8; }
    phone 1 exec python3 /tmp/lab/gatecheck.py || failed=$((failed + 1))
done
same "a captured name leads to the portal with the uplink up" 302 "$(phone 1 exec curl -s -m 5 -o /dev/null -w '%{http_code}' http://example.org/)"
same "its hidden host is not the internet's" "" "$(phone 1 exec curl -s -m 5 http://203.0.113.1/ | grep 'this is the internet')"
refuse "no ping through the box" phone 1 exec ping -c 1 -W 2 203.0.113.1
phone 1 exec sh -c 'ip -6 route add default via fe80::1 dev wlan1' 2>/dev/null
refuse "no IPv6 through the box" phone 1 exec ping -6 -c 1 -W 2 2001:db8:1::1
same "no router advertises IPv6" "" "$(phone 1 exec ip -6 addr show scope global)"
same "nothing is forwarded" 0 "$(box cat /proc/sys/net/ipv4/ip_forward)"
finish
