# The boot script: picks a slot by the boot records, checks it, boots it. The same on a Raspberry Pi and under QEMU `virt`.
# Built into boot.scr with the card's offsets (names between at-signs: 512-byte blocks, hex) from board/layout.env. The variables that the lab may
# use are in board/boot/README.md, the formats in docs/formats/. U-Boot counts in hex without 0x; `itest` compares numbers.

test -n "${devtype}" || setenv devtype mmc
test -n "${devnum}" || setenv devnum 0
${devtype} dev ${devnum}

# Addresses that do not collide: the kernel moves itself to 200000-2900000 from the start of memory.
setenv hs_base 0
if test "${devtype}" = virtio; then setenv hs_base 40000000; fi
setexpr hs_buf ${hs_base} + 5000000
setexpr hs_sum ${hs_base} + 5002000
setexpr hs_fdt ${hs_base} + 5500000
setexpr hs_initrd ${hs_base} + 6000000
setexpr kernel_comp_addr_r ${hs_base} + a000000
setexpr hs_kernel ${hs_base} + e000000
setenv kernel_comp_size 2000000
# In place: nothing is moved to where something else is.
setenv fdt_high ffffffffffffffff
setenv initrd_high ffffffffffffffff

# The device tree: the slot's for the boards that we know, else the one that U-Boot was given.
setenv hs_tree
if test "${fdtfile}" = broadcom/bcm2837-rpi-3-b.dtb; then setenv hs_tree 3b; fi
if test "${fdtfile}" = broadcom/bcm2837-rpi-3-b-plus.dtb; then setenv hs_tree 3bp; fi
if test "${fdtfile}" = broadcom/bcm2837-rpi-3-a-plus.dtb; then setenv hs_tree 3ap; fi
if test "${fdtfile}" = broadcom/bcm2711-rpi-4-b.dtb; then setenv hs_tree 4b; fi
if test "${fdtfile}" = broadcom/bcm2711-rpi-400.dtb; then setenv hs_tree 400; fi

# The newest valid record. Without one: slot A, no trial, and the first write goes to record 0.
setenv hs_seq 0
setenv hs_newest none
for hs_n in 0 1; do
  setenv hs_blk @RECORD_0@
  if test ${hs_n} = 1; then setenv hs_blk @RECORD_1@; fi
  if ${devtype} read ${hs_buf} ${hs_blk} 1 && env import -c ${hs_buf} @RECORD_BYTES@ r_v r_seq; then
    if test "${r_v}" = 1 && itest 0x${r_seq} -gt 0x${hs_seq}; then
      setenv hs_newest ${hs_blk}
      setenv hs_seq ${r_seq}
    fi
  fi
done
setenv r_slot a
setenv r_trial 0
setenv r_left 0
setenv r_bad 0
setenv hs_older @RECORD_0@
if test ${hs_newest} != none; then
  ${devtype} read ${hs_buf} ${hs_newest} 1
  env import -c ${hs_buf} @RECORD_BYTES@ r_v r_seq r_slot r_trial r_left r_bad r_floor r_built
  if test ${hs_newest} = @RECORD_0@; then setenv hs_older @RECORD_1@; fi
fi

# A trial: one attempt less, written before it is made. Where that cannot be written, no attempt.
setenv hs_first a
if test "${r_slot}" = b; then setenv hs_first b; fi
setenv hs_trial 0
if test "${r_trial}" = a || test "${r_trial}" = b; then
  if itest 0x${r_left} -gt 0; then
    setexpr r_left ${r_left} - 1
    setexpr r_seq ${hs_seq} + 1
    env export -c -s @RECORD_BYTES@ ${hs_buf} r_v r_seq r_slot r_trial r_left r_bad r_floor r_built
    if ${devtype} write ${hs_buf} ${hs_older} 1; then
      setenv hs_trial ${r_trial}
      setenv hs_first ${r_trial}
    fi
  fi
fi

# A trial without attempts left did not prove itself: until the updater has looked at it, its slot counts as one that is bad.
setenv hs_spent 0
if test ${hs_trial} = 0; then setenv hs_spent "${r_trial}"; fi

# The other slot, then rescue; a slot marked bad only when all else has failed.
setenv hs_second b
if test ${hs_first} = b; then setenv hs_second a; fi
setenv hs_good
setenv hs_last
for hs_s in ${hs_first} ${hs_second}; do
  if test "${r_bad}" = ${hs_s} || test "${r_bad}" = ab || test "${hs_spent}" = ${hs_s}; then
    setenv hs_last "${hs_last} ${hs_s}"
  else
    setenv hs_good "${hs_good} ${hs_s}"
  fi
done

