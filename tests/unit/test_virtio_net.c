/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network card, with a socket pair that keeps frame boundaries in place of the tap. */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tests/unit/virtio_world.h"
#include "vmm/virtio_net.h"

enum { RX, TX, HDR = VIRTIO_NET_HDR_LEN, FRAME = 60 };

#define F(name) (1ull << VIRTIO_NET_F_##name)
#define OFFLOADS                                                                                   \
	(F(CSUM) | F(GUEST_CSUM) | F(HOST_TSO4) | F(HOST_TSO6) | F(GUEST_TSO4) | F(GUEST_TSO6))

static struct world w;
static struct virtio_net *n;
static int wire; /* the tap's other end */
static unsigned int offload;

/* In place of the C library's: the socket takes a tap's two requests. */
int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;

	(void)fd;
	va_start(ap, request);
	if (request == TUNSETOFFLOAD)
		offload = va_arg(ap, unsigned int);
	va_end(ap);
	return 0;
}

static int setup(void **state)
{
	static const struct mac mac = {{0x52, 0x54, 0, 1, 2, 3}};
	int fds[2], size = 1 << 20;

	(void)state;
	world_init(&w);
	n = calloc(1, sizeof(*n));
	if (!n || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds))
		return -1;
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	wire = fds[1];
	return virtio_net_init(n, fds[0], &mac, &w.host, &w.pci, &w.mmio, NULL);
}

static int teardown(void **state)
{
	(void)state;
	virtio_net_fini(n);
	free(n);
	close(wire);
	world_fini(&w);
	return 0;
}

/* A frame of @len bytes with its header, from the network. */
static void arrive(size_t len)
{
	uint8_t frame[VIRTIO_NET_FRAME_MAX] = {0};
	size_t i;

	for (i = 0; i < len; i++)
		frame[HDR + i] = (uint8_t)i;
	assert_int_equal(send(wire, frame, HDR + len, 0), HDR + len);
	world_run(&w);
}

static ssize_t departed(uint8_t *buf, size_t size)
{
	return recv(wire, buf, size, 0);
}

static void post_rx(unsigned int i, uint64_t addr, uint32_t len)
{
	world_set_desc(&w, RX, i, addr, len, VRING_DESC_F_WRITE, 0);
	world_offer(&w, RX, (uint16_t)i);
	world_kick(&w, RX);
}

static struct virtio_net_hdr_v1 *header(void)
{
	return (struct virtio_net_hdr_v1 *)(void *)(w.ram + WORLD_DATA);
}

static void post_tx(uint32_t len)
{
	world_set_desc(&w, TX, 0, WORLD_DATA, len, 0, 0);
	world_offer(&w, TX, 0);
	world_kick(&w, TX);
}

static bool needs_reset(void)
{
	return world_status(&w) & VIRTIO_CONFIG_S_NEEDS_RESET;
}

static void configuration(void **state)
{
	(void)state;
	world_drive(&w, F(MAC) | F(STATUS), 2);
	assert_int_equal(world_read(&w, VIRTIO_BAR_DEVICE, 4), 0x01005452);
	assert_int_equal(world_read(&w, VIRTIO_BAR_DEVICE + 6, 2), VIRTIO_NET_S_LINK_UP);
	virtio_net_set_link(n, false);
	assert_int_equal(world_read(&w, VIRTIO_BAR_DEVICE + 6, 2), 0);
	assert_int_equal(w.interrupts[WORLD_CONFIG_VECTOR], 1);
}

static void a_frame_goes_out(void **state)
{
	uint8_t out[256];

	(void)state;
	world_drive(&w, 0, 2);
	memset(w.ram + WORLD_DATA, 0, HDR);
	memcpy(w.ram + WORLD_DATA + HDR, "abcdefghijklmnopqrst", 20);
	post_tx(HDR + 20);
	assert_int_equal(departed(out, sizeof(out)), HDR + 20);
	assert_memory_equal(out + HDR, "abcdefghijklmnopqrst", 20);
	assert_int_equal(world_used(&w, TX)[1], 1);
	assert_int_equal(w.interrupts[TX], 1);
	assert_int_equal(n->stats.tx_frames, 1);
}

