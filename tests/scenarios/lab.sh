# The lab's own promises: exit status, input, output, many at once, the shared folder, sticks, restarts.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
status() { "$@" >/dev/null 2>&1; echo $?; }
same "exit status of the box's command" 7 "$(status box sh -c 'exit 7')"
same "exit status of a phone's command" 3 "$(status phone 1 exec sh -c 'exit 3')"
same "an unknown command" 127 "$(status box no-such-command)"
same "standard output alone" out "$(box sh -c 'echo out; echo err >&2' 2>/dev/null)"
same "standard error alone" err "$(box sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)"
same "input through a pipe" "a b" "$(echo a b | box cat)"
same "input of a program" 42 "$(phone 2 exec python3 - <<<'print(6 * 7)')"
same "a loop keeps its own input" "1 2 3 " "$(printf '1\n2\n3\n' | while read -r n; do phone 1 exec true; printf '%s ' "$n"; done)"
same "a megabyte comes through whole" "$(head -c 1000000 /dev/zero | sha256sum)" "$(box head -c 1000000 /dev/zero | sha256sum)"
for n in 1 2 3; do phone $n exec sh -c "sleep 1; echo $n >/tmp/lab/at-once-$n" & done
wait
same "many at once" "1 2 3" "$(cat /tmp/lab/at-once-? | xargs)"
echo hello >/tmp/lab/greeting
same "one folder for the box" hello "$(box cat /tmp/lab/greeting)"
same "and the phones" hello "$(phone 3 exec cat /tmp/lab/greeting)"
for tool in curl dig iw ip nft tcpdump python3 dnsperf sqlite3; do check "$tool next to the box's files" box which $tool; done
check "Python's whole library" box python3 -c 'import sqlite3, ssl, ctypes, asyncio, http.server, email, curses, lzma'
refuse "the box's root is read-only" box touch /usr/x
check "phones have wlan interfaces" phone 2 exec ip link show wlan2
check "an endless command ends with its caller" sh -c 'timeout 2 box sleep 777; for i in 1 2 3 4 5; do sleep 1; box pgrep -x sleep || exit 0; done; exit 1'
refuse "no stick is in" stick remove
check "a stick goes in" stick insert
check "the box sees it" within 15 box test -e /sys/block/sda/sda1
file=$(cd "$STICK" && find . -maxdepth 1 -type f | sort | head -n 1)
same "with the folder's files" "$(sha256sum <"$STICK/$file")" "$(box sh -c 'modprobe -a exfat vfat nls_utf8 2>/dev/null; mkdir -p /tmp/stick && mount -o ro /dev/sda1 /tmp/stick && sha256sum <"/tmp/stick/$1"' sh "$file")"
check "and it comes out" stick remove
check "the box sees that" within 15 box sh -c '! test -e /sys/block/sda'
here_is=$(hotspot status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["v"])')
same "hotspot is the product's own command" 1 "$here_is"
same "and its exit status comes through" 2 "$(status hotspot no-such-word)"
finish
