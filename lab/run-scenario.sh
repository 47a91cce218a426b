# What `make run` runs beside the box.
# shellcheck shell=bash
scenarios=$(cd "$(dirname "$0")/../tests/scenarios" && pwd)
bash "$scenarios/walk.sh" || exit 1
curl -fsS -m 10 -o /dev/null "http://localhost:$HOTSPOT_PORT/" || { echo "FAILED: the portal does not answer at http://localhost:$HOTSPOT_PORT" >&2; exit 1; }
echo "ready: http://localhost:$HOTSPOT_PORT"
if [ -t 0 ] && [ -t 1 ]; then
    echo "Ctrl-C ends it."
    while :; do sleep 3600; done
fi
