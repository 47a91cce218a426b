# Updates that are not taken: nothing is written, and the light, the page and the history say why in a line.
# lab: PHONES=1
# limit: 1800
# shellcheck shell=bash source=../scenarios/lib.sh disable=SC2154
. "$(dirname "$0")/../scenarios/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$(dirname "$0")/refused.py" "$work" || exit 1

page() { curl -fsS -m 5 "$LAB_PORTAL/admin/update" | grep -qF "$1"; }
refusals() { hotspot update history --json | python3 -c 'import json, sys; print(sum(e["event"] == "refused" for e in json.load(sys.stdin)["entries"]))'; }

# not_taken FOLDER: its update, on a stick.
not_taken() {
    local why before
    why=$(cat "$1/why")
    before=$(within 60 refusals)
    rm "$1/why"
    stick insert "$1"
    check "on a stick: $why" within 180 history -F "update.bin on the stick: $why"
    check "  the light tells" within 180 radio_is led "9 update-refused"
    check "  the page" within 30 page "$why"
    check "  the status" grep -qF "$why" <<<"$(within 60 hotspot update status)"
    same "  the history, in one line" $((before + 1)) "$(within 60 refusals)"
    stick remove
}

check "the access point is up" within 180 radio_is led well
before=$(within 180 field 's["running"], s["other"]')
for folder in "$work"/[0-9]*; do not_taken "$folder"; done
cp "$work/01/update.bin" /tmp/lab/older
refuse "by hand it is refused, too" hotspot update apply /tmp/lab/older
same "in one line" 1 "$(hotspot update apply /tmp/lab/older 2>&1 | wc -l)"
same "nothing was written" "idle $before" "$(field 's["state"]') $(field 's["running"], s["other"]')"

power off
card random-data
card record "r_floor=$(cat "$work/floor")"
power on
check "all of /data is lost: the box is there" within 600 radio_is led well
check "the history was begun anew" [ "$(within 180 refusals)" = 0 ]
not_taken "$work/lost"
same "nothing was written" "idle $before" "$(field 's["state"]') $(field 's["running"], s["other"]')"
hotspot update history
finish
