# A stick with a bundle: it waits, the admin trusts its publisher, a phone reads it; pulled and cut, it stays; it goes out on a stick again.
# lab: STICK=tests/scenarios/content-stick PHONES=1
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
has() { hotspot content "$1" | grep -q "$2"; }
library() { phone 1 exec curl -fsS -m 10 "http://$box_address/library/$1"; }
check "the library is open" within 60 hotspot content list
check "a stick goes in" stick insert
check "its bundle waits for a word" within 60 has waiting Aldeia
key=$(hotspot content waiting --json | grep -o 'k51[a-z0-9]*' | head -n 1)
check "the admin trusts its publisher" hotspot content trust "$key"
check "it is published" within 60 has list Aldeia
check "a phone joins" phone 1 join
check "the library shows it" within 20 sh -c "phone 1 exec curl -fsS -m 10 http://$box_address/library/ | grep -q Aldeia"
book=$(library "" | grep -o '/library/[a-z0-9]*/' | head -n 1)
book=${book#/library/}
same "a page of it, as it was made" "$(cat "$here/content-stick/page.txt")" "$(library "${book}view/page.txt")"
same "a stretch of it" "$(head -c 5 "$here/content-stick/page.txt")" "$(phone 1 exec curl -fsS -m 10 -r 0-4 "http://$box_address/library/${book}view/page.txt")"
root=$(hotspot content list --json | grep -o '"root":"[a-z0-9]*"' | head -n 1 | cut -d'"' -f4)
same "the gateway has the bundle, byte for byte" "$(sha256sum <"$here/content-stick/aldeia.car")" "$(phone 1 exec curl -fsS -m 20 "http://$box_address/ipfs/$root?format=car" | sha256sum)"
check "the stick comes out" stick remove
check "it stays" has list Aldeia
power cut
check "after a cut it is there" within 60 has list Aldeia
check "every block as it should be" hotspot content scrub
# Onwards to the next village: written, given back clean, the same bytes.
check "the stick is in again" stick insert
writable() { hotspot content export stick; }
check "the bundle goes onto it" within 60 writable
check "it is read-only again" box sh -c "grep ' /run/hotspot/sticks/' /proc/mounts | grep -q ' ro,'"
check "the stick comes out again" stick remove
volume=$(mktemp)
stick read "$volume"
same "it left the box clean" "" "$(fsck.vfat -n "$volume" | grep -i dirty)"
same "the bundle on it, byte for byte" "$(sha256sum <"$here/content-stick/aldeia.car")" "$(mtype -i "$volume" "$(mdir -b -i "$volume" '::/p2p-hotspot/*.car')" | sha256sum)"
rm "$volume"
finish
