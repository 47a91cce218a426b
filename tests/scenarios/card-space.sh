# A card with no space behind the image: the portal works, and the box says that it keeps nothing.
# lab: GROW=0
. "$(dirname "$0")/lib.sh"
check "the portal answers" within 120 portal_up
check "a phone joins" phone 1 join
check "and reads the portal" reads_portal 1 5
check "the box says that its storage is not usable" within 20 sh -c 'hotspot status --json | python3 -c "import json, sys; d = json.load(sys.stdin)[\"data\"]; sys.exit(d[\"ok\"] or not d[\"why\"])"'
finish
