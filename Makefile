# P2P Hotspot. `make` lists the targets; each is incremental: again does nothing that is done.
SHELL := /bin/bash
# Debian's own Rust comes first: it is the one with a standard library for arm64.
export PATH := /usr/bin:$(PATH)

PARTS ?= debian
PHONES ?= 3
FUZZ_RUNS ?= 1000000
export PARTS CONFIG KEYS SEQ PHONES STICK DISK FUZZ_RUNS YES BUILDROOT_DIR

.DEFAULT_GOAL := help
.PHONY: help setup run image update dist programs test long pictures style lint flash lab bench examples fuzz powercut parts-refresh clean

help: ## lists the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## installs what is missing from Debian's packages (without root it says which command to run)
	@board/setup

run: setup ## builds the image, boots it in QEMU, walks a phone through joining, serves http://localhost:8080
	@board/build/image
	@lab/run

image: setup ## out/p2p-hotspot.img, .img.xz, .bmap, .sha256   [PARTS=debian or buildroot] [CONFIG=hotspot.toml] [KEYS=dir]
	@test "$(PARTS)" != buildroot || board/setup buildroot
	@board/build/image
	@board/build/dist

update: setup ## out/p2p-hotspot.update, signed, for sticks and web servers   [SEQ=n] [KEYS=dir]
	@board/build/image
	@board/build/update

.PHONY: menuconfig-buildroot linux-menuconfig check-buildroot
menuconfig-buildroot: ## Buildroot's menuconfig, saved back into buildroot-external/fragments   [BUILDROOT_DIR=folder]
	@board/setup buildroot
	@board/build/menuconfig menuconfig

linux-menuconfig: ## Linux's menuconfig, saved back into buildroot-external/board/linux   [BUILDROOT_DIR=folder]
	@board/setup buildroot
	@board/build/menuconfig linux-menuconfig

check-buildroot: ## builds the image from source without the internet, boots it, tests it   BUILDROOT_DIR=folder
	@test -n "$(BUILDROOT_DIR)" || { echo "Say which Buildroot: make check-buildroot BUILDROOT_DIR=folder" >&2; exit 2; }
	@board/setup buildroot
	@board/build/check-buildroot

dist: setup ## out/dist/p2p-hotspot-VERSION-vendored.tar.gz with its crates, and its hash for Buildroot   [COMMIT=HEAD]
	@board/build/release dist $(or $(COMMIT),HEAD)

programs: setup ## the programs for this computer: target/release/hotspot
	@cargo build --release --locked -p hotspot

test: ## all tests, those in QEMU too
	@board/setup test
	@tests/run

long: ## the tests that take an hour: whole updates in the booted image, forty power cuts, a Raspberry Pi 3 in QEMU
	@board/setup test
	@board/build/image
	@tests/long/run

pictures: ## docs/pictures: every page, taken in Chromium from the real programs
	@board/setup test
	@tests/portal/pictures

style: setup ## out/style.html: every part of the portal's pages, in light, dark and from right to left   [LANGUAGE=en]
	@mkdir -p out
	@cargo run --quiet --locked -p portal --example style -- $(or $(LANGUAGE),en) > out/style.html.new
	@mv out/style.html.new out/style.html
	@echo out/style.html

lint: ## rustfmt, clippy and shellcheck
	@board/setup test
	@tests/lint

flash: ## writes the card, reads it back   DEVICE=/dev/sdX
	@test -n "$(DEVICE)" || { echo "Say which card: make flash DEVICE=/dev/sdX (lsblk lists them)" >&2; exit 2; }
	@board/build/flash "$(DEVICE)"

lab: setup ## boots the image, runs a scenario beside it   SCENARIO=file.sh [PHONES=3] [STICK=dir] [DISK=image]
	@test -n "$(SCENARIO)" || { echo "Say which: make lab SCENARIO=tests/scenarios/walk.sh" >&2; exit 2; }
	@test -n "$(DISK)" || board/build/image
	@lab/lab "$(SCENARIO)"

bench: ## measures us beside peers in the same run: a table and out/bench.json
	@board/setup test bench
	@tests/bench/run

examples: programs ## example bundles out of what Debian packages carry: out/examples/*.car
	@examples/make

fuzz: ## every fuzz target, coverage-guided   [FUZZ_RUNS=1000000]
	@board/setup test
	@tests/fuzz/run all "$(FUZZ_RUNS)"

powercut: setup ## every state that a power cut could leave, replayed (docs/powercut.md)
	@board/build/image
	@tests/powercut/run --all

parts-refresh: setup ## rewrites the lock of Debian parts with today's versions
	@board/build/parts refresh

clean: ## removes what was built (out/, target/)
	rm -rf out target
