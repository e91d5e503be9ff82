# SPDX-License-Identifier: GPL-2.0-or-later
#
# vswitchd - build, tests, demo.   `make help` lists the targets.
#
# Every folder says in its module.mk which sources make up its part; this file only knows how the
# parts become programs.  O= names the build folder, SAN=1 builds with ASan and UBSan into its own.

SAN ?= 0
ifeq ($(SAN),1)
O ?= build-san
else
O ?= build
endif
CC ?= gcc
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(shell cat VERSION)

pkgs := libev libnl-3.0 libnl-route-3.0 libpcap jansson yaml-0.1 sqlite3 libseccomp libcap-ng libnftables
pkg-cflags = $(foreach p,$(1),$(shell pkg-config --cflags $(p) 2>/dev/null))
pkg-libs = $(foreach p,$(1),$(shell pkg-config --libs $(p) 2>/dev/null))
# libev and libnftables have no .pc file on Debian 12 or an incomplete one.
LIBS_DAEMON := -lev -lnl-route-3 -lnl-3 -lpcap -ljansson -lsqlite3 -lcap-ng -lnftables -lpthread
LIBS_VMM := -lev -ljansson -lseccomp -lpthread
LIBS_CTL := -ljansson -lyaml -lpcap

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wundef -Wvla
HARDEN := -fstack-protector-strong -fPIE
ifeq ($(SAN),1)
OPT := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDSAN := -fsanitize=address,undefined
else
OPT := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
LDSAN :=
endif
# libev's macros alias through its watcher types by design.
CFLAGS ?= -g
ALL_CFLAGS = -std=gnu17 $(WARN) $(OPT) $(HARDEN) $(CFLAGS) -I. -I$(O) -D_GNU_SOURCE -fno-strict-aliasing \
	-DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(PREFIX)/libexec/vswitchd"' \
	-DDATADIR='"$(PREFIX)/share/vswitchd"' \
	$(call pkg-cflags,libnl-3.0 libnl-route-3.0)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(LDSAN) $(LDFLAGS)

modules := lib vswitchd modes/nat modes/bridge modes/hostonly modes/internal modes/lansegment \
	dhcp vmm vnetctl lab tests
-include $(patsubst %,%/module.mk,$(modules))

obj = $(patsubst %.c,$(O)/%.o,$(1))
# A test's object list: sources by name, or the name of a part ("lib", "dhcp", "core").
parts := lib dhcp vswitchd-core modes
expand = $(foreach o,$(1),$(if $(filter %.c,$(o)),$(call obj,$(o)),$(call obj,$($(o)-srcs))))

daemon-srcs = $(lib-srcs) $(dhcp-srcs) $(vswitchd-srcs) $(modes-srcs)
programs := $(O)/bin/vswitchd $(O)/bin/vnetctl $(O)/bin/vnet-vmm

.PHONY: all
all: $(programs)

$(O)/bin/vswitchd: $(call obj,$(daemon-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(O)/bin/vnetctl: $(call obj,$(lib-srcs) $(vnetctl-srcs) $(lab-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CTL)

$(O)/bin/vnet-vmm: $(call obj,$(lib-srcs) $(vmm-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_VMM)

$(O)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# ---- tests -----------------------------------------------------------------------------------

unit-bins := $(patsubst %,$(O)/tests/unit/test_%,$(unit-tests))
.PHONY: unit
unit: $(unit-bins)

.SECONDEXPANSION:
$(unit-bins): $(O)/tests/unit/test_%: $(O)/tests/unit/test_%.o $$(call expand,$$(test_%-objs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS_DAEMON) -lyaml -lseccomp

fuzz-bins := $(patsubst %,$(O)/fuzz/fuzz_%,$(fuzz-targets))
.PHONY: fuzz
fuzz: $(fuzz-bins)
$(fuzz-bins): $(O)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $$(foreach o,$$(fuzz_%-objs),$$(if $$(filter %.c,$$(o)),$$(o),$$($$(o)-srcs)))
	@mkdir -p $(@D)
	@echo "  FUZZ  $@"
	@clang -std=gnu17 -g -O1 -fsanitize=fuzzer,address,undefined -fno-strict-aliasing -I. -D_GNU_SOURCE \
		-DVERSION='"$(VERSION)"' $(call pkg-cflags,libnl-3.0 libnl-route-3.0) -o $@ $(filter %.c,$^) \
		$(LIBS_DAEMON) -lyaml -lseccomp

.PHONY: clean
clean:
	rm -rf build build-san

-include $(shell find $(O) -name '*.d' 2>/dev/null)
