# Every row of the probe table (probes.tsv), before and after Continue. CLIENT=iOS runs that client's rows alone.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
cp "$here/probes.tsv" "$here/probe.py" /tmp/lab/
check "phone 1 joins" phone 1 join
phone 1 exec python3 /tmp/lab/probe.py /tmp/lab/probes.tsv captive ${CLIENT:+"$CLIENT"} || failed=$((failed + 1))
same "Continue sends the phone back to the portal" "303" "$(phone 1 exec curl -s -m 5 -o /dev/null -w '%{http_code}' -X POST http://$box_address/continue)"
phone 1 exec python3 /tmp/lab/probe.py /tmp/lab/probes.tsv continued ${CLIENT:+"$CLIENT"} || failed=$((failed + 1))
# Android shows "no internet" when a rejoining phone's first probe gets a 204.
check "the phone joins again" phone 1 join
same "and starts captive again" "302" "$(phone 1 exec curl -s -m 5 -o /dev/null -w '%{http_code}' http://connectivitycheck.gstatic.com/generate_204)"
check "another phone is not continued with it" phone 2 join
same "it is captive" "302" "$(phone 2 exec curl -s -m 5 -o /dev/null -w '%{http_code}' http://connectivitycheck.gstatic.com/generate_204)"
finish
