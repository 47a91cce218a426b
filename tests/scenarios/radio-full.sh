# lab: PHONES=33
# The radio takes 31 phones; who takes the last place is known, and the next one is turned away.
# shellcheck source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
# The station that took the last place.
last() { box curl -s --unix-socket /run/hotspot/radiod.sock http://box/stations | python3 -c 'import json, sys; print(*[s["mac"] for s in json.load(sys.stdin)["stations"] if s["last"]])'; }
address() { phone "$1" exec cat "/sys/class/net/wlan$1/address"; }

check "the network is open within two minutes" within 120 radio_is state up
limit=$(fact limit)
if [ "$PHONES" -lt $((limit + 1)) ]; then
    echo "  skipped: this radio takes $limit phones: PHONES=$((limit + 2)) lab/lab tests/scenarios/radio-full.sh"
    exit 0
fi
for n in $(seq 1 $((limit - 1))); do
    phone "$n" join >/dev/null &
    [ $((n % 6)) != 0 ] || wait
done
wait
check "one place is left" within 60 radio_is stations $((limit - 1))
same "the box is not full" False "$(fact full)"
check "a phone takes the last place" phone "$limit" join
check "the box is full" within 60 radio_is full True
same "the last one is known" "$(address "$limit")" "$(last)"
refuse "the next one does not get in" timeout 25 phone $((limit + 1)) join
check "somebody leaves" phone 1 leave
check "the box is not full any more" within 15 radio_is full False
same "nobody has the last place" "" "$(last)"
finish
