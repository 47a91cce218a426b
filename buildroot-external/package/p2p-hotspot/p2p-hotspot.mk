################################################################################
#
# p2p-hotspot
#
################################################################################

P2P_HOTSPOT_VERSION = 0.1.0
P2P_HOTSPOT_LICENSE = MIT or Apache-2.0
P2P_HOTSPOT_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE
P2P_HOTSPOT_SUBDIR = rust/hotspot
P2P_HOTSPOT_INSTALL_IMAGES = YES

ifeq ($(BR2_PACKAGE_P2P_HOTSPOT_FROM_TARBALL),y)
P2P_HOTSPOT_SITE = $(call qstrip,$(BR2_PACKAGE_P2P_HOTSPOT_SITE))
P2P_HOTSPOT_SOURCE = p2p-hotspot-$(P2P_HOTSPOT_VERSION)-vendored.tar.gz
else
# The checkout that this tree is part of: only what the programs are built from is copied.
P2P_HOTSPOT_SITE = $(BASE_DIR)/hotspot/checkout
P2P_HOTSPOT_SITE_METHOD = local
define P2P_HOTSPOT_CHECKOUT
	$(BR2_EXTERNAL_P2P_HOTSPOT_PATH)/../board/build/release checkout $(P2P_HOTSPOT_SITE)
endef
P2P_HOTSPOT_PRE_RSYNC_HOOKS += P2P_HOTSPOT_CHECKOUT
endif

# The profile of Cargo.toml, not Buildroot's: an update should be small.
P2P_HOTSPOT_CARGO_ENV = \
	CARGO_PROFILE_RELEASE_LTO=thin \
	CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 \
	CARGO_PROFILE_RELEASE_OPT_LEVEL=s

ifeq ($(BR2_PACKAGE_P2P_HOTSPOT_FROM_CHECKOUT),y)
# A local package is only copied: its crates are brought here, as its Cargo.lock names them, with their checksums.
define P2P_HOTSPOT_VENDOR
	cd $(@D) && $(TARGET_MAKE_ENV) $(PKG_COMMON_CARGO_ENV) cargo vendor --locked VENDOR > $(@D)/.vendor.toml
	cat $(@D)/.vendor.toml >> $(@D)/.cargo/config.toml
endef
P2P_HOTSPOT_PRE_BUILD_HOOKS += P2P_HOTSPOT_VENDOR
endif

ifeq ($(BR2_PACKAGE_P2P_HOTSPOT_PREBUILT),y)
P2P_HOTSPOT_BUILT = $(call qstrip,$(BR2_PACKAGE_P2P_HOTSPOT_PREBUILT_DIR))
else
P2P_HOTSPOT_BUILT = $(@D)/target/$(RUSTC_TARGET_NAME)/release
endif

define P2P_HOTSPOT_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(P2P_HOTSPOT_BUILT)/hotspot $(TARGET_DIR)/usr/bin/hotspot
endef

# The initramfs holds it, not the root.
define P2P_HOTSPOT_INSTALL_IMAGES_CMDS
	$(INSTALL) -D -m 0755 $(P2P_HOTSPOT_BUILT)/hotspot-early $(BINARIES_DIR)/hotspot-early
endef

# The same as in overlay/usr/share/hotspot/etc/passwd, which is what the running system has.
define P2P_HOTSPOT_USERS
	radiod 101 hotspot 100 * - /bin/false - radios
	netd 102 hotspot 100 * - /bin/false - network
	portald 103 hotspot 100 * - /bin/false - portal
	contentd 104 hotspot 100 * - /bin/false - content
	updated 105 hotspot 100 * - /bin/false - updates
	settings 106 hotspot 100 * - /bin/false - settings file
	ownerd 107 hotspot 100 * - /bin/false - owner
	clockd 108 hotspot 100 * - /bin/false - clock
	countd 109 hotspot 100 * - /bin/false - counts
endef

define P2P_HOTSPOT_PERMISSIONS
	/usr/bin/hotspot f 755 0 0 - - - - -
	/tmp d 1777 0 0 - - - - -
endef

ifeq ($(BR2_PACKAGE_P2P_HOTSPOT_PREBUILT),y)
$(eval $(generic-package))
else
$(eval $(cargo-package))
endif
