/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The balloon: what a guest reports as free is emptied, and nothing else is. */
#include <linux/virtio_balloon.h>
#include <linux/virtio_config.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/unit.h"
#include "tests/unit/virtio_world.h"
#include "vmm/virtio_balloon.h"

enum { INFLATE, DEFLATE, REPORTING, QUEUES, PAGE = 4096 };

static struct world w;
static struct virtio_balloon b;
static uint8_t *heap; /* the world's own memory, which is not whole pages */

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	heap = w.ram;
	w.ram = mmap(NULL, WORLD_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memory_init(&w.mem, w.ram, WORLD_RAM);
	memset(&b, 0, sizeof(b));
	return w.ram == MAP_FAILED || virtio_balloon_init(&b, &w.host, &w.pci, &w.mmio);
}

static int teardown(void **state)
{
	(void)state;
	virtio_balloon_fini(&b);
	munmap(w.ram, WORLD_RAM);
	w.ram = heap;
	world_fini(&w);
	return 0;
}

static void drive(void)
{
	world_drive(&w, 1ull << VIRTIO_BALLOON_F_REPORTING, QUEUES);
	memset(w.ram + WORLD_DATA, 0xaa, 16 * PAGE);
}

static void give(unsigned int queue, uint64_t addr, uint32_t len, uint16_t flags)
{
	world_set_desc(&w, queue, 0, addr, len, flags, 0);
	world_offer(&w, queue, 0);
	world_kick(&w, queue);
}

static bool empty(uint64_t addr, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (w.ram[addr + i])
			return false;
	return true;
}

static void a_report_empties_whole_pages(void **state)
{
	(void)state;
	drive();
	give(REPORTING, WORLD_DATA + 100, 3 * PAGE, VRING_DESC_F_WRITE);
	assert_int_equal(world_used(&w, REPORTING)[1], 1);
	assert_int_equal(world_used_elem(&w, REPORTING, 0)->len, 0);
	assert_int_equal(w.interrupts[REPORTING], 1);
	assert_int_equal(w.ram[WORLD_DATA + PAGE - 1], 0xaa);
	assert_true(empty(WORLD_DATA + PAGE, 2 * PAGE));
	assert_int_equal(w.ram[WORLD_DATA + 3 * PAGE], 0xaa);
	w.ram[WORLD_DATA + PAGE] = 1; /* and it may be used again */
	assert_int_equal(w.ram[WORLD_DATA + PAGE], 1);
}

static void less_than_a_page_stays(void **state)
{
	(void)state;
	drive();
	give(REPORTING, WORLD_DATA + 1, PAGE, VRING_DESC_F_WRITE);
	assert_int_equal(w.ram[WORLD_DATA + 1], 0xaa);
	assert_int_equal(w.ram[WORLD_DATA + PAGE], 0xaa);
	assert_int_equal(world_used(&w, REPORTING)[1], 1);
}

static void what_is_lent_for_reading_stays(void **state)
{
	(void)state;
	drive();
	give(REPORTING, WORLD_DATA, PAGE, 0);
	assert_int_equal(w.ram[WORLD_DATA], 0xaa);
	assert_int_equal(world_used(&w, REPORTING)[1], 1);
}

static void inflating_is_answered_and_does_nothing(void **state)
{
	(void)state;
	drive();
	give(INFLATE, WORLD_DATA, PAGE, 0);
	give(DEFLATE, WORLD_DATA, PAGE, 0);
	assert_int_equal(world_used(&w, INFLATE)[1], 1);
	assert_int_equal(world_used(&w, DEFLATE)[1], 1);
	assert_int_equal(w.ram[WORLD_DATA], 0xaa);
	assert_int_equal(world_read(&w, VIRTIO_BAR_DEVICE, 4), 0); /* num_pages */
}

static void memory_that_is_not_there(void **state)
{
	(void)state;
	drive();
	give(REPORTING, WORLD_RAM - PAGE, 2 * PAGE, VRING_DESC_F_WRITE);
	assert_true(world_status(&w) & VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_int_equal(w.ram[WORLD_DATA], 0xaa);
}

/* A report may name the very rings that it came by. */
static void its_own_rings(void **state)
{
	(void)state;
	drive();
	give(REPORTING, 0, 5 * WORLD_RINGS, VRING_DESC_F_WRITE);
	assert_int_equal(w.ram[WORLD_DATA], 0xaa);
	world_set_status(&w, 0);
	drive();
	give(REPORTING, WORLD_DATA, PAGE, VRING_DESC_F_WRITE);
	assert_true(empty(WORLD_DATA, PAGE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_report_empties_whole_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(less_than_a_page_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_lent_for_reading_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(inflating_is_answered_and_does_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(memory_that_is_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(its_own_rings, setup, teardown),
	};

	return cmocka_run_group_tests_name("virtio_balloon", tests, NULL, NULL);
}
