# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make image`: the guests' kernels, initramfs and images. Our own programs in it are built static
# and without sanitizers whatever the rest of the build does: they run inside guests.

guest-srcs := vmm/image/init.c vmm/image/config.c vmm/image/guestnet.c vmm/image/drivers.c \
	vmm/image/root.c vmm/image/agent.c vmm/image/agent_parser.c
image-inputs := $(addprefix vmm/image/,build.sh packages files files-frr modules modules-uml) \
	$(shell find vmm/image/rootfs vmm/image/rootfs-frr -type f)
# Share the downloaded packages between build folders by setting this.
IMAGE_CACHE ?= $(O)/image/cache

.PHONY: image
image: $(O)/image/initrd

# build.sh puts the initrd in place last, so it stands for all.
$(O)/image/initrd: $(O)/image/init $(image-inputs)
	@sh vmm/image/build.sh $(O)/image $(O)/image/init $(IMAGE_CACHE)

$(O)/image/vmlinuz: $(O)/image/initrd

$(O)/image/init: $(guest-srcs) vmm/image/guest.h vmm/image/agent.h
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(CC) -std=gnu17 $(WARN) -Os -I. -D_GNU_SOURCE -static -s -o $@ $(guest-srcs)
