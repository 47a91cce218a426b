# The access point: phones on it and apart from each other; hostapd, radiod and the radio itself fail and come back.
# shellcheck source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"

# radio KEY: a value of the status's radio part.
process() { box pgrep -x "$1" | head -n 1; }
daemon() { hotspot status --json | python3 -c 'import json, sys; print([d["pid"] for d in json.load(sys.stdin)["daemons"] if d["name"] == sys.argv[1]][0])' "$1"; }
associated() { phone "$1" exec iw dev | grep -q ssid; }

check "the network is open within two minutes" within 120 radio_is state up
check "on channel 1, 6 or 11" grep -qxE '1|6|11' <<<"$(fact channel)"
same "under the rules of the country that is set" "$(fact country)" "$(box iw reg get | sed -n 's/^country \(..\).*/\1/p' | head -n 1)"
same "radiod is not root, and hostapd neither" "radiod radiod" "$(for p in "$(daemon radiod)" "$(process hostapd)"; do box stat -c %U "/proc/$p"; done | xargs)"
check "phone 1 joins" phone 1 join
check "phone 2 joins" phone 2 join
check "both are counted" within 10 radio_is stations 2
neighbour=$(phone 2 exec ip -4 -o addr show scope global | grep -oE '10\.42\.[0-9.]+' | head -n 1)
check "phone 2 has an address" [ -n "$neighbour" ]
check "a phone reaches the box" phone 1 exec ping -c 1 -W 5 $box_address
refuse "but not another phone" phone 1 exec ping -c 2 -W 2 "$neighbour"

old=$(process hostapd)
box kill -9 "$(daemon radiod)"
check "radiod is killed and back within seconds" within 20 radio_is state up
same "the network stayed open meanwhile" "$old" "$(process hostapd)"
check "phone 1 is still associated" associated 1
check "and still counted" within 10 radio_is stations 2

box kill -9 "$(process hostapd)"
check "hostapd is killed and the network back within seconds" within 20 radio_is state up
check "phone 1 joins again" phone 1 join

phy=$(fact phy)
radio pull
check "the radio is pulled: no radio" within 20 radio_is state no-radio
check "the portal answers by cable" portal_up
radio push
check "the radio is back: the network is open again without a reboot" within 30 radio_is state up
refuse "under another number" [ "$phy" = "$(fact phy)" ]
check "phone 1 joins again" phone 1 join
check "phone 2 joins again" phone 2 join
check "both are counted" within 10 radio_is stations 2
finish
