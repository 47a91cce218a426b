# The internet by each of the four rules, from hotspot.toml, over a reboot and a power cut; and no tunnel for who is locked.
# lab: PHONES=2
# limit: 1800
# shellcheck shell=bash
# shellcheck source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
# shellcheck source=../lib/internet.sh
. "$(dirname "$0")/../lib/internet.sh"
card=$(mktemp -d)
trap 'rm -rf "$card"' EXIT

join_both() {
    check "phone 1 joins" within 120 phone 1 join
    check "phone 2 joins" within 120 phone 2 join
}
start_with() {
    power off
    printf 'version = 1\n[internet]\n%s\n' "$1" >"$card/hotspot.toml"
    card boot "$card"
    power on
    uplink up
    check "the internet is found" within 120 is_online
    join_both
}
# after_starts WHAT CMD...: CMD holds, also after a reboot and a power cut, without a word from anybody.
after_starts() {
    local what=$1
    shift
    check "$what" within 30 "$@"
    for how in reboot "power cut"; do
        $how
        check "$how: the internet is found" within 120 is_online
        join_both
        check "$how: $what" within 60 "$@"
    done
}

start_with 'access = "blocked"'
after_starts "blocked: nothing leads out" not reaches 1
same "no tunnel either" "" "$(tunnels 1)"

start_with 'access = "open"'
after_starts "open: phone 1 is out" reaches 1
check "phone 2 too" within 30 reaches 2
check "by name too" within 30 phone 1 exec curl -fsS -m 5 -o /dev/null http://example.org/
phone 1 leave
check "phone 1 comes anew" phone 1 join
same "its check meets the portal first" 302 "$(phone 1 exec curl -sS -m 5 -o /dev/null -w '%{http_code}' http://connectivitycheck.gstatic.com/generate_204)"
check "Continue is tapped" phone 1 exec curl -fsS -m 5 -o /dev/null -d '' "http://$box_address/continue"
# shellcheck disable=SC2016
check "and its check meets the internet" within 30 phone 1 exec sh -c '[ "$(curl -sS -m 5 -o /dev/null -w "%{http_code}" http://connectivitycheck.gstatic.com/generate_204)" = 204 ]'
seen=$(tunnels 1)
check "here the other end does see pings and names, so it would have seen a tunnel" grep -q 'ICMP echo request' <<<"$seen"
check "of names too" grep -q tunnel <<<"$seen"
same "IPv6 leads nowhere even so" "" "$(grep -E '^[^ ]+ IP6 ' <<<"$seen")"

start_with $'access = "password"\npassword = "pao de queijo"'
refuse "password: locked" reaches 1
same "a wrong one is refused" 403 "$(type_in 1 nonsense)"
same "the right one is welcome" 303 "$(type_in 1 'pao de queijo')"
after_starts "phone 1 is out" reaches 1
refuse "phone 2 is not" reaches 2
same "and has no tunnel" "" "$(tunnels 2)"

start_with 'access = "voucher"'
code=$(new_voucher hours 2)
refuse "voucher: locked" reaches 1
same "a wrong one is refused" 403 "$(type_in 1 222222222)"
same "a right one is welcome" 303 "$(type_in 1 "$code")"
after_starts "phone 1 is out" reaches 1
refuse "phone 2 is not" reaches 2
same "and has no tunnel" "" "$(tunnels 2)"
says_left() { phone 1 exec curl -sS -m 5 "http://$box_address/internet" | grep -q 'Left: [12] h'; }
check "its hours are counted" says_left
same "the voucher moves to phone 2" 303 "$(type_in 2 "$code")"
check "which is out" within 30 reaches 2
refuse "and phone 1 is not" reaches 1
finish
