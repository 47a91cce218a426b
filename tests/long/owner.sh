# The owner on the real image: the setup code on the card, five steps in a browser, a Wi-Fi change on trial and a power cut in it,
# a password in hotspot.toml that is wiped, a new owner. Of p1 only the data of the two files may change.
# lab: PHONES=1
# limit: 1800
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
command -v chromium >/dev/null || { echo "skipped: there is no chromium"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

owner() { python3 -B "$here/../long/ownerwalk.py" "$LAB_PORTAL" "$@"; }
# p1 of the card as it is now (powered off), in a file.
p1() {
    card read "$work/card"
    dd if="$work/card" of="$1" bs=1M skip=16 count=256 status=none
    rm "$work/card"
}
ssid() { box cat /run/hotspot/settings.json | python3 -c 'import json, sys; print(json.load(sys.stdin)["wifi"]["ssid"])'; }

check "the portal answers" within 120 portal_up
check "the card has the setup code" within 60 box grep -q "Setup code of this box:  ....-...." /boot/setup-code.txt
code=$(box cat /boot/setup-code.txt | sed -n 's/^Setup code of this box: *\([A-Z0-9-]*\).*/\1/p' | tr -d '\r')
check "so has the console" grep -aq "$code" "$LAB_RUN/console.log"
check "nobody else may read the owner's record" box sh -c 'test "$(stat -c %a /data/ownerd/owner.json)" = 600'

check "five steps make an owner" owner setup "$code" "four words of mine" "Vila Nova" BR
check "the settings hold" within 30 box grep -q '"country":"BR"' /run/hotspot/settings.json
check "setup-code.txt says that it is over" within 30 box grep -q "has an owner" /boot/setup-code.txt
refuse "the password is nowhere on the card" box grep -rq "four words of mine" /data /boot /run/hotspot
check "the phone finds the network" phone 1 join

check "a new Wi-Fi name is tried" owner try "four words of mine" "Rio Doce"
check "it holds" within 20 test "$(ssid)" = "Rio Doce"
power cut
check "the portal answers again" within 120 portal_up
same "a power cut in the trial undoes it" "P2P Hotspot" "$(within 60 ssid)"

check "and when it is kept" owner keep "four words of mine" "Rio Doce"
power cut
check "the portal answers once more" within 120 portal_up
same "it outlives a power cut" "Rio Doce" "$(within 60 ssid)"
power off

mkdir "$work/files"
printf '[wifi]\nssid = "Rio Doce"\n[admin]\npassword = "from the card"\n' >"$work/files/hotspot.toml"
card boot "$work/files"
p1 "$work/with"
power on
check "the box starts with a password on its card" within 120 portal_up
check "which opens the owner's page" within 60 owner login "from the card"
check "and is wiped" within 60 not box grep -q "from the card" /boot/hotspot.toml
power off
p1 "$work/after"
refuse "it is nowhere on p1" grep -q "from the card" "$work/after"
changed=$(cmp -l "$work/with" "$work/after" | wc -l)
check "nothing else on p1 has changed ($changed bytes)" test "$changed" -gt 0 -a "$changed" -le 540
check "p1 is a sound file system" fsck.vfat -n "$work/after"

rm "$work/files/hotspot.toml"
echo please >"$work/files/new-owner.txt"
card boot "$work/files"
power on
check "the portal answers for a new owner" within 120 portal_up
check "there is a setup code again" within 60 box grep -q "Setup code of this box:" /boot/setup-code.txt
refuse "the old password is over" owner login "from the card"
finish
