# The radio's settings from the card: WPA2 with a name in UTF-8, country, channel; what cannot be had is said and replaced.
# lab: PHONES=3
# shellcheck source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
card=$(mktemp -d)
trap 'rm -rf "$card"' EXIT

start_with() {
    power off
    cat >"$card/hotspot.toml"
    card boot "$card"
    power on
    check "the network is open within two minutes" within 120 radio_is state up
}

start_with <<'TOML'
version = 1
[device]
country = "BR"
[wifi]
ssid = "Vila da Paz é aqui"
password = "segredo da vila"
channel = 11
TOML
same "the name is as set" "Vila da Paz é aqui" "$(fact ssid)"
same "with WPA2" wpa2 "$(fact security)"
same "on the channel that is set" 11 "$(fact channel)"
same "in the country that is set" BR "$(box iw reg get | sed -n 's/^country \(..\).*/\1/p' | head -n 1)"
check "a phone with the password joins" phone 1 join "segredo da vila"
check "another too" phone 2 join "segredo da vila"
neighbour=$(phone 2 exec ip -4 -o addr show scope global | grep -oE '10\.42\.[0-9.]+' | head -n 1)
check "which has an address" [ -n "$neighbour" ]
refuse "phones do not reach each other" phone 1 exec ping -c 2 -W 2 "$neighbour"
refuse "a phone with a wrong password does not" timeout 25 phone 3 join "segredo errado"
refuse "the password is in no file that others may read" box grep -rqs "segredo da vila" /run/hotspot/settings.json /tmp /var/log
refuse "nor in the log" grep -q "segredo da vila" <<<"$(hotspot log)"

start_with <<'TOML'
version = 1
[device]
country = "US"
[wifi]
channel = 13
TOML
check "a channel that the country forbids is replaced" grep -qxE '1|6|11' <<<"$(fact channel)"
check "and it is said" grep -q "channel 13 is not allowed" <<<"$(fact problems)"
check "a phone joins without a password" phone 1 join
finish
