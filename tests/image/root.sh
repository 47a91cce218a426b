#!/bin/bash
# The root as it ships: no door, no simulated radio, nothing that changes owner or right, what each radio needs. Run after board/build/image.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
out=${HOTSPOT_OUT:-out}
root=$out/root.squashfs
work=$(mktemp -d /var/tmp/hotspot-root-XXXXXX)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check NAME COMMAND...: the command succeeds.
check() {
    local name=$1
    shift
    if "$@"; then passed=$((passed + 1)); echo "ok: $name"; else failed=$((failed + 1)); echo "FAILED: $name"; fi
}
none() { ! grep -E "$1" "$work/list"; }
each() { local n missing=0; for n in "$@"; do grep -qE " squashfs-root/$n( ->|\$)" "$work/list" || { echo "missing: $n"; missing=1; }; done; return $missing; }

unsquashfs -d squashfs-root -lln "$root" > "$work/list" || exit 1
unsquashfs -q -n -d "$work/root" "$root" usr/share/hotspot/etc > /dev/null || exit 1
etc=$work/root/usr/share/hotspot/etc

check "root owns everything" none '^[^ ]+ +[1-9][0-9]*/'
check "no set-user-id or set-group-id" none '^-..[sS]|^-.....[sS]'
check "nothing is writable for others but /tmp" bash -c "! grep -E '^[^l].......w' '$work/list' | grep -v ' squashfs-root/tmp\$'"
check "no login, no shell over the network" none '/(login|getty|agetty|sulogin|sshd|dropbear|telnetd|su|sudo|passwd-|shadow|udhcpd|httpd|tftpd|ftpd|nc|authorized_keys)$'
check "nobody has a password or a shell" bash -c "! awk -F: '\$2 != \"x\" && \$2 != \"*\" && \$2 != \"!\" || \$7 !~ /(false|nologin)\$/' '$etc/passwd' | grep ."
check "init reads from no console" bash -c "! grep -E 'askfirst|getty|login|/sh( |\$)|tty' <(grep -v '^#' '$etc/inittab')"
check "no simulated radio" none 'mac80211_hwsim'
check "modules are uncompressed" none '\.ko\.(xz|gz|zst)$'
check "the kernel finds modprobe and init" each usr/sbin/modprobe usr/sbin/init usr/bin/busybox
check "merged folders" each "bin" "sbin" "lib"
check "signed rules of the radio" each usr/lib/firmware/regulatory.db usr/lib/firmware/regulatory.db.p7s
brcm=usr/lib/firmware/brcm/brcmfmac
check "Pi 3B radio" each ${brcm}43430-sdio.bin ${brcm}43430-sdio.clm_blob ${brcm}43430-sdio.raspberrypi,3-model-b.txt
check "Pi 3B+, 3A+, 4 radio" each ${brcm}43455-sdio.bin ${brcm}43455-sdio.clm_blob ${brcm}43455-sdio.raspberrypi,3-model-b-plus.txt \
    ${brcm}43455-sdio.raspberrypi,3-model-a-plus.txt ${brcm}43455-sdio.raspberrypi,4-model-b.txt
check "Pi 400 radio" each ${brcm}43456-sdio.bin ${brcm}43456-sdio.clm_blob ${brcm}43456-sdio.txt
check "programs and file systems" each usr/bin/hotspot usr/sbin/hostapd usr/sbin/nft usr/sbin/mke2fs usr/sbin/e2fsck
check "bill of materials" each usr/share/hotspot/sbom.spdx.json
# Every package of the bill has a licence, and its text is in the image.
unlicensed=$(python3 -c '
import json, sys
packages = json.load(open(sys.argv[1]))["packages"]
print(" ".join(p["name"] for p in packages if p["licenseDeclared"] in ("", "NOASSERTION") or not p["versionInfo"]))' "$out/p2p-hotspot.spdx.json")
check "every part has a licence and a version ($unlicensed)" test -z "$unlicensed"
licences=usr/share/hotspot/licences
if grep -q "squashfs-root/$licences/common\$" "$work/list"; then
    check "licence texts" each $licences/common/GPL-2 $licences/raspi-firmware $licences/linux-image-arm64
else
    check "licence texts" each $licences/linux $licences/uboot $licences/rpi-firmware $licences/busybox $licences/hostapd
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
