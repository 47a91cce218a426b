include $(sort $(wildcard $(BR2_EXTERNAL_P2P_HOTSPOT_PATH)/package/*/*.mk))

# What board/build works on, beside Buildroot's own folders.
P2P_HOTSPOT_WORK = $(BASE_DIR)/hotspot
P2P_HOTSPOT_BOARD = $(realpath $(BR2_EXTERNAL_P2P_HOTSPOT_PATH)/../board)

# All modules of the kernel, kept outside the root: board/build installs those of board/kernel/modules.list, and the lab takes its own.
define P2P_HOTSPOT_KEEP_MODULES
	rm -rf $(P2P_HOTSPOT_WORK)/kernel
	mkdir -p $(P2P_HOTSPOT_WORK)/kernel/lib/modules
	mv $(TARGET_DIR)/lib/modules/* $(P2P_HOTSPOT_WORK)/kernel/lib/modules/
	cp $(@D)/.config $(P2P_HOTSPOT_WORK)/linux.config
endef
LINUX_POST_INSTALL_TARGET_HOOKS += P2P_HOTSPOT_KEEP_MODULES

# U-Boot's build makes these on the way; host-uboot-tools would bring GnuTLS and all it needs for the same two programs.
define P2P_HOTSPOT_KEEP_UBOOT_TOOLS
	$(INSTALL) -m 0755 -t $(HOST_DIR)/bin $(@D)/tools/mkimage $(@D)/tools/mkenvimage
	mkdir -p $(P2P_HOTSPOT_WORK)
	cp $(@D)/.config $(P2P_HOTSPOT_WORK)/uboot.config
	cp $(@D)/Licenses/gpl-2.0.txt $(P2P_HOTSPOT_WORK)/uboot.terms
endef
UBOOT_POST_INSTALL_IMAGES_HOOKS += P2P_HOTSPOT_KEEP_UBOOT_TOOLS

define P2P_HOTSPOT_KEEP_BUSYBOX_CONFIG
	mkdir -p $(P2P_HOTSPOT_WORK)
	cp $(@D)/.config $(P2P_HOTSPOT_WORK)/busybox.config
endef
BUSYBOX_POST_INSTALL_TARGET_HOOKS += P2P_HOTSPOT_KEEP_BUSYBOX_CONFIG

define P2P_HOTSPOT_KEEP_FIRMWARE_TERMS
	mkdir -p $(P2P_HOTSPOT_WORK)
	cp $(@D)/boot/LICENCE.broadcom $(P2P_HOTSPOT_WORK)/rpi-firmware.terms
endef
RPI_FIRMWARE_POST_INSTALL_IMAGES_HOOKS += P2P_HOTSPOT_KEEP_FIRMWARE_TERMS

# libtool writes the folder of the build into libraries that need each other. Taken out afterwards, its length would still be in the
# file, and an image would depend on where it was made.
define P2P_HOTSPOT_NO_RPATH
	$(SED) 's/^hardcode_into_libs=.*/hardcode_into_libs=no/; s/^hardcode_libdir_flag_spec=.*/hardcode_libdir_flag_spec=/' $(@D)/libtool
endef
LIBNL_POST_CONFIGURE_HOOKS += P2P_HOTSPOT_NO_RPATH

# Radios on USB for whose firmware Buildroot has no option of its own.
LINUX_FIRMWARE_FILES += mediatek/mt7610u.bin mediatek/mt7662u.bin mediatek/mt7662u_rom_patch.bin

# What is in the root, as it was really built: for the bill of materials and the licence texts.
define P2P_HOTSPOT_LIST_PACKAGES
	mkdir -p $(P2P_HOTSPOT_WORK)
	printf '%s\n' $(foreach p,$(sort $(filter-out host-%,$(PACKAGES))),$(if $($(call UPPERCASE,$(p))_IS_VIRTUAL),,'$(p)|$($(call UPPERCASE,$(p))_VERSION)|$(call qstrip,$($(call UPPERCASE,$(p))_LICENSE))|$(call qstrip,$($(call UPPERCASE,$(p))_LICENSE_FILES))|$(if $($(call UPPERCASE,$(p))_OVERRIDE_SRCDIR),,$($(call UPPERCASE,$(p))_SITE)/$($(call UPPERCASE,$(p))_SOURCE))|$($(call UPPERCASE,$(p))_DIR)')) > $(P2P_HOTSPOT_WORK)/packages.txt
endef
TARGET_FINALIZE_HOOKS += P2P_HOTSPOT_LIST_PACKAGES

# The same words as SQUASHFS_OPTIONS in board/build/lib/root.py.
ROOTFS_SQUASHFS_ARGS += -all-root -no-xattrs -no-exports -sort $(P2P_HOTSPOT_BOARD)/root.sort
