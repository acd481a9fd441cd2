# SPDX-License-Identifier: GPL-2.0

VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
BUILD ?= $(CURDIR)/build
# The kernel to build for, and where the module's objects go.
KDIR ?= /lib/modules/$(shell uname -r)/build
MODULE ?= $(BUILD)/module/host
DESTDIR ?=
PREFIX ?= /usr/local
export PREFIX DESTDIR

ifneq ($(words $(CURDIR)),1)
$(error make cannot work in a folder with a blank in its name: $(CURDIR))
endif
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := all
# The prerequisites of a target here are steps, one after the other.
.NOTPARALLEL:
.PHONY: all check-memory check-modes deps help modules lib examples tests check check-unit check-guest check-long \
	check-build check-dkms check-model check-mainline check-mainline-short \
	tests-arm64 check-arm64 check-arm64-short lint demo install dkms-install clean

all: lib examples ## what needs no kernel: library and examples

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.* ## /\1\t/p' Makefile | expand -t 17

deps: # the packages that the tests and the demonstration need
	@tests/qemu/deps

# Kbuild writes its objects beside the sources, so it is shown a folder of links.
modules: ## the kernel module, for KDIR
	@[ -f $(KDIR)/Makefile ] || { echo "There are no kernel headers in $(KDIR);" \
		"install them or set KDIR."; exit 1; }
	@mkdir -p $(MODULE)/hisi_acc
	@find -L $(MODULE) -maxdepth 2 -type l -delete
	@ln -sfn $(CURDIR)/dkms.conf $(MODULE)/
	@ln -sfn $(CURDIR)/hisi_acc/Kbuild $(wildcard $(CURDIR)/hisi_acc/*.[ch]) \
		$(CURDIR)/hisi_acc/uapi $(MODULE)/hisi_acc/
	+$(MAKE) -C $(KDIR) M=$(MODULE)/hisi_acc modules

lib: ## libhisiacc
	+$(MAKE) -C libhisiacc O=$(BUILD)/libhisiacc all

examples: lib ## the example programs
	+$(MAKE) -C examples O=$(BUILD)/examples all

tests: lib examples # the test programs
	+$(MAKE) -C tests/unit O=$(BUILD)/tests/unit all
	+$(MAKE) -C tests/uapi O=$(BUILD)/tests/uapi all
	+$(MAKE) -C tests/stack O=$(BUILD)/tests/stack all

# Things done at a time by what knows how to. Guests at the end do the same.
JOBS ?= 2
check: deps ## every test; an hour at most, fetching and building all it needs
	@tests/summary "tests/summary -j $(JOBS) 'make lint' 'make check-build' \
		'make check-unit' 'make check-dkms' 'make check-model' \
		'make check-mainline-short' 'make check-arm64-short'" \
		'make check-guest'

check-unit: deps lib ## tests that need neither a device nor root
	@tests/summary '$(MAKE) -C tests/unit O=$(BUILD)/tests/unit check' \
		'$(MAKE) -C tests/api O=$(BUILD)/tests/api check' tests/qemu/selfcheck

MODEL_TEST = $(BUILD)/tests/model/selftest

check-model: deps ## the device model, without a guest
	@mkdir -p $(dir $(MODEL_TEST))
	$(CC) -O2 -g -Wall -Wextra -fsanitize=address,undefined \
		-fno-sanitize-recover=all -Itests/qemu/model -o $(MODEL_TEST) \
		tests/model/selftest.c $(addprefix tests/qemu/model/,stream.c \
		inflate.c deflate.c check.c) -lz
	@tests/summary $(MODEL_TEST) 'tests/model/run $$(tests/qemu/build-qemu)'

check-mainline: deps ## the device model under mainline's own drivers, unchanged
	@tests/mainline/check

check-mainline-short: deps # what is worth most of it
	@tests/mainline/check short

check-guest: deps tests ## tests in guests with the emulated device
	@tests/summary '$(MAKE) -C tests/uapi O=$(BUILD)/tests/uapi check' \
		'$(MAKE) -C tests/stack O=$(BUILD)/tests/stack check'

check-long: deps tests ## more of the same in guests: 1000 kills, 10^6 requests, 1 GiB
	@tests/summary '$(MAKE) -C tests/uapi O=$(BUILD)/tests/uapi check-long' \
		'$(MAKE) -C tests/stack O=$(BUILD)/tests/stack check-long' \
		'make check-arm64' 'tests/qemu/selfcheck guest'

check-modes: deps tests tests-arm64 ## all of it once for each kernel and memory mode, with a table
	@tests/summary 'tests/modes $(BUILD) $(PARTS)'

check-memory: deps tests ## memory of every kind, at length, in each mode, with a table
	@tests/summary 'tests/memory $(BUILD) $(PARTS)'

# Where guests of arm64 look for what was built for them.
ARM64 = $(BUILD)/arm64

tests-arm64: deps # library, examples and test programs for such guests
	+@vars=$$(tests/qemu/root) && eval "$$vars" && \
		$(MAKE) tests BUILD=$(ARM64) SANITIZE= $$PROGRAMVARS

check-arm64: tests-arm64 ## the same in guests of arm64, with small and large pages
	@tests/summary 'tests/build/kernels 6.1:arm64 6.12-16k:arm64 7.2-16k:arm64' \
		'$(MAKE) -C tests/uapi O=$(ARM64)/tests/uapi check-arm64' \
		'$(MAKE) -C tests/stack O=$(ARM64)/tests/stack check-arm64'

check-arm64-short: tests-arm64 # what is worth most of it, in one guest
	@tests/qemu/guest -A arm64 -t 300 -f $(ARM64)/tests/uapi/bin \
		-f $(ARM64)/tests/stack/bin -- bash tests/uapi/in-guest \
		query ioctl queue mapping mem ctx reset test_ctx test_request test_sgl

check-build: ## module builds over the range of kernels
	@tests/build/kernels

check-dkms: ## dkms from add to remove, and its module loaded in a guest
	@tests/build/dkms

lint: ## static checkers
	@tests/build/lint

demo: deps examples ## compress and restore a real file through the emulated device
	@tests/qemu/demo

install: lib ## the library, its header, the udev rule and the example settings
	+$(MAKE) -C libhisiacc O=$(BUILD)/libhisiacc install
	install -D -m 644 hisi_acc/uapi/hisi_acc.h \
		$(DESTDIR)$(PREFIX)/include/hisi_acc/hisi_acc.h
	install -D -m 644 hisi_acc/60-hisi_acc.rules \
		$(DESTDIR)$(PREFIX)/lib/udev/rules.d/60-hisi_acc.rules
	install -D -m 644 hisi_acc/hisi_acc-sysusers.conf \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/hisi_acc.conf
	install -D -m 644 hisi_acc/hisi_acc-modprobe.conf \
		$(DESTDIR)$(PREFIX)/share/doc/hisi_acc/examples/modprobe.conf

DKMS_SOURCE = $(DESTDIR)/usr/src/hisi-acc-$(VERSION)

dkms-install: ## the module's sources, and the module through dkms
ifeq ($(DESTDIR),)
	[ -z "$$(dkms status hisi-acc/$(VERSION))" ] || \
		dkms remove hisi-acc/$(VERSION) --all
endif
	rm -rf $(DKMS_SOURCE)
	mkdir -p $(DKMS_SOURCE)/hisi_acc
	cp dkms.conf $(DKMS_SOURCE)
	cp -r hisi_acc/Kbuild hisi_acc/*.[ch] hisi_acc/uapi $(DKMS_SOURCE)/hisi_acc
ifeq ($(DESTDIR),)
	dkms add hisi-acc/$(VERSION)
	dkms build hisi-acc/$(VERSION)
	dkms install hisi-acc/$(VERSION)
endif

clean: ## remove what was built here
	rm -rf $(BUILD)