for hs_slot in ${hs_good} rescue ${hs_last}; do
  setenv hs_at @SLOT_A@
  if test ${hs_slot} = b; then setenv hs_at @SLOT_B@; fi
  if test ${hs_slot} = rescue; then setenv hs_at @RESCUE@; fi
  # Only named variables, so that nothing on the card can set another; in two parts, for U-Boot takes 16 words a line.
  setenv s_v 0
  setenv hs_ok 0
  if ${devtype} read ${hs_buf} ${hs_at} @HEADER_BLOCKS@; then
    env import -c ${hs_buf} @HEADER_BYTES@ s_v s_kernel_off s_kernel_cnt s_kernel_len s_kernel_crc s_initrd_off s_initrd_cnt s_initrd_len s_initrd_crc
    if test "${s_v}" = 1; then setenv hs_ok 1; fi
  fi
  for hs_p in kernel initrd ${hs_tree}; do
    if test ${hs_ok} = 1; then
      setenv hs_ok 0
      env import -c ${hs_buf} @HEADER_BYTES@ s_${hs_p}_off s_${hs_p}_cnt s_${hs_p}_len s_${hs_p}_crc
      setenv hs_get 'setenv hs_off ${s_'${hs_p}'_off}; setenv hs_cnt ${s_'${hs_p}'_cnt}; setenv hs_len ${s_'${hs_p}'_len}; setenv hs_crc ${s_'${hs_p}'_crc}'
      run hs_get
      setenv hs_to ${hs_fdt}
      setenv hs_max 800
      if test ${hs_p} = kernel; then setenv hs_to ${hs_kernel}; setenv hs_max 10000; fi
      if test ${hs_p} = initrd; then setenv hs_to ${hs_initrd}; setenv hs_initrd_len ${hs_len}; setenv hs_max 10000; fi
      setexpr hs_blk ${hs_at} + ${hs_off}
      if itest 0x${hs_cnt} -le 0x${hs_max} && ${devtype} read ${hs_to} ${hs_blk} ${hs_cnt} && crc32 ${hs_to} ${hs_len} ${hs_sum}; then
        # U-Boot 2023 writes the sum with its highest byte first, 2025 as the processor does: either will do.
        setexpr.l hs_a *${hs_sum}
        setexpr hs_b ${hs_a} "&" ff
        setexpr hs_swap ${hs_b} * 1000000
        setexpr hs_b ${hs_a} "&" ff00
        setexpr hs_b ${hs_b} * 100
        setexpr hs_swap ${hs_swap} + ${hs_b}
        setexpr hs_b ${hs_a} / 100
        setexpr hs_b ${hs_b} "&" ff00
        setexpr hs_swap ${hs_swap} + ${hs_b}
        setexpr hs_b ${hs_a} / 1000000
        setexpr hs_swap ${hs_swap} + ${hs_b}
        if itest 0x${hs_a} == 0x${hs_crc} || itest 0x${hs_swap} == 0x${hs_crc}; then setenv hs_ok 1; fi
      fi
      if test ${hs_ok} = 0; then echo "Slot ${hs_slot}: its ${hs_p} is damaged."; fi
    fi
  done
  if test ${hs_ok} = 1; then
    if test -z "${hs_tree}"; then fdt addr ${fdtcontroladdr}; fdt move ${fdtcontroladdr} ${hs_fdt} 100000; fi
    setenv hs_try 0
    if test ${hs_slot} = ${hs_trial}; then setenv hs_try 1; fi
    setenv bootargs "hotspot.slot=${hs_slot} hotspot.dev=${devtype} hotspot.trial=${hs_try} panic=10 loglevel=4"
    echo "Slot ${hs_slot}."
    # On trial the Pi's watchdog runs from here (16 s, the most it can), so that a hang needs no hand at the plug.
    setenv hs_pm
    if test "${hs_tree}" = 3b || test "${hs_tree}" = 3bp || test "${hs_tree}" = 3ap; then setenv hs_pm 3f100000; fi
    if test "${hs_tree}" = 4b || test "${hs_tree}" = 400; then setenv hs_pm fe100000; fi
    if test ${hs_try} = 1 && test -n "${hs_pm}"; then
      setexpr hs_a ${hs_pm} + 24
      mw.l ${hs_a} 5a0fffff
      setexpr hs_a ${hs_pm} + 1c
      setexpr.l hs_b *${hs_a}
      setexpr hs_b ${hs_b} "&" ffcf
      setexpr hs_b ${hs_b} + 5a000020
      mw.l ${hs_a} ${hs_b}
    fi
    if test -n "${hotspot_boot}"; then run hotspot_boot; else booti ${hs_kernel} ${hs_initrd}:${hs_initrd_len} ${hs_fdt}; fi
  fi
done

echo "No slot of this card can be started: write the card again. Trying again in 30 seconds."
sleep 30
reset
