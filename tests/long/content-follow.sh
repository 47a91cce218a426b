# A source that changes while the box is offline: when the cable is back, the new release comes by itself, and only what changed is fetched.
# It has not been run to its end yet.
# lab: PHONES=1
# limit: 1800
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tool=${HOTSPOT_TOOL:-$top/target/release/hotspot}
mkdir -p "$work/library" /tmp/lab/www
head -c 8000000 /dev/urandom >"$work/library/film.webm"
printf '%064d\n' 11 >"$work/key"
release() {
    printf '<p>release %s' "$1" >"$work/library/page.html"
    "$tool" bundle make "$work/library" -o "$work/library.car" --key "$work/key" --title "Library $1" --name library --seq "$1" >/dev/null &&
        mv "$work/library.car" /tmp/lab/www/library.car
}
has() { hotspot content list | grep -q "$1"; }
said() { hotspot content sources --json; }
fetched() { said | grep -o '[0-9]* bytes fetched' | head -n 1 | cut -d' ' -f1; }

check "a library is made by the command line" release 1
publisher=$("$tool" bundle inspect /tmp/lab/www/library.car --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["publisher"])')
check "the library is open" within 180 hotspot content list
box sh -c "cat >>/data/settings/settings.toml <<X

[content]
sources = [\"http://library.example/library.car\"]
trusted = [\"$publisher\"]
X
kill -HUP \"\$(cat /run/hotspot/supervisor.pid)\""
uplink up
check "the internet is there" within 180 sh -c 'hotspot status --json | grep -q "\"state\":\"internet\""'
check "the library comes by itself" within 400 has "Library 1"
first=$(fetched)
check "all of it was fetched ($first bytes)" test "$first" -gt 8000000
uplink down
check "the uplink is gone" within 120 sh -c 'hotspot status --json | grep -q "\"state\":\"no-carrier\""'
check "the source has a new release" release 2
uplink up
check "the internet is back" within 180 sh -c 'hotspot status --json | grep -q "\"state\":\"internet\""'
check "the new release comes by itself" within 400 has "Library 2"
second=$(fetched)
check "and what changed alone was fetched ($second bytes)" test "$second" -lt 300000
refuse "the old one has made room" has "Library 1"
check "a phone joins" within 120 phone 1 join
check "and reads it" grep -q "Library 2" <<<"$(phone 1 exec curl -fsS -m 10 "http://$box_address/library/")"
finish
