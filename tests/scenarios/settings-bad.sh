# A wrong hotspot.toml: the box starts with the defaults for what is wrong, and says so with line and reason.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
with() {
    power off
    cat >"$folder/hotspot.toml"
    check "the card takes the file" card boot "$folder"
    power on
    check "the portal answers" within 120 portal_up
}
problems() { hotspot status --json | python3 -c 'import json, sys; print(*[p["key"] for p in json.load(sys.stdin)["settings"]["problems"]])'; }
has_problem() { problems | grep -q -- "$1" || { hotspot status --json | tail -c 1500; false; }; }

echo "  -- not TOML"
printf 'version = 1\n[wifi\nssid = "x"\n' | with
check "the problem is shown" within 30 sh -c 'hotspot status --json | python3 -c "import json, sys; sys.exit(not json.load(sys.stdin)[\"settings\"][\"problems\"])"'
check "and in the log" sh -c 'hotspot log | grep -qi "hotspot.toml"'
check "a phone joins the default network" phone 1 join

echo "  -- unknown key, short password, long emoji name, unknown country"
printf 'version = 1\n[device]\nname = "Kept"\ncountry = "QQ"\n[wifi]\nssid = "📶📶📶📶📶📶📶📶📶📶"\npassword = "1234567"\nfrequency = 3\n' | with
for key in wifi.password wifi.ssid device.country wifi.frequency; do check "$key is named" within 30 has_problem $key; done
check "a phone joins with the defaults" phone 1 join
check "and reads the portal" reads_portal 1 5

echo "  -- put right: WPA2"
printf 'version = 1\n[device]\ncountry = "BR"\n[wifi]\nssid = "Aldeia 📶"\npassword = "segredo123"\n' | with
same "no problem is left" "" "$(within 30 problems)"
refuse "a wrong password is refused" env SSID="Aldeia 📶" phone 1 join wrongwrong
check "the right one is taken" env SSID="Aldeia 📶" phone 1 join segredo123
check "and the portal is read" reads_portal 1 5

echo "  -- as it was"
printf 'version = 1\n' | with
check "a phone joins the open network" phone 1 join
finish
