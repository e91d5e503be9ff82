/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The disk: what it does, and V25 of a hostile driver. */
#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tests/unit/virtio_world.h"
#include "vmm/virtio_blk.h"

enum { SECTORS = 16, HEAD = WORLD_DATA, DATA = WORLD_DATA + 0x1000, STATUS = WORLD_DATA + 0x8000 };

static struct world w;
static struct virtio_blk *b;
static bool read_only;

static int setup(void **state)
{
	int fd = memfd_create("disk", 0);

	(void)state;
	world_init(&w);
	b = calloc(1, sizeof(*b));
	if (!b || ftruncate(fd, SECTORS * 512 + 100))
		return -1;
	return virtio_blk_init(b, fd, read_only, 3, &w.host, &w.pci, &w.mmio, NULL);
}

static int setup_read_only(void **state)
{
	read_only = true;
	return setup(state);
}

static int teardown(void **state)
{
	(void)state;
	read_only = false;
	virtio_blk_fini(b);
	free(b);
	world_fini(&w);
	return 0;
}

static uint8_t request(uint32_t type, uint64_t sector, uint32_t len, bool in)
{
	const struct virtio_blk_outhdr h = {.type = type, .sector = sector};

	memcpy(w.ram + HEAD, &h, sizeof(h));
	w.ram[STATUS] = 0xee;
	world_set_desc(&w, 0, 0, HEAD, sizeof(h), VRING_DESC_F_NEXT, 1);
	world_set_desc(&w, 0, 1, DATA, len, VRING_DESC_F_NEXT | (in ? VRING_DESC_F_WRITE : 0), 2);
	world_set_desc(&w, 0, 2, STATUS, 1, VRING_DESC_F_WRITE, 0);
	world_offer(&w, 0, 0);
	world_kick(&w, 0);
	return w.ram[STATUS];
}

static void reads_and_writes(void **state)
{
	(void)state;
	world_drive(&w, 0, 1);
	assert_int_equal(world_read(&w, VIRTIO_BAR_DEVICE, 8), SECTORS);
	memset(w.ram + DATA, 0xab, 1024);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, 14, 1024, false), VIRTIO_BLK_S_OK);
	memset(w.ram + DATA, 0, 1024);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 15, 512, true), VIRTIO_BLK_S_OK);
	assert_int_equal(w.ram[DATA + 511], 0xab);
	assert_int_equal(w.ram[DATA + 512], 0);
	assert_int_equal(world_used_elem(&w, 0, 1)->len, 513);
	assert_int_equal(request(VIRTIO_BLK_T_FLUSH, 0, 0, false), VIRTIO_BLK_S_OK);
	assert_int_equal(request(VIRTIO_BLK_T_GET_ID, 0, 20, true), VIRTIO_BLK_S_OK);
	assert_string_equal((char *)w.ram + DATA, "disk3");
	assert_int_equal(w.interrupts[0], 4);
}

static void out_of_bounds(void **state)
{
	static const struct {
		uint64_t sector;
		uint32_t len;
	} bad[] = {{SECTORS, 512},    {SECTORS - 1, 1024},   {0, 511},
		   {0, 513},	      {UINT64_MAX, 512},     {UINT64_MAX / 512, 512},
		   {1ull << 55, 512}, {UINT64_MAX - 1, 2048}};
	unsigned int i;

	(void)state;
	world_drive(&w, 0, 1);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(request(VIRTIO_BLK_T_IN, bad[i].sector, bad[i].len, true),
				 VIRTIO_BLK_S_IOERR);
		assert_int_equal(request(VIRTIO_BLK_T_OUT, bad[i].sector, bad[i].len, false),
				 VIRTIO_BLK_S_IOERR);
	}
	assert_int_equal(lseek(b->fd, 0, SEEK_END), SECTORS * 512 + 100);
	assert_int_equal(request(77, 0, 512, true), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(request(VIRTIO_BLK_T_DISCARD, 0, 512, false), VIRTIO_BLK_S_UNSUPP);
}

/* V25: read only holds although the driver did not negotiate it. */
static void read_only_holds(void **state)
{
	(void)state;
	world_drive(&w, 0, 1);
	assert_int_equal(request(VIRTIO_BLK_T_OUT, 0, 512, false), VIRTIO_BLK_S_IOERR);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, 512, true), VIRTIO_BLK_S_OK);
}

static void no_place_for_the_status(void **state)
{
	(void)state;
	world_drive(&w, 0, 1);
	world_set_desc(&w, 0, 0, HEAD, 16, 0, 0);
	world_offer(&w, 0, 0);
	world_kick(&w, 0);
	assert_true(world_status(&w) & VIRTIO_CONFIG_S_NEEDS_RESET);
	world_drive(&w, 0, 1);
	world_set_desc(&w, 0, 0, HEAD, 15, VRING_DESC_F_NEXT, 1);
	world_set_desc(&w, 0, 1, STATUS, 1, VRING_DESC_F_WRITE, 0);
	world_offer(&w, 0, 0);
	world_kick(&w, 0);
	assert_true(world_status(&w) & VIRTIO_CONFIG_S_NEEDS_RESET);
	world_drive(&w, 0, 1);
	assert_int_equal(request(VIRTIO_BLK_T_IN, 0, 512, true), VIRTIO_BLK_S_OK);
}

#define T(f, s) cmocka_unit_test_setup_teardown(f, s, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(reads_and_writes, setup),
		T(out_of_bounds, setup),
		T(read_only_holds, setup_read_only),
		T(no_place_for_the_status, setup),
	};

	return cmocka_run_group_tests_name("virtio_blk", tests, NULL, NULL);
}
