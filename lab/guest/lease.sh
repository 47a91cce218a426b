#!/bin/sh
# What udhcpc calls: the phone's address, route and name server. $PHONE names the phone.
# shellcheck disable=SC2154  # udhcpc sets the lease's variables.
dir=/run/$PHONE
case $1 in
bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/${mask:-24}" dev "$interface"
    for r in $router; do ip route replace default via "$r" dev "$interface"; done
    # The file is bound over /etc/resolv.conf: it is written in place.
    { for d in $dns; do echo "nameserver $d"; done; echo "options timeout:2 attempts:2"; } >"$dir/resolv.conf"
    env >"$dir/lease"
    ;;
deconfig)
    ip link set "$interface" up
    ip addr flush dev "$interface"
    ;;
nak) echo "refused: $message" >"$dir/nak" ;;
esac
