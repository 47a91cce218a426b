# /data of random bytes: the portal comes up all the same, and says what was lost.
. "$(dirname "$0")/lib.sh"
power off
check "the card's data region is spoilt" card random-data
power on
check "the portal answers" within 120 portal_up
check "a phone joins" phone 1 join
check "and reads the portal" reads_portal 1 5
hotspot status --json | python3 -c 'import json, sys; s = json.load(sys.stdin); print("  data:", s["data"], s["problems"])'
check "the storage works again, or says why not" sh -c 'hotspot status --json | python3 -c "import json, sys; d = json.load(sys.stdin)[\"data\"]; sys.exit(not (d[\"ok\"] or d[\"why\"]))"'
finish
