# Every page of the booted box in Chromium, as tests/portal/booted.py walks them: the visitor's, the first setup with the code that stands on the
# card, the owner's, vouchers made there and used by a phone; and all of it after a reboot and a power cut.
# lab: PHONES=2
# limit: 3600
# shellcheck shell=bash
# shellcheck source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
# shellcheck source=../lib/internet.sh
. "$(dirname "$0")/../lib/internet.sh"
walk=$(cd "$here/../portal" && pwd)/booted.py

check "the access point is up" within 180 radio_is led well
check "a visitor's pages" "$walk" visitor
code=$(within 60 box grep -oE '[2-9A-Z]{4}-[2-9A-Z]{4}' /boot/setup-code.txt)
check "the card's code begins the first setup" "$walk" setup "$code"
check "after which it is gone from the card" within 60 not box grep -q "$code" /boot/setup-code.txt
check "the network has its new name" within 120 radio_is ssid "Vila Nova"
seen=$("$walk" owner 2>&1) || { echo "$seen"; seen=; }
check "every tab of the owner's page, a setting, vouchers" test -n "$seen"
voucher=$(tail -n 1 <<<"$seen")

uplink up
check "the internet is found" within 120 is_online
check "phone 1 joins" within 120 phone 1 join
refuse "it is locked" reaches 1
same "the voucher from the page is welcome" 303 "$(type_in 1 "$voucher")"
check "and it is out" within 30 reaches 1
for how in reboot "power cut"; do
    $how
    check "$how: the pages have what was set up" within 120 "$walk" again
    check "$how: the internet is found" within 120 is_online
    check "$how: phone 1 joins" within 120 phone 1 join
    check "$how: and is out" within 60 reaches 1
    check "$how: phone 2 joins" within 120 phone 2 join
    refuse "$how: which is locked" reaches 2
done
finish
