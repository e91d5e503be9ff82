/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transport: negotiation, queue set-up, MSI-X, PCI registers, against any driver. */
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tests/unit/virtio_world.h"

static struct world w;
static struct virtio_pci dev;
static unsigned int starts, stops, notified[2];

static void on_start(struct virtio_pci *v)
{
	(void)v;
	starts++;
}

static void on_stop(struct virtio_pci *v)
{
	(void)v;
	stops++;
}

static void on_notify(struct virtio_pci *v, unsigned int index)
{
	(void)v;
	notified[index]++;
}

static void config(struct virtio_pci *v, uint8_t *space)
{
	(void)v;
	memcpy(space, "config!", 7);
}

static const struct virtio_class class = {
	.id = 4,
	.class_code = 0xff00,
	.n_queues = 2,
	.config = config,
	.start = on_start,
	.stop = on_stop,
	.notify = on_notify,
};

enum { FEATURE = 5 };

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	memset(&dev, 0, sizeof(dev));
	starts = stops = notified[0] = notified[1] = 0;
	return virtio_pci_init(&dev, &class, 1ull << FEATURE, &w.host, &w.pci, &w.mmio);
}

static int teardown(void **state)
{
	(void)state;
	virtio_pci_fini(&dev);
	world_fini(&w);
	return 0;
}

static void identity(void **state)
{
	(void)state;
	assert_int_equal(world_cfg_read(&w, 0, PCI_CLASS_DEVICE, 2), 0x0600);
	assert_int_equal(world_cfg_read(&w, 1, PCI_VENDOR_ID, 4), 0x10441af4);
	assert_int_equal(world_cfg_read(&w, 1, PCI_REVISION_ID, 1), 1);
	assert_int_equal(world_cfg_read(&w, 2, PCI_VENDOR_ID, 4), 0xffffffff);
	assert_int_equal(world_cfg_read(&w, 1, PCI_INTERRUPT_PIN, 1), 0);
}

/* Every structure of 4.1.4 has its capability, inside the BAR. */
static void capabilities(void **state)
{
	unsigned int cap, seen = 0;
	bool msix = false;

	(void)state;
	for (cap = world_cfg_read(&w, 1, PCI_CAPABILITY_LIST, 1); cap;
	     cap = world_cfg_read(&w, 1, cap + 1, 1)) {
		uint32_t off = world_cfg_read(&w, 1, cap + 8, 4);
		uint32_t len = world_cfg_read(&w, 1, cap + 12, 4);

		if (world_cfg_read(&w, 1, cap, 1) == PCI_CAP_ID_MSIX) {
			msix = true;
			continue;
		}
		assert_int_equal(world_cfg_read(&w, 1, cap, 1), PCI_CAP_ID_VNDR);
		assert_true(off + len <= PCI_BAR_SIZE);
		seen |= 1u << world_cfg_read(&w, 1, cap + 3, 1);
	}
	assert_true(msix);
	assert_int_equal(seen, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5);
}

static void negotiation(void **state)
{
	(void)state;
	assert_true(world_negotiate(&w, 1 << FEATURE));
	world_set_status(&w, world_status(&w) | VIRTIO_CONFIG_S_DRIVER_OK);
	assert_int_equal(starts, 1);
	assert_true(virtio_pci_has(&dev, FEATURE));
	assert_false(virtio_pci_has(&dev, VIRTIO_RING_F_EVENT_IDX));
}

/* V23 */
static void bad_features_are_refused(void **state)
{
	(void)state;
	assert_false(world_negotiate(&w, 1 << 6));
	assert_false(world_negotiate(&w, 1ull << 63));
	/* without VERSION_1 */
	world_set_status(&w, 0);
	world_set_status(&w, 3);
	world_set_status(&w, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	assert_int_equal(world_status(&w), 3);
	/* and DRIVER_OK has no effect without FEATURES_OK (V7) */
	world_set_status(&w, 3 | VIRTIO_CONFIG_S_DRIVER_OK);
	assert_int_equal(world_status(&w), 3);
	world_set_status(&w, 0xff);
	assert_int_equal(starts, 0);
}

static void features_are_constant_after_ok(void **state)
{
	(void)state;
	assert_true(world_negotiate(&w, 0));
	world_write(&w, VIRTIO_PCI_COMMON_GFSELECT, 0, 4);
	world_write(&w, VIRTIO_PCI_COMMON_GF, 0xffffffff, 4);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_GF, 4), 0);
}

