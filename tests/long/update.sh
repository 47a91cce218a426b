# A box's life with updates: one from a stick that is pulled half-way and pushed in again, kept; one from the network that never gets well,
# with the cable pulled on the way; one from a stick that panics. After each the box works, and the history tells why.
# lab: PHONES=1 STICK_KBPS=700
# limit: 3600
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{first,third} /tmp/lab/www
"$top/lab/variant" same 1 "$work/first/Música do João.mp3" || exit 1
"$top/lab/variant" unwell 2 /tmp/lab/www/second.update || exit 1
"$top/lab/variant" panic 3 "$work/third/p2p-hotspot.update" || exit 1
mkdir "$work/first/p2p-hotspot.update"
began=$(date +%s)
at() { echo "  ($(($(date +%s) - began)) s)"; }

runs() { is 's["running"]["seq"]' "$1"; }
more() { field "(s['progress'] or 0) > $1 and s['state'] == 'writing'" | grep -q True; }

old=$(within 180 field 's["running"]["seq"]')
same "the old image runs in slot A" "a $old" "$(field 's["running"]["slot"]') $old"
check "the access point is up" within 180 radio_is led well

stick insert "$work/first"
check "a stick with an update: it is being written" within 180 more 0.1
same "the LED says so" updating "$(fact led)"
check "the page says so" grep -q "is being written" <<<"$(curl -fsS -m 5 "$LAB_PORTAL/admin/update")"
stick remove
check "pulled half-way: it says so" within 180 history "goes on when release $((old + 1)) is there again"
check "and the box works" portal_up
stick insert
check "pushed in again: it goes on" within 180 history "going on with release $((old + 1))"
check "it is written and read back" within 600 history "release $((old + 1)) is in slot b and was read back whole"
at
check "the box restarts into it by itself" within 600 runs $((old + 1))
check "and keeps it" within 600 state good
at
same "in slot B" b "$(field 's["running"]["slot"]')"
check "a phone joins" within 180 phone 1 join
check "and reads the portal" reads_portal 1 5
stick remove

uplink up
box sh -c 'cat >>/data/settings/settings.toml <<X

[update]
source = "http://updates.example/second.update"
X
kill -HUP "$(cat /run/hotspot/supervisor.pid)"'
check "the internet is there" within 180 sh -c 'hotspot status --json | grep -q "\"state\":\"internet\""'
check "the network has an update" within 180 sh -c "hotspot update check | grep -q 'release $((old + 2)) is there'"
check "it is being written" within 180 more 0.15
uplink down
check "the cable is pulled: it says so" within 300 history "goes on when release $((old + 2)) is there again"
uplink up
check "the cable is back" within 180 sh -c 'hotspot status --json | grep -q "\"state\":\"internet\""'
check "it is asked again" within 180 sh -c 'hotspot update check | grep -q "is there"'
check "it goes on and is written" within 600 history "release $((old + 2)) is in slot a and was read back whole"
at
check "it is tried" within 600 history "release $((old + 2)) was started on trial in slot a"
check "it does not get well: the box is back" within 600 history "release $((old + 2)) was not kept, and release $((old + 1)) in slot b is back: it did not become healthy"
at
uplink down
same "in slot B" "b $((old + 1))" "$(field 's["running"]["slot"]') $(field 's["running"]["seq"]')"

stick insert "$work/third"
check "a release that panics is written" within 600 history "release $((old + 3)) is in slot a and was read back whole"
check "and left again" within 600 history "release $((old + 3)) was not kept, and release $((old + 1)) in slot b is back: it did not start"
at
check "the state says so" state failed
check "a phone joins" within 180 phone 1 join
check "and reads the portal" reads_portal 1 5
check "the page has the whole story" grep -q "it did not start" <<<"$(curl -fsS -m 5 "$LAB_PORTAL/admin/update")"
check "and in Portuguese" grep -q "A última atualização não ficou" <<<"$(curl -fsS -m 5 "$LAB_PORTAL/admin/update?lang=pt")"
check "the stick that is still in is left alone" sleep 5
check "and so the state stays" state failed
hotspot update history
finish
