# hotspot.toml on the card: what is wrong in it costs its own line and is told; what changed since the last start wins.
# lab: PHONES=1
# shellcheck shell=bash source=lib.sh
. "$(dirname "$0")/lib.sh"

setting() { box cat /run/hotspot/settings.json | python3 -c 'import json, sys; s = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
# put LINES: this hotspot.toml is on the card at the next start.
put() {
    local folder
    folder=$(mktemp -d)
    printf '%b' "$1" >"$folder/hotspot.toml"
    power off
    card boot "$folder"
    power on
    rm -r "$folder"
    within 120 box test -e /run/hotspot/settings.json
}

check "the box starts with the template" within 120 box test -e /run/hotspot/settings.json
same "without a problem" '[]' "$(setting 's["problems"]')"
same "as an open network" "P2P Hotspot" "$(setting 's["wifi"]["ssid"]')"

bees=$(printf '🐝%.0s' 1 2 3 4 5 6 7 8 9 10)
check "a wrong file is put on the card" put "[community]\nname = \"Vila Nova\"\ncolour = \"red\"\n[device]\ncountry = \"XX\"\n[wifi]\nssid = \"$bees\"\npassword = \"seven77\"\n[lan\nrange = \"10.0.0.0/24\"\n"
check "the portal answers" within 120 portal_up
same "what is right in it holds" "Vila Nova" "$(setting 's["community"]["name"]')"
same "what is wrong has its default" "P2P Hotspot GB 10.42.0.0/24" "$(setting 's["wifi"]["ssid"] + " " + s["device"]["country"] + " " + s["lan"]["range"]')"
same "each wrong line is named" "[3, 5, 7, 8, 9]" "$(setting '[p["line"] for p in s["problems"]]')"
told=$(hotspot status)
for words in "line 3: community.colour" "line 5: device.country" "line 7: wifi.ssid: the name has 40 bytes" "line 8: wifi.password: a Wi-Fi password has 8 to 63 characters, this one has 7" "line 9: "; do
    check "the status says: $words" grep -qF "hotspot.toml $words" <<<"$told"
done
check "the log too" grep -q "line 7: wifi.ssid" <<<"$(hotspot log -n 500)"
refuse "without the password" grep -q seven77 <<<"$told$(hotspot log -n 500)"

check "a right file is put on the card" put "\xef\xbb\xbf[device]\r\nname = \"casa\"\r\ncountry = \"br\"\r\n[wifi]\r\nssid = \"Água Viva\"\r\npassword = \"pao de queijo\"\r\n"
same "no problem is left" '[]' "$(setting 's["problems"]')"
same "its values hold" "Água Viva BR" "$(setting 's["wifi"]["ssid"] + " " + s["device"]["country"]')"
same "what left the file has its default again" "P2P Hotspot" "$(setting 's["community"]["name"]')"
same "the box has its name" casa "$(box cat /proc/sys/kernel/hostname)"
refuse "the password is not among the settings" box grep -q queijo /run/hotspot/settings.json
check "but where the radio reads it" box grep -q "pao de queijo" /run/hotspot/secrets.json

# The settings of record changed (as the owner's page does); the file did not.
box sed -i 's/Água Viva/Rio Doce/' /data/settings/settings.toml
reboot
within 120 box test -e /run/hotspot/settings.json
same "the record outlives a restart" "Rio Doce" "$(setting 's["wifi"]["ssid"]')"
finish
