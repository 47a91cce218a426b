# The booted box's pages under 30 readers; prints RESULT {page: p99 in ms}.
# shellcheck shell=bash source=../../scenarios/lib.sh
. "$(dirname "$0")/../../scenarios/lib.sh"
check "the access point is up" within 180 radio_is led well
python3 -B "$(dirname "$0")/pages.py" "$LAB_PORTAL" || failed=$((failed + 1))
finish