/* V11: cut byte by byte through the header. */
static void a_scattered_frame_goes_out(void **state)
{
	uint8_t out[256];
	unsigned int i;

	(void)state;
	world_drive(&w, 0, 2);
	memset(w.ram + WORLD_DATA, 0, HDR);
	for (i = 0; i < 15; i++) {
		world_set_desc(&w, TX, i, WORLD_DATA + i, 1, VRING_DESC_F_NEXT, (uint16_t)(i + 1));
		w.ram[WORLD_DATA + i] = i < HDR ? 0 : (uint8_t)i;
	}
	world_set_desc(&w, TX, 15, WORLD_DATA + 15, 20, 0, 0);
	w.ram[WORLD_DATA + 15] = 15;
	world_offer(&w, TX, 0);
	world_kick(&w, TX);
	assert_int_equal(departed(out, sizeof(out)), 35);
	assert_int_equal(out[HDR], 12);
	assert_int_equal(out[15], 15);
}

/* V11: dropped, given back, and the queue goes on. */
static void short_frames_are_dropped(void **state)
{
	uint8_t out[256];
	uint32_t len;

	(void)state;
	world_drive(&w, 0, 2);
	for (len = 0; len < HDR + 14; len++)
		post_tx(len);
	assert_int_equal(departed(out, sizeof(out)), -1);
	assert_int_equal(n->stats.tx_drops, HDR + 14);
	assert_int_equal(world_used(&w, TX)[1], HDR + 14);
	post_tx(HDR + 14);
	assert_int_equal(departed(out, sizeof(out)), HDR + 14);
	assert_false(needs_reset());
}

static void huge_frames_are_dropped(void **state)
{
	(void)state;
	world_drive(&w, 0, 2);
	post_tx(VIRTIO_NET_FRAME_MAX + 1);
	assert_int_equal(n->stats.tx_drops, 1);
	assert_false(needs_reset());
}

/* V12, V13: each header is one that must not leave. */
static void lying_headers_are_dropped(void **state)
{
	static const struct virtio_net_hdr_v1 bad[] = {
		/* a checksum beyond the frame, in the Ethernet header, wrapping */
		{.flags = 1, .csum_start = FRAME, .csum_offset = 0},
		{.flags = 1, .csum_start = 34, .csum_offset = FRAME},
		{.flags = 1, .csum_start = 34, .csum_offset = FRAME - 35},
		{.flags = 1, .csum_start = 0, .csum_offset = 2},
		{.flags = 1, .csum_start = 13, .csum_offset = 2},
		{.flags = 1, .csum_start = 0xffff, .csum_offset = 0xffff},
		/* segmentation: no size, no checksum, too long a header, unknown, not offered */
		{.flags = 1, .gso_type = 1, .csum_start = 34, .csum_offset = 16},
		{.gso_type = 1, .gso_size = 1000, .csum_start = 34, .csum_offset = 16},
		{.flags = 1, .gso_type = 1, .gso_size = 9, .hdr_len = 999, .csum_start = 34},
		{.flags = 1, .gso_type = 3, .gso_size = 1000, .csum_start = 34},
		{.flags = 1, .gso_type = 5, .gso_size = 1000, .csum_start = 34},
		{.flags = 1, .gso_type = 2, .gso_size = 1000, .csum_start = 34},
		{.flags = 1, .gso_type = 0x81, .gso_size = 1000, .csum_start = 34},
		{.flags = 1, .gso_type = 0x80, .csum_start = 34},
		{.flags = 1, .gso_type = 0xff, .gso_size = 1, .csum_start = 34},
	};
	unsigned int i;

	(void)state;
	world_drive(&w, F(CSUM) | F(HOST_TSO4), 2);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		*header() = bad[i];
		post_tx(HDR + FRAME);
		assert_int_equal(n->stats.tx_drops, i + 1);
	}
	*header() = (struct virtio_net_hdr_v1){
		.flags = 1, .gso_type = 1, .gso_size = 20, .csum_start = 34, .csum_offset = 16};
	post_tx(HDR + FRAME);
	assert_int_equal(n->stats.tx_frames, 1);
	assert_false(needs_reset());
}

static void offloads_that_were_not_negotiated(void **state)
{
	(void)state;
	world_drive(&w, 0, 2);
	*header() = (struct virtio_net_hdr_v1){.flags = 1, .csum_start = 34, .csum_offset = 16};
	post_tx(HDR + FRAME);
	assert_int_equal(n->stats.tx_drops, 1);
	assert_int_equal(offload, 0);
	world_drive(&w, OFFLOADS, 2);
	assert_int_equal(offload, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6);
	post_tx(HDR + FRAME);
	assert_int_equal(n->stats.tx_frames, 1);
	world_set_status(&w, 0);
}

