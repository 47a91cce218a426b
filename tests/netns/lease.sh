#!/bin/sh
# What udhcpc calls, with the lease in the environment: puts it in place and says it.
# shellcheck disable=SC2154
[ "$1" = bound ] || exit 0
ip addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
ip route replace default via "$router"
echo "LEASED $ip $router $dns $lease $mtu"
