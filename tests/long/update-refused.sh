# Updates that are not taken: nothing is written, and the light, the page and the history say why in a line.
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{old,broken}
"$top/lab/variant" same -1 "$work/old/p2p-hotspot.update" || exit 1
"$top/lab/variant" same 1 "$work/broken/p2p-hotspot.update" || exit 1
truncate -s -1000 "$work/broken/p2p-hotspot.update"

field() { hotspot update status --json | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"; }
history() { hotspot update history | grep -q "$1"; }
led() { [ "$(hotspot status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["radio"]["led"])')" = "$1" ]; }

seq=$(field 's["running"]["seq"]')
before=$(field 's["other"]')
check "the access point is up" within 90 sh -c 'hotspot status --json | grep -q "\"state\":\"up\""'
stick insert "$work/old"
why="release $((seq - 1)) is older than $seq, which runs"
check "an older one on a stick: the history says why" within 60 history "p2p-hotspot.update on the stick: $why"
check "the light says so" within 20 led "9 update-refused"
check "and the page" grep -q "$why" <<<"$(curl -fsS -m 5 "$LAB_PORTAL/admin/update")"
check "and the status" grep -q "$why" <<<"$(hotspot update status)"
stick remove
stick insert "$work/broken"
check "one that was cut off: the history says why" within 60 history "it is damaged: it has"
stick remove
cp "$work/broken/p2p-hotspot.update" /tmp/lab/broken
refuse "by hand it is refused, too" hotspot update apply /tmp/lab/broken
check "in one line" [ "$(hotspot update apply /tmp/lab/broken 2>&1 | wc -l)" = 1 ]
same "nothing was written" "idle $before" "$(field 's["state"]') $(field 's["other"]')"
finish
