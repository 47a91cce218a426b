# What a locked phone is answered to each kind of question, over UDP and TCP.
# shellcheck shell=bash source=lib.sh disable=SC2154
. "$(dirname "$0")/lib.sh"
cp "$here/dnscheck.py" /tmp/lab/
check "phone 1 joins" phone 1 join
phone 1 exec python3 /tmp/lab/dnscheck.py $box_address || failed=$((failed + 1))
same "dig follows its lease's name server" $capture "$(phone 1 exec dig +short example.org A)"
same "any address answers on port 53, UDP" $capture "$(phone 1 exec dig +short +tries=2 @9.9.9.9 example.org A)"
same "any address answers on port 53, TCP" $capture "$(phone 1 exec dig +short +tcp @8.8.8.8 example.org A)"
finish