static void status_bits_are_only_added(void **state)
{
	(void)state;
	world_drive(&w, 0, 2);
	world_set_status(&w, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	assert_int_equal(world_status(&w), 0xf);
	world_set_status(&w, 0);
	assert_int_equal(world_status(&w), 0);
	assert_int_equal(starts, 1);
	assert_false(dev.queues[0].enabled);
}

/* V5, V6 */
static void queue_registers(void **state)
{
	(void)state;
	/* before FEATURES_OK nothing sticks */
	world_cfg_write(&w, 1, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(world_enable_queue(&w, 0), 0);
	assert_true(world_negotiate(&w, 0));
	assert_int_equal(world_enable_queue(&w, 0), 1);
	/* constant while enabled */
	world_write(&w, VIRTIO_PCI_COMMON_Q_SIZE, 4, 2);
	world_write(&w, VIRTIO_PCI_COMMON_Q_DESCLO, 0x100, 4);
	world_write(&w, VIRTIO_PCI_COMMON_Q_ENABLE, 0, 2);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_Q_SIZE, 2), WORLD_QUEUE_SIZE);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_Q_DESCLO, 4), WORLD_RINGS);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
	/* a queue that is not there has size 0 and takes nothing */
	world_write(&w, VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
	world_write(&w, VIRTIO_PCI_COMMON_Q_SIZE, 8, 2);
	world_write(&w, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	world_write(&w, VIRTIO_PCI_COMMON_Q_SELECT, 0xffff, 2);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	/* one outside RAM stays off */
	world_write(&w, VIRTIO_PCI_COMMON_Q_SELECT, 1, 2);
	world_write(&w, VIRTIO_PCI_COMMON_Q_DESCHI, 0xffffffff, 4);
	world_write(&w, VIRTIO_PCI_COMMON_Q_ENABLE, 1, 2);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
}

/* V7, V19 */
static void kicks_count_only_when_live(void **state)
{
	unsigned int i;

	(void)state;
	world_cfg_write(&w, 1, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	world_kick(&w, 0);
	assert_int_equal(notified[0], 0);
	world_drive(&w, 0, 2);
	notified[0] = notified[1] = 0;
	world_kick(&w, 1);
	assert_int_equal(notified[1], 1);
	for (i = 0; i < 100000; i++) /* a flood is one wake-up */
		world_write(&w, VIRTIO_BAR_NOTIFY, 0, 2);
	world_run(&w);
	assert_int_equal(notified[0], 1);
	for (i = 2; i < 2048; i++) /* queues that do not exist */
		world_kick(&w, i);
	assert_int_equal(notified[0] + notified[1], 2);
	world_set_status(&w, 0);
	world_kick(&w, 0);
	assert_int_equal(notified[0], 1);
}

static void masked_vectors_wait(void **state)
{
	uint64_t ctrl = VIRTIO_BAR_MSIX + WORLD_CONFIG_VECTOR * 16 + 12;

	(void)state;
	world_drive(&w, 0, 2);
	virtio_pci_config_changed(&dev);
	assert_int_equal(w.interrupts[WORLD_CONFIG_VECTOR], 1);
	world_write(&w, ctrl, 1, 4);
	virtio_pci_config_changed(&dev);
	assert_int_equal(w.interrupts[WORLD_CONFIG_VECTOR], 1);
	assert_int_equal(world_read(&w, VIRTIO_BAR_PBA, 8), 1 << WORLD_CONFIG_VECTOR);
	world_write(&w, ctrl, 0, 4);
	assert_int_equal(w.interrupts[WORLD_CONFIG_VECTOR], 2);
	assert_int_equal(world_read(&w, VIRTIO_BAR_PBA, 8), 0);
	assert_int_equal(world_read(&w, VIRTIO_BAR_ISR, 1), 2);
	assert_int_equal(world_read(&w, VIRTIO_BAR_ISR, 1), 0);
}

static void vectors_out_of_range_are_none(void **state)
{
	(void)state;
	world_drive(&w, 0, 2);
	world_write(&w, VIRTIO_PCI_COMMON_MSIX, VIRTIO_VECTORS, 2);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	virtio_pci_config_changed(&dev);
	assert_int_equal(w.interrupts[WORLD_CONFIG_VECTOR], 0);
}

static void a_broken_queue_needs_reset(void **state)
{
	(void)state;
	world_drive(&w, 0, 2);
	virtio_pci_broken(&dev);
	assert_true(world_status(&w) & VIRTIO_CONFIG_S_NEEDS_RESET);
	assert_int_equal(w.interrupts[WORLD_CONFIG_VECTOR], 1);
	notified[0] = 0;
	world_kick(&w, 0);
	assert_int_equal(notified[0], 0);
	world_drive(&w, 0, 2);
	assert_int_equal(starts, 2);
	assert_true(dev.live);
}

/* V22: a BAR can be sized, and never moved. */
static void the_bar_stays(void **state)
{
	static const uint32_t places[] = {0,	      0x1000,	  0xfee00000,
					  0xffffffff, 0xfffffff0, 0xe0000000};
	unsigned int i;

	(void)state;
	world_cfg_write(&w, 1, PCI_BASE_ADDRESS_0, 0xffffffff, 4);
	assert_int_equal(world_cfg_read(&w, 1, PCI_BASE_ADDRESS_0, 4), ~(PCI_BAR_SIZE - 1u));
	for (i = 0; i < ARRAY_SIZE(places); i++)
		world_cfg_write(&w, 1, PCI_BASE_ADDRESS_0, places[i], 4);
	assert_int_equal(world_cfg_read(&w, 1, PCI_BASE_ADDRESS_0, 4), w.bar);
	world_cfg_write(&w, 1, PCI_BASE_ADDRESS_0 + 2, 0xffff, 2);
	assert_int_equal(world_cfg_read(&w, 1, PCI_BASE_ADDRESS_0, 4), w.bar);
	world_cfg_write(&w, 1, PCI_BASE_ADDRESS_1, 0xffffffff, 4);
	assert_int_equal(world_cfg_read(&w, 1, PCI_BASE_ADDRESS_1, 4), 0);
	/* and is silent without memory decoding */
	world_cfg_write(&w, 1, PCI_COMMAND, 0, 2);
	assert_int_equal(world_read(&w, VIRTIO_PCI_COMMON_NUMQ, 2), 0xffff);
}

/* 4.1.4.9 */
static void the_window_in_configuration_space(void **state)
{
	unsigned int cap = dev.window_cap;

	(void)state;
	world_cfg_write(&w, 1, cap + VIRTIO_PCI_CAP_OFFSET, VIRTIO_BAR_DEVICE, 4);
	world_cfg_write(&w, 1, cap + VIRTIO_PCI_CAP_LENGTH, 4, 4);
	assert_int_equal(world_cfg_read(&w, 1, cap + 16, 4), 0x666e6f63); /* "conf" */
	world_cfg_write(&w, 1, cap + VIRTIO_PCI_CAP_OFFSET, VIRTIO_PCI_COMMON_STATUS, 4);
	world_cfg_write(&w, 1, cap + VIRTIO_PCI_CAP_LENGTH, 1, 4);
	world_cfg_write(&w, 1, cap + 16, 1, 1);
	assert_int_equal(dev.status, 1);
	/* another BAR, lengths and places that are none */
	world_cfg_write(&w, 1, cap + VIRTIO_PCI_CAP_BAR, 3, 1);
	assert_int_equal(world_cfg_read(&w, 1, cap + VIRTIO_PCI_CAP_BAR, 1), 0);
	world_cfg_write(&w, 1, cap + VIRTIO_PCI_CAP_LENGTH, 0xffffffff, 4);
	world_cfg_read(&w, 1, cap + 16, 4);
	world_cfg_write(&w, 1, cap + VIRTIO_PCI_CAP_LENGTH, 4, 4);
	world_cfg_write(&w, 1, cap + VIRTIO_PCI_CAP_OFFSET, 0xfffffffc, 4);
	world_cfg_read(&w, 1, cap + 16, 4);
	world_cfg_write(&w, 1, cap + 16, 0xff, 4);
	assert_int_equal(dev.status, 1);
}

/* V21: every offset and width, read and written; V29 for the configuration ports. */
static void every_offset_and_width(void **state)
{
	static const unsigned int widths[] = {1, 2, 4, 8};
	unsigned int i, off;

	(void)state;
	world_drive(&w, 0, 2);
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		for (off = 0; off < PCI_BAR_SIZE; off++) {
			world_read(&w, off, widths[i]);
			world_write(&w, off, 0xa5a5a5a5a5a5a5a5, widths[i]);
		}
		for (off = 0; off < 256; off++) {
			uint32_t v = 0x5a5a5a5a;

			world_cfg_read(&w, 1, off, MIN(widths[i], 4u));
			world_cfg_write(&w, 1, off, v, MIN(widths[i], 4u));
		}
	}
	assert_int_equal(world_cfg_read(&w, 1, PCI_VENDOR_ID, 2), 0x1af4);
	virtio_pci_reset(&dev);
	assert_int_equal(dev.status, 0);
	world_drive(&w, 0, 2);
	assert_true(dev.live);
}

static void functions_and_buses_that_are_not_there(void **state)
{
	uint32_t a, v = 0;

	(void)state;
	for (a = 0x80000800; a < 0x81000000; a += 0x100) {
		if ((a & 0xffff00) == 0x800)
			continue;
		bus_access(&w.ports, 0xcf8, &a, 4, true);
		bus_access(&w.ports, 0xcfc, &v, 4, false);
		assert_int_equal(v, 0xffffffff);
	}
	a = 0x00000800; /* not enabled */
	bus_access(&w.ports, 0xcf8, &a, 4, true);
	bus_access(&w.ports, 0xcfc, &v, 4, false);
	assert_int_equal(v, 0xffffffff);
}

static void reset_control(void **state)
{
	uint8_t v = 2;

	(void)state;
	bus_access(&w.ports, 0xcf9, &v, 1, true);
	assert_int_equal(w.resets, 0);
	v = 6;
	bus_access(&w.ports, 0xcf9, &v, 1, true);
	assert_int_equal(w.resets, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(identity),
		T(capabilities),
		T(negotiation),
		T(bad_features_are_refused),
		T(features_are_constant_after_ok),
		T(status_bits_are_only_added),
		T(queue_registers),
		T(kicks_count_only_when_live),
		T(masked_vectors_wait),
		T(vectors_out_of_range_are_none),
		T(a_broken_queue_needs_reset),
		T(the_bar_stays),
		T(the_window_in_configuration_space),
		T(every_offset_and_width),
		T(functions_and_buses_that_are_not_there),
		T(reset_control),
	};

	return cmocka_run_group_tests_name("virtio_pci", tests, NULL, NULL);
}
