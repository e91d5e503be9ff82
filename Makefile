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
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := $(shell cat VERSION)

pkgs := libarchive libev libnl-3.0 libnl-route-3.0 libpcap jansson yaml-0.1 sqlite3 libseccomp libcap-ng libnftables liburing
pkg-cflags = $(foreach p,$(1),$(shell pkg-config --cflags $(p) 2>/dev/null))
pkg-libs = $(foreach p,$(1),$(shell pkg-config --libs $(p) 2>/dev/null))
# libev and libnftables have no .pc file on Debian 12 or an incomplete one. The daemon loads libpcap
# and libnftables itself when it needs them (lib/late.h).
LIBS_DAEMON := -lev -lnl-route-3 -lnl-3 -ljansson -lsqlite3 -lcap-ng -luring -lpthread
LIBS_VMM := -ljansson -lseccomp -lpthread
LIBS_CTL := -ljansson -lyaml -lpcap -larchive -lm

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
	dhcp dns tftp probe vmm nsinit client vnetctl lab tests
-include $(patsubst %,%/module.mk,$(modules))

obj = $(patsubst %.c,$(O)/%.o,$(1))
# A test's object list: sources by name, or the name of a part ("lib", "dhcp", "core").
parts := lib client dhcp dns tftp probe vswitchd-core modes
expand = $(foreach o,$(1),$(if $(filter %.c,$(o)),$(call obj,$(o)),$(call obj,$($(o)-srcs))))

daemon-srcs = $(lib-srcs) $(dhcp-srcs) $(dns-srcs) $(tftp-srcs) $(probe-srcs) $(vswitchd-srcs) $(modes-srcs)
programs := $(O)/bin/vswitchd $(O)/bin/vnetctl $(O)/bin/vnet-vmm $(O)/bin/vnet-uml $(O)/bin/vnet-nsinit

.PHONY: all
all: $(programs)

