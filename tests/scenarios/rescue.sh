# Both slots destroyed: the rescue system opens the network and says on one page, in the phone's language, what is wrong and what to do.
# lab: PHONES=2
# shellcheck shell=bash source=lib.sh
. "$(dirname "$0")/lib.sh"

page() { phone 1 exec curl -fsS -m 5 -H "Accept-Language: $1" "http://$box_address/"; }

data_ok() { hotspot status --json | python3 -c 'import json, sys; sys.exit(not json.load(sys.stdin)["data"]["ok"])'; }

check "the box has its storage" within 120 data_ok
box sh -c 'echo kept >/data/netd/marker; sync'
power off
card rot a kernel 50
power on
check "slot A destroyed, slot B empty: the portal answers" within 120 portal_up
same "from the rescue system" rescue "$(slot)"
check "a phone joins" within 120 phone 1 join
check "it reads what is wrong, in English" grep -q "needs a repair" <<<"$(page en)"
check "in Portuguese" grep -q "precisa de conserto" <<<"$(page pt-BR)"
check "in Spanish" grep -q "necesita una reparación" <<<"$(page es)"
check "in French" grep -q "besoin d&#39;une réparation" <<<"$(page fr)"
check "and what to do" grep -q "p2p-hotspot.update" <<<"$(page en)"
check "an iPhone's own window shows it" grep -q "needs a repair" <<<"$(phone 1 exec curl -fsS -m 5 -A "CaptiveNetworkSupport-500 wispr" http://captive.apple.com/hotspot-detect.html)"
check "the owner's page names it" grep -q "rescue system" <<<"$(phone 1 exec curl -fsS -m 5 "http://$box_address/admin/")"
check "and the command" grep -q "rescue system" <<<"$(hotspot status)"
same "what was stored is there" kept "$(box cat /data/netd/marker)"
check "a second phone joins" within 60 phone 2 join
reboot
check "a restart comes back to it" within 120 portal_up
same "as long as nothing was mended" rescue "$(slot)"
finish
