# The owner lets visitors out by voucher, then all of them; who is locked finds no tunnel. (Each rule over reboots: tests/long/internet.sh)
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
# shellcheck source=../lib/internet.sh
. "$(dirname "$0")/../lib/internet.sh"

# rule LINES: as a change on the owner's page that is on trial.
rule() {
    printf 'version = 1\n[internet]\n%b' "$1" | box sh -c 'cat >/run/hotspot/ownerd/trial.toml'
    box curl -sS -m 30 --unix-socket /run/hotspot/supervisor.sock -d '{}' http://localhost/settings >/dev/null
}
rule_is() { ask_netd "" | python3 -c 'import json, sys; g = json.load(sys.stdin); sys.exit((g["access"], g["online"]) != (sys.argv[1], True))' "$1"; }

check "phone 1 joins" phone 1 join
check "phone 2 joins" phone 2 join
uplink up
rule 'access = "voucher"\n'
check "the rule is: vouchers, and the internet is there" within 60 rule_is voucher
refuse "locked" reaches 1
same "no tunnel leads out" "" "$(tunnels 1)"
same "a wrong voucher is refused" 403 "$(type_in 1 222222222)"
same "a right one is welcome" 303 "$(type_in 1 "$(new_voucher hours 1)")"
check "and phone 1 is out" within 30 reaches 1
refuse "phone 2 is not" reaches 2
rule 'access = "open"\n'
check "the rule is: everybody" within 60 rule_is open
check "phone 2 is out" within 30 reaches 2
check "names lead there" within 10 phone 2 exec sh -c 'curl -fsS -m 5 http://example.org/ | grep -q internet'
box rm /run/hotspot/ownerd/trial.toml
box curl -sS -m 30 --unix-socket /run/hotspot/supervisor.sock -d '{}' http://localhost/settings >/dev/null
check "the trial is over: nobody is out" within 60 not reaches 2
finish
