# Helpers of the scenarios: `. "$(dirname "$0")/lib.sh"` first, `finish` last.
# shellcheck shell=bash
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export here
failed=0
box_address=10.42.0.1
# shellcheck disable=SC2034
capture=198.51.100.1

# check WHAT CMD...: CMD must succeed; what it printed is shown when it does not.
check() {
    local what=$1 out
    shift
    if out=$("$@" 2>&1); then
        echo "  ok: $what"
    else
        echo "  FAILED: $what"
        [ -z "$out" ] || tail -n 20 <<<"$out" | sed 's/^/      /'
        failed=$((failed + 1))
    fi
}

# refuse WHAT CMD...: CMD must fail.
refuse() {
    local what=$1
    shift
    check "$what" not "$@"
}
not() { ! "$@"; }

# same WHAT EXPECTED ACTUAL
same() { check "$1" compare "$2" "$3"; }
compare() { [ "$1" = "$2" ] || { printf 'expected: %s\nfound:    %s\n' "$1" "$2"; false; }; }

# within SECONDS CMD...: tries again until it succeeds.
within() {
    local until=$(($(date +%s) + $1)) out
    shift
    until out=$("$@" 2>&1); do
        [ "$(date +%s)" -lt "$until" ] || { echo "$out"; return 1; }
        sleep 0.5
    done
    [ -z "$out" ] || echo "$out"
}

# The portal, as the box's own cable side sees it.
portal_up() { curl -fsS -o /dev/null -m 5 "$LAB_PORTAL/"; }

# reads N FILE: phone N fetches the portal within 2 s.
reads_portal() { phone "$1" exec curl -fsS -m "${2:-2}" -o /dev/null "http://$box_address/"; }

# What the box says of itself, s being its status; `fact KEY` is about the radio.
status() { hotspot status --json | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"; }
slot() { status 's["slot"]'; }
in_slot() { compare "$1" "$(slot)"; }
on_trial() { box grep -q "hotspot.trial=$1" /proc/cmdline; }
fact() { status "s['radio'].get('$1')"; }
radio_is() { [ "$(fact "$1")" = "$2" ] || { hotspot status --json | tail -c 3000; false; }; }

# What it says of its updates: `is EXPRESSION VALUE`, s being the status; `history [-F] PATTERN`.
field() { hotspot update status --json | python3 -c "import json, sys; s = json.load(sys.stdin); print($1)"; }
is() { compare "$2" "$(field "$1")"; }
state() { is 's["state"]' "$1"; }
history() { hotspot update history | grep -q "$@"; }

finish() {
    [ "$failed" = 0 ] || { echo "$failed checks failed"; exit 1; }
    exit 0
}
