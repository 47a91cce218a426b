# The internet by each of the four rules, on the image, over a reboot and a power cut. By hand: lab/lab tests/scenarios/by-hand/internet.sh
# shellcheck shell=bash
# lab: PHONES=2
# shellcheck source=../lib.sh disable=SC2154
. "$(dirname "$0")/../lib.sh"
card=$(mktemp -d)
trap 'rm -rf "$card"' EXIT
mkdir -p /tmp/lab/www
echo 'this is the internet' >/tmp/lab/www/index.html

online() { hotspot status --json | grep -q '"state":"internet"' || hotspot status --json | grep -q '"state": "internet"'; }
start_with() {
    power off
    printf 'version = 1\n[internet]\n%s\n' "$1" >"$card/hotspot.toml"
    card boot "$card"
    power on
    uplink up
    check "the internet is found" within 120 online
    check "phone 1 joins" phone 1 join
    check "phone 2 joins" phone 2 join
}
netd() { box curl -sS -m 10 --unix-socket /run/hotspot/netd.sock "http://localhost/gate$1" "${@:2}"; }
type_in() { phone "$1" exec curl -sS -m 10 -o /dev/null -w '%{http_code}' -d "code=$2" "http://$box_address/internet"; }
reaches() { phone "$1" exec curl -sS -m 5 http://203.0.113.1/ | grep -q 'this is the internet'; }

start_with 'access = "blocked"'
refuse "blocked: nothing leads out" reaches 1
start_with 'access = "open"'
check "open: phone 1 is out" within 30 reaches 1
check "open: by name too" within 30 phone 1 exec curl -fsS -m 5 -o /dev/null http://example.org/
same "its check meets the portal first" 302 "$(phone 1 exec curl -sS -m 5 -o /dev/null -w '%{http_code}' http://connectivitycheck.gstatic.com/generate_204)"
start_with $'access = "password"\npassword = "pao de queijo"'
refuse "password: locked" reaches 1
same "a wrong one is refused" 403 "$(type_in 1 nonsense)"
same "the right one is welcome" 303 "$(type_in 1 'pao de queijo')"
check "and phone 1 is out" within 30 reaches 1
refuse "phone 2 is not" reaches 2
reboot
check "after a reboot phone 1 joins" within 120 phone 1 join
check "and is out without a word" within 60 reaches 1
start_with 'access = "voucher"'
id=$(netd /make -d '{"kind":"hours","amount":2,"count":3,"label":"lab"}' | grep -oE '"id":[0-9]+' | grep -oE '[0-9]+')
code=$(netd "/batch?id=$id" | grep -oE '"code":"[0-9A-Z]+"' | head -n 1 | cut -d'"' -f4)
same "voucher: a wrong one is refused" 403 "$(type_in 1 222222222)"
same "a right one is welcome" 303 "$(type_in 1 "$code")"
check "and phone 1 is out" within 30 reaches 1
power cut
check "after a power cut phone 1 joins" within 120 phone 1 join
check "and is out without a word" within 60 reaches 1
says_left() { phone 1 exec curl -sS -m 5 "http://$box_address/internet" | grep -q 'Left: [12] h'; }
check "its hours are counted" says_left
finish