$(O)/bin/vswitchd: $(call obj,$(daemon-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(O)/bin/vnetctl: $(call obj,$(lib-srcs) $(client-srcs) $(vnetctl-srcs) $(lab-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CTL)

$(O)/bin/vnet-vmm: $(call obj,$(lib-srcs) $(vmm-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_VMM)

# A library that linux.uml is loaded with, as bytes in vnet-uml. It runs inside the guest's kernel:
# without sanitizers, whatever the rest of the build does, and without a stack protector, as that
# kernel has stacks of its own.
$(O)/vmm/uml/preload.so: vmm/uml/preload.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) -std=gnu17 $(WARN) -O2 -fPIC -D_GNU_SOURCE -fno-stack-protector -shared -s \
		-Wl,-z,relro,-z,now -o $@ $<
$(O)/vmm/uml/preload.o: $(O)/vmm/uml/preload.so
	@cd $(@D) && $(LD) -r -b binary -z noexecstack -o preload.o preload.so

$(O)/bin/vnet-uml: $(call obj,$(lib-srcs) $(uml-srcs)) $(O)/vmm/uml/preload.o
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ -ljansson -lpthread

# One for each namespace node: linked statically it takes a tenth of the memory.
$(O)/bin/vnet-nsinit: $(call obj,$(nsinit-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(if $(LDSAN),$(ALL_LDFLAGS),-static $(LDFLAGS)) -o $@ $^

$(O)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# ---- tests -----------------------------------------------------------------------------------

# Each module.mk adds names to unit-tests or wire-tests and says in test_NAME-objs what to link:
# sources, or the name of a part (lib, dhcp, vswitchd-core).
unit-bins := $(patsubst %,$(O)/tests/unit/test_%,$(unit-tests))
wire-bins := $(patsubst %,$(O)/tests/wire/test_%,$(wire-tests))
.PHONY: unit wire
unit: $(unit-bins)
wire: $(wire-bins)

.SECONDEXPANSION:
$(unit-bins) $(wire-bins): $(O)/tests/%: $(O)/tests/%.o $$(call expand,$$($$(notdir %)-objs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS_DAEMON) -lyaml -lseccomp $(libs-$(@F))

fuzz-bins := $(patsubst %,$(O)/fuzz/fuzz_%,$(fuzz-targets))
.PHONY: fuzz
fuzz: $(fuzz-bins)
# All of a fuzzer is instrumented: objects of its own, which the fuzzers share.
fuzz-expand = $(patsubst %.c,$(O)/fuzz/obj/%.o,$(foreach o,$(1),$(if $(filter %.c,$(o)),$(o),$($(o)-srcs))))
$(O)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	@clang -std=gnu17 -g -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-strict-aliasing -I. \
		-D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(call pkg-cflags,libnl-3.0 libnl-route-3.0) \
		-MMD -MP -c -o $@ $<
$(fuzz-bins): $(O)/fuzz/fuzz_%: $(O)/fuzz/obj/tests/fuzz/fuzz_%.o $$(call fuzz-expand,$$(fuzz_%-objs))
	@echo "  LD    $@"
	@clang -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(LIBS_DAEMON) -lyaml -lseccomp -larchive

# What the core's inner loops cost, without a kernel in the way.
$(O)/bench/micro: $(call obj,bench/micro.c $(vswitchd-core-srcs) $(lib-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DAEMON)
$(O)/bench/macs: $(call obj,bench/macs.c $(fdb-srcs) $(lib-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(O)/bench/nat_table: $(call obj,bench/nat_table.c $(nat-core-srcs) $(ra-srcs) $(lib-srcs))
	@mkdir -p $(@D)
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DAEMON)
# The ends of what bench/switch.sh measures.
bench-tools := $(addprefix $(O)/bench/,frames pump connections nat_flows tftp_get)
.PHONY: bench-tools
bench-tools: $(bench-tools)
$(bench-tools): $(O)/bench/%: $(O)/bench/%.o
	@echo "  LD    $@"
	@$(CC) $(ALL_LDFLAGS) -o $@ $^ -lpthread

.PHONY: bench
bench: setup-build setup-run setup-check
	@$(MAKE) --no-print-directory O=$(O) all bench-tools
	@O=$(O) bench/switch.sh
	@O=$(O) bench/nat.sh

.PHONY: bench-micro
bench-micro: $(O)/bench/micro $(O)/bench/macs $(O)/bench/nat_table
	@$(O)/bench/micro
	@$(O)/bench/macs
	@$(O)/bench/nat_table

# ---- the guest image -------------------------------------------------------------------------

-include vmm/image/image.mk

# ---- the commands of README ------------------------------------------------------------------

.PHONY: setup-build setup-run setup-check setup-lint setup-bench
setup-build setup-run setup-check setup-lint setup-bench: setup-%:
	@tools/setup.sh $*

# Set-up first, then a make of its own: what pkg-config answers changes with the packages.
.PHONY: check
check: setup-build setup-run setup-check
	@$(MAKE) --no-print-directory -j$$(($$(nproc) + 1)) O=$(O) SAN=$(SAN) check-build
	@O=$(O) SAN=$(SAN) tests/run.sh $(SUITES)

.PHONY: check-build
check-build: image all unit wire fuzz # (first what waits for downloads)

.PHONY: demo
demo: setup-build setup-run
	@$(MAKE) --no-print-directory O=$(O) all image
	@O=$(O) tools/demo.sh

.PHONY: try
try: setup-build setup-run
	@$(MAKE) --no-print-directory O=$(O) all image
	@O=$(O) tools/try.sh

C_FILES = $(shell git ls-files '*.c' '*.h')
.PHONY: lint
lint: setup-build setup-check setup-lint
	@tests/lint/layers.sh
	@tests/lint/sizes.sh
	@clang-format --dry-run --Werror $(C_FILES)
	@cppcheck -j 2 --quiet --error-exitcode=1 --std=c11 --enable=warning,portability \
		--library=tests/lint/cppcheck.cfg --suppressions-list=tests/lint/cppcheck.txt \
		-I. $(filter %.c,$(C_FILES))
	@tools/tidy.sh -- $(ALL_CFLAGS)
	@shellcheck -x -S warning $$(git ls-files '*.sh' ':!labs/') .ci/run
	@codespell -q 3 -L $(CODESPELL_WORDS) $$(git ls-files | grep -vE '^LICENSE|corpus/')
	@O=$(O) tests/lint/manual.sh
	@echo "lint: clean"
CODESPELL_WORDS := ser,nd,fo,inout,te,ot,tha,thre,ist,statics,miror,ede,passt,chek,optoins

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
		$(DESTDIR)$(PREFIX)/libexec/vswitchd $(DESTDIR)$(PREFIX)/share/vswitchd/labs
	install -m 755 $(O)/bin/vnetctl $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(O)/bin/vswitchd $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(O)/bin/vnet-vmm $(O)/bin/vnet-uml $(O)/bin/vnet-nsinit $(DESTDIR)$(PREFIX)/libexec/vswitchd/
	install -m 644 labs/*.yaml labs/README.md $(DESTDIR)$(PREFIX)/share/vswitchd/labs/
	cp -r $(wildcard labs/[0-9]*) $(DESTDIR)$(PREFIX)/share/vswitchd/labs/
	install -D -m 644 tools/completion/vnetctl.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/vnetctl
	install -D -m 644 tools/completion/_vnetctl \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_vnetctl
	for page in doc/*.[1-8]; do \
		install -D -m 644 "$$page" \
		"$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}"; done
	if [ -f $(O)/image/vmlinuz ]; then \
		install -d $(DESTDIR)$(PREFIX)/share/vswitchd/image; \
		install -m 644 $(O)/image/vmlinuz $(O)/image/initrd $(O)/image/initrd-uml \
		$(wildcard $(O)/image/*.erofs $(O)/image/*.json) \
		$(DESTDIR)$(PREFIX)/share/vswitchd/image/; \
		install -m 755 $(O)/image/linux.uml $(DESTDIR)$(PREFIX)/share/vswitchd/image/; fi

.PHONY: help
help:
	@echo 'make                   build the programs into $(O)/bin'
	@echo 'sudo make demo         set up, build, and run labs/five-networks.yaml with real guests'
	@echo 'make try               a shell on a little host of its own, with vswitchd running; no root'
	@echo 'sudo make check        set up, build, run all tests     (SAN=1: under ASan and UBSan)'
	@echo '     SUITES="unit wire" runs only these of: lint unit wire fuzz system nested'
	@echo 'make image             the guest images, into $(O)/image'
	@echo 'make lint              format, static checks, budgets, layers'
	@echo 'make bench             side-by-side figures against the kernel bridge and masquerade'
	@echo 'make setup-bench       install the peers that bench compares with: Open vSwitch, VDE, pasta, slirp4netns'
	@echo 'make bench-micro       figures of the inner loops alone'
	@echo 'sudo make install      below PREFIX=$(PREFIX), DESTDIR=$(DESTDIR)'

.PHONY: clean
clean:
	rm -rf build build-san

-include $(shell find $(O) -path $(O)/image -prune -o -type f -name '*.d' -print 2>/dev/null)
