# SPDX-License-Identifier: GPL-2.0
#
# For the Makefiles of the guest tests, which include this file: how to compile
# and link what is here. O names their folder for objects.

PKG_CONFIG ?= pkg-config
TESTLIB := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
TESTLIB_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-format-truncation \
	-I$(TESTLIB) -I$(TESTLIB)/../../hisi_acc/uapi $(shell $(PKG_CONFIG) --cflags check)
TESTLIB_LIBS := $(shell $(PKG_CONFIG) --libs check zlib) -pthread
TESTLIB_OBJECTS := $(patsubst $(TESTLIB)/%.c,$(O)/lib/%.o,$(wildcard $(TESTLIB)/*.c))

$(O)/lib/%.o: $(TESTLIB)/%.c $(wildcard $(TESTLIB)/*.h) $(TESTLIB)/../../hisi_acc/uapi/hisi_acc.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(TESTLIB_CFLAGS) -c -o $@ $<
