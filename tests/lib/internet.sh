# For internet scenarios, after lib.sh: the internet's host as the other end of every way out that phones try.
# shellcheck shell=bash disable=SC2154

# ask_netd PATH [CURL...]: netd's gate, as ownerd asks it.
ask_netd() { box curl -sS -m 10 --unix-socket /run/hotspot/netd.sock "http://localhost/gate$1" "${@:2}"; }
# type_in N TEXT: phone N sends the form; prints the status.
type_in() { phone "$1" exec curl -sS -m 10 -o /dev/null -w '%{http_code}' --data-urlencode "code=$2" "http://$box_address/internet"; }
# reaches N: the internet's own page, by its address.
reaches() { phone "$1" exec curl -sS -m 5 http://203.0.113.1/ | grep -q 'this is the internet'; }
is_online() { [ "$(status 's["uplink"]["state"]')" = internet ]; }
# new_voucher KIND AMOUNT: prints the code.
new_voucher() {
    local id
    id=$(ask_netd /make -d "{\"kind\":\"$1\",\"amount\":$2,\"count\":1,\"label\":\"lab\"}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
    ask_netd "/batch?id=$id" | python3 -c 'import json, sys; print(json.load(sys.stdin)["vouchers"][0]["code"])'
}

# tunnels N: phone N tries IPv6, names, pings, and protocols beside TCP and UDP; prints what of it the internet's host saw.
tunnels() {
    local n=$1 tap=/tmp/lab/tap.$1
    rm -f "$tap" "$tap.said"
    # Questions of the box's own have no such name, and it sends no ping.
    internet sh -c "echo \$\$ >$tap.pid; exec tcpdump -l -n -i eth2 'icmp[icmptype] == icmp-echo or (icmp6 and ip6[40] == 128) or port 53 or udp port 4500 or ip proto 4 or ip proto 41 or ip proto 47'" >"$tap" 2>"$tap.said" &
    within 30 grep -q listening "$tap.said" || echo "the other end cannot listen"
    phone "$n" exec sh -c "
        ip -6 route replace default via fe80::1 dev wlan$n
        ping -6 -c 1 -W 1 2001:db8:1::1
        ping -c 1 -W 1 203.0.113.1
        for server in $box_address 203.0.113.1 198.51.100.1; do
            dig +tries=1 +time=2 TXT data.tunnel.example @\$server
            dig +tries=1 +time=2 +tcp NULL data.tunnel.example @\$server
        done
        python3 -c '
import socket
for protocol in (4, 41, 47):
    socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol).sendto(b\"tunnel\" * 8, (\"203.0.113.1\", 0))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b\"tunnel\", (\"203.0.113.1\", 4500))'
        echo all was tried" >"$tap.tried" 2>&1
    tail -n 1 "$tap.tried" | grep -qx 'all was tried' || tail -n 5 "$tap.tried"
    sleep 1
    internet sh -c "kill \$(cat $tap.pid)"
    wait $!
    grep -E 'ICMP|tunnel|IP6|\.4500|ipip|gre|GRE|sit' "$tap"
}