/* V9 */
static void writable_transmit_buffers(void **state)
{
	(void)state;
	world_drive(&w, 0, 2);
	world_set_desc(&w, TX, 0, WORLD_DATA, HDR + FRAME, VRING_DESC_F_WRITE, 0);
	world_offer(&w, TX, 0);
	world_kick(&w, TX);
	assert_true(needs_reset());
	assert_int_equal(world_used(&w, TX)[1], 0);
	world_drive(&w, 0, 2);
	post_tx(HDR + FRAME);
	assert_int_equal(n->stats.tx_frames, 1);
}

static void readable_receive_buffers(void **state)
{
	(void)state;
	world_drive(&w, 0, 2);
	world_set_desc(&w, RX, 0, WORLD_DATA, 2000, 0, 0);
	world_offer(&w, RX, 0);
	world_kick(&w, RX);
	assert_true(needs_reset());
	arrive(FRAME); /* and nothing is written there */
	assert_int_equal(w.ram[WORLD_DATA + HDR + 1], 0);
}

static void a_frame_comes_in(void **state)
{
	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	post_rx(0, WORLD_DATA, 2000);
	arrive(FRAME);
	assert_int_equal(world_used(&w, RX)[1], 1);
	assert_int_equal(world_used_elem(&w, RX, 0)->len, HDR + FRAME);
	assert_int_equal(header()->num_buffers, 1);
	assert_int_equal(w.ram[WORLD_DATA + HDR + 59], 59);
	assert_int_equal(w.interrupts[RX], 1);
}

/* A frame over several buffers, some of them short. */
static void merged_buffers(void **state)
{
	unsigned int i;

	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	for (i = 0; i < 6; i++)
		post_rx(i, WORLD_DATA + 1000 * i, i == 0 ? 13 : 100);
	arrive(300);
	assert_int_equal(world_used(&w, RX)[1], 4);
	assert_int_equal(header()->num_buffers, 4);
	assert_int_equal(world_used_elem(&w, RX, 0)->len, 13);
	assert_int_equal(world_used_elem(&w, RX, 3)->len, HDR + 300 - 213);
	assert_int_equal(w.ram[WORLD_DATA + 1000], 1);
	assert_int_equal(w.ram[WORLD_DATA + 3000 + 98], (uint8_t)299);
}

/* V15: the number of buffers itself lies in two of them. */
static void buffers_of_one_byte(void **state)
{
	unsigned int i;

	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	for (i = 0; i < 14; i++)
		post_rx(i, WORLD_DATA + i, 1);
	post_rx(14, WORLD_DATA + 14, 2000);
	arrive(FRAME);
	assert_int_equal(header()->num_buffers, 15);
	assert_int_equal(w.ram[WORLD_DATA + HDR + 59], 59);
	assert_int_equal(world_used(&w, RX)[1], 15);
}

/* A long frame waits for more buffers, and comes whole. */
static void held_until_there_is_room(void **state)
{
	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	post_rx(0, WORLD_DATA, 100);
	arrive(1000);
	arrive(FRAME);
	assert_int_equal(world_used(&w, RX)[1], 0);
	post_rx(1, WORLD_DATA + 100, 2000);
	assert_int_equal(world_used(&w, RX)[1], 2);
	assert_int_equal(header()->num_buffers, 2);
	assert_int_equal(w.ram[WORLD_DATA + HDR + 999], (uint8_t)999);
	post_rx(2, WORLD_DATA, 100);
	assert_int_equal(n->stats.rx_frames, 2);
	assert_int_equal(n->stats.rx_drops, 0);
}

/* V15: it can't ever fit: dropped whole, the next one comes. */
static void too_long_for_the_buffers(void **state)
{
	unsigned int i;

	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	for (i = 0; i < WORLD_QUEUE_SIZE; i++)
		post_rx(i, WORLD_DATA + 100 * i, 20);
	arrive(1000);
	assert_int_equal(n->stats.rx_drops, 1);
	arrive(FRAME);
	assert_int_equal(n->stats.rx_frames, 1);
	assert_int_equal(w.ram[WORLD_DATA + 300 + 11], 59);
}

