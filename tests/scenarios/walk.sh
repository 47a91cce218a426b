# A phone joins: network, lease, hijacked name, its system's probe, the portal page. Each step with its time.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
now() { date +%s%N; }
begin=$(now)
step() {
    local what=$1 out from
    shift
    from=$(now)
    if ! out=$("$@" 2>&1); then
        echo "FAILED: $what"
        [ -z "$out" ] || echo "$out" | tail -n 10
        exit 1
    fi
    printf '%6.1f s  %s%s\n' "$(($(now) - from))e-9" "$what" "${out:+: $out}"
}
radio_up() {
    within 110 sh -c 'hotspot status --json | python3 -c "
import json, sys
r = json.load(sys.stdin)[\"radio\"]
assert r[\"state\"] == \"up\", r
print(r[\"ssid\"], \"on channel\", r[\"channel\"])"'
}
hijacked() {
    local a
    a=$(phone 1 exec dig +short +tries=2 connectivitycheck.gstatic.com A)
    echo "$a"
    [ "$a" = $capture ]
}
probe() {
    local a
    a=$(phone 1 exec curl -sS -m 5 -o /dev/null -w '%{http_code} %{redirect_url}' http://connectivitycheck.gstatic.com/generate_204)
    echo "$a"
    [ "${a%% *}" = 302 ]
}
page() {
    local a
    a=$(phone 1 exec curl -fsSL -m 10 http://connectivitycheck.gstatic.com/generate_204) || return 1
    a=$(grep -o '<title>[^<]*' <<<"$a") || { echo "the page has no title"; return 1; }
    echo "${a#<title>}"
}
step "booted, the portal answers" box true
printf '%6s    %s\n' "" "($(power age) s after power-on)"
step "access point up" radio_up
joined=$(phone 1 join 2>&1) || { echo "FAILED: the phone joins"; echo "$joined"; exit 1; }
# Its own times: found, associated, leased.
sed -nE 's/^phone 1: (.*) in ([0-9.]+) s(.*)$/\2 \1\3/p' <<<"$joined" | while read -r t rest; do printf '%6.1f s  phone: %s\n' "$t" "$rest"; done
step "a foreign name leads to the box" hijacked
step "its system's probe is answered with a portal" probe
step "the portal page is read" page
printf '%6.1f s  in all\n' "$(($(now) - begin))e-9"