static void too_long_without_merging(void **state)
{
	(void)state;
	world_drive(&w, 0, 2);
	post_rx(0, WORLD_DATA, 100);
	post_rx(1, WORLD_DATA + 100, 2000);
	arrive(1000);
	assert_int_equal(n->stats.rx_drops, 1);
	arrive(FRAME);
	assert_int_equal(world_used(&w, RX)[1], 1);
	assert_int_equal(header()->num_buffers, 1);
}

static void empty_receive_buffers(void **state)
{
	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	post_rx(0, WORLD_DATA, 0);
	assert_true(needs_reset());
}

/* V17: no buffers at all: what waits is bounded by the socket, as by the tap. */
static void never_refilled(void **state)
{
	uint8_t frame[HDR + 1500] = {0};
	int i;

	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	for (i = 0; i < 100000 && send(wire, frame, sizeof(frame), 0) > 0; i++)
		world_run(&w);
	assert_in_range(i, 1, 99999);
	assert_int_equal(n->stats.rx_frames, 0);
	post_rx(0, WORLD_DATA, 2000);
	assert_int_equal(n->stats.rx_frames, 1);
}

/* V16: reset while a frame is held and the window is full. */
static void reset_forgets_everything(void **state)
{
	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	post_rx(0, WORLD_DATA, 100);
	arrive(1000);
	world_set_status(&w, 0);
	memset(w.ram + WORLD_DATA, 0x55, 2000);
	arrive(FRAME);
	assert_int_equal(w.ram[WORLD_DATA + 50], 0x55);
	world_drive(&w, F(MRG_RXBUF), 2);
	post_rx(0, WORLD_DATA, 2000);
	assert_int_equal(n->stats.rx_frames, 1);
	assert_int_equal(world_used_elem(&w, RX, 0)->len, HDR + FRAME);
}

static void a_pulled_cable_drops_both_ways(void **state)
{
	uint8_t out[256];

	(void)state;
	world_drive(&w, F(MRG_RXBUF) | F(STATUS), 2);
	post_rx(0, WORLD_DATA, 2000);
	virtio_net_set_link(n, false);
	arrive(FRAME);
	memset(header(), 0, HDR);
	post_tx(HDR + FRAME);
	assert_int_equal(departed(out, sizeof(out)), -1);
	assert_int_equal(world_used(&w, RX)[1], 0);
	assert_int_equal(n->stats.rx_drops, 1);
	assert_int_equal(n->stats.tx_drops, 1);
	virtio_net_set_link(n, true);
	arrive(FRAME);
	assert_int_equal(n->stats.rx_frames, 1);
}

static void a_paused_guest_gets_nothing(void **state)
{
	(void)state;
	world_drive(&w, F(MRG_RXBUF), 2);
	post_rx(0, WORLD_DATA, 2000);
	virtio_net_pause(n, true);
	arrive(FRAME);
	assert_int_equal(n->stats.rx_frames, 0);
	virtio_net_pause(n, false);
	world_run(&w);
	assert_int_equal(n->stats.rx_frames, 1);
}

/* V20: a burst is one interrupt. */
static void bursts(void **state)
{
	unsigned int i;

	(void)state;
	world_drive(&w, 1ull << VIRTIO_RING_F_EVENT_IDX, 2);
	memset(header(), 0, HDR);
	world_set_desc(&w, TX, 0, WORLD_DATA, HDR + FRAME, 0, 0);
	for (i = 0; i < WORLD_QUEUE_SIZE; i++)
		world_offer(&w, TX, 0);
	world_kick(&w, TX);
	assert_int_equal(world_used(&w, TX)[1], WORLD_QUEUE_SIZE);
	assert_int_equal(w.interrupts[TX], 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(configuration),
		T(a_frame_goes_out),
		T(a_scattered_frame_goes_out),
		T(short_frames_are_dropped),
		T(huge_frames_are_dropped),
		T(lying_headers_are_dropped),
		T(offloads_that_were_not_negotiated),
		T(writable_transmit_buffers),
		T(readable_receive_buffers),
		T(a_frame_comes_in),
		T(merged_buffers),
		T(buffers_of_one_byte),
		T(held_until_there_is_room),
		T(too_long_for_the_buffers),
		T(too_long_without_merging),
		T(empty_receive_buffers),
		T(never_refilled),
		T(reset_forgets_everything),
		T(a_pulled_cable_drops_both_ways),
		T(a_paused_guest_gets_nothing),
		T(bursts),
	};

	return cmocka_run_group_tests_name("virtio_net", tests, NULL, NULL);
}
