/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_pci.c - virtio over PCI: registers, queue set-up, MSI-X; overview in virtio_pci.h.
 *
 * Theory of operation. The driver moves the device through the states of VIRTIO 1.2, 3.1.1 by
 * setting status bits:
 *
 *	0 -> ACKNOWLEDGE | DRIVER -> FEATURES_OK -> (queues enabled) -> DRIVER_OK = live -> 0
 *
 * What may be written when: features before FEATURES_OK only; a queue's size and addresses while
 * it is disabled, between FEATURES_OK and reset. A broken queue adds NEEDS_RESET and ends `live`:
 * from then on only a reset does anything.
 */
#include "vmm/virtio_pci.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PCI_VENDOR_VIRTIO = 0x1af4, PCI_DEVICE_VIRTIO = 0x1040, ISR_QUEUE = 1, ISR_CONFIG = 2 };
/* So many requests of one device, then the others have their turn. */
enum { BURST = 16 };

/* ---- interrupts ---------------------------------------------------------------------------- */

static bool msix_enabled(const struct virtio_pci *v, uint16_t *control)
{
	*control = pci_cfg16(&v->pci, v->msix_cap + PCI_MSIX_FLAGS);
	return *control & PCI_MSIX_FLAGS_ENABLE;
}

static uint32_t msix_word(const struct virtio_pci *v, unsigned int vector, unsigned int word)
{
	uint32_t w;

	memcpy(&w, v->msix + vector * PCI_MSIX_ENTRY_SIZE + word, sizeof(w));
	return w;
}

static void raise_vector(struct virtio_pci *v, uint16_t vector)
{
	uint16_t control;
	uint64_t address;

	if (vector >= VIRTIO_VECTORS || !msix_enabled(v, &control))
		return;
	if ((control & PCI_MSIX_FLAGS_MASKALL) ||
	    (msix_word(v, vector, PCI_MSIX_ENTRY_VECTOR_CTRL) & PCI_MSIX_ENTRY_CTRL_MASKBIT)) {
		v->pending |= 1ull << vector;
		return;
	}
	v->pending &= ~(1ull << vector);
	address = msix_word(v, vector, PCI_MSIX_ENTRY_LOWER_ADDR) |
		  (uint64_t)msix_word(v, vector, PCI_MSIX_ENTRY_UPPER_ADDR) << 32;
	v->host->msi(v->host->ctx, address, msix_word(v, vector, PCI_MSIX_ENTRY_DATA));
}

/* Something was unmasked: deliver what waited. */
static void raise_pending(struct virtio_pci *v)
{
	uint16_t i;

	for (i = 0; v->pending && i < VIRTIO_VECTORS; i++) {
		if (v->pending >> i & 1)
			raise_vector(v, i);
	}
}

static void msix_table_io(struct virtio_pci *v, uint64_t off, void *data, unsigned int len,
			  bool write)
{
	/* PCI 3.0, 6.8.2: entries are accessed as aligned 32 or 64 bits. */
	if (off + len > sizeof(v->msix) || (len != 4 && len != 8) || off % len)
		return;
	if (!write) {
		memcpy(data, v->msix + off, len);
		return;
	}
	memcpy(v->msix + off, data, len);
	raise_pending(v);
}

void virtio_pci_flush(struct virtio_pci *v, unsigned int index)
{
	if (!virtqueue_publish(&v->queues[index]))
		return;
	v->isr |= ISR_QUEUE;
	raise_vector(v, v->queue_vector[index]);
}

void virtio_pci_config_changed(struct virtio_pci *v)
{
	v->generation++;
	if (!(v->status & VIRTIO_CONFIG_S_DRIVER_OK))
		return;
	v->isr |= ISR_CONFIG;
	raise_vector(v, v->config_vector);
}

void virtio_pci_broken(struct virtio_pci *v)
{
	if (!v->live)
		return;
	v->live = false;
	v->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	v->class->stop(v);
	virtio_pci_config_changed(v);
}

/* ---- notifications -------------------------------------------------------------------------- */

void virtio_pci_kick(struct virtio_pci *v, unsigned int index)
{
	eventfd_write(v->kicks[index].w.fd, 1);
}

void virtio_pci_serve(struct virtio_pci *v, unsigned int index, struct virtqueue_chain *chain,
		      int64_t (*serve)(struct virtio_pci *v, unsigned int index,
				       const struct virtqueue_chain *c))
{
	struct virtqueue *q = &v->queues[index];
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		int got = virtqueue_pop(q, chain);
		int64_t done;

		if (got == 0 && virtqueue_want_kicks(q))
			continue;
		if (got == 0)
			break;
		done = got < 0 ? got : serve(v, index, chain);
		if (done < 0) {
			virtio_pci_broken(v);
			return;
		}
		virtqueue_push(q, chain->head, (uint32_t)done);
	}
	virtio_pci_flush(v, index);
	if (i == BURST)
		virtio_pci_kick(v, index);
}

static void kick_cb(struct loop_fd *w, uint32_t events)
{
	struct virtio_kick *k = CONTAINER_OF(w, struct virtio_kick, w);
	eventfd_t count;

	(void)events;
	eventfd_read(w->fd, &count);
	if (k->v->live)
		k->v->class->notify(k->v, k->index);
}

static int add_kick(struct virtio_pci *v, unsigned int index)
{
	struct virtio_kick *k = &v->kicks[index];
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int err;

	k->v = v;
	k->index = index;
	if (fd < 0)
		return -errno;
	err = loop_add(v->host->loop, &k->w, fd, EPOLLIN, kick_cb);
	if (err) {
		close(fd);
		return err;
	}
	return v->host->ioeventfd(v->host->ctx,
				  v->pci.bar + VIRTIO_BAR_NOTIFY + index * VIRTIO_NOTIFY_STEP, fd);
}

/* ---- the common configuration structure (4.1.4.3) -------------------------------------------- */

static struct virtqueue *selected_queue(struct virtio_pci *v)
{
	return v->queue_select < v->class->n_queues ? &v->queues[v->queue_select] : NULL;
}

static void device_reset(struct virtio_pci *v)
{
	unsigned int i;

	v->live = false;
	v->class->stop(v);
	v->features = 0;
	v->offered_select = v->features_select = 0;
	v->queue_select = 0;
	v->status = v->isr = 0;
	v->config_vector = VIRTIO_MSI_NO_VECTOR;
	v->pending = 0;
	for (i = 0; i < v->class->n_queues; i++) {
		virtqueue_reset(&v->queues[i], v->host->mem);
		v->queue_vector[i] = VIRTIO_MSI_NO_VECTOR;
	}
}

/* MSI-X and the PCI header too, which the driver's reset leaves alone. */
void virtio_pci_reset(struct virtio_pci *v)
{
	unsigned int i;

	device_reset(v);
	memset(v->msix, 0, sizeof(v->msix));
	for (i = 0; i < VIRTIO_VECTORS; i++)
		v->msix[i * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
	pci_put16(v->pci.cfg + v->msix_cap + PCI_MSIX_FLAGS, VIRTIO_VECTORS - 1);
	pci_func_reset(&v->pci);
}

static bool features_acceptable(const struct virtio_pci *v)
{
	return !(v->features & ~v->offered) && virtio_pci_has(v, VIRTIO_F_VERSION_1);
}

static void start(struct virtio_pci *v)
{
	unsigned int i;

	for (i = 0; i < v->class->n_queues; i++)
		v->queues[i].event_idx = virtio_pci_has(v, VIRTIO_RING_F_EVENT_IDX);
	v->live = true;
	v->class->start(v);
	/* Requests may have been queued before DRIVER_OK, their kicks ignored. */
	for (i = 0; i < v->class->n_queues; i++)
		virtio_pci_kick(v, i);
}

static void write_status(struct virtio_pci *v, uint8_t status)
{
	uint8_t added = status & (uint8_t)~v->status;

	if (status == 0) {
		device_reset(v);
		return;
	}
	/* 2.1.1: bits are only added. 3.1.1: FEATURES_OK is refused by not staying set. */
	if ((added & VIRTIO_CONFIG_S_FEATURES_OK) && !features_acceptable(v))
		status &= (uint8_t) ~(VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
	if (!((v->status | status) & VIRTIO_CONFIG_S_FEATURES_OK))
		status &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
	added = status & (uint8_t)~v->status;
	v->status |= status & (uint8_t)~VIRTIO_CONFIG_S_NEEDS_RESET;
	if ((added & VIRTIO_CONFIG_S_DRIVER_OK) && !(v->status & VIRTIO_CONFIG_S_NEEDS_RESET))
		start(v);
}

static void fill_common(struct virtio_pci *v, struct virtio_pci_common_cfg *c)
{
	const struct virtqueue *q = selected_queue(v);

	memset(c, 0, sizeof(*c));
	c->device_feature_select = v->offered_select;
	if (v->offered_select < 2)
		c->device_feature = (uint32_t)(v->offered >> 32 * v->offered_select);
	c->guest_feature_select = v->features_select;
	if (v->features_select < 2)
		c->guest_feature = (uint32_t)(v->features >> 32 * v->features_select);
	c->msix_config = v->config_vector;
	c->num_queues = (uint16_t)v->class->n_queues;
	c->device_status = v->status;
	c->config_generation = v->generation;
	c->queue_select = v->queue_select;
	if (!q)
		return; /* queue_size 0: there is no such queue */
	c->queue_size = q->size;
	c->queue_msix_vector = v->queue_vector[v->queue_select];
	c->queue_enable = q->enabled;
	c->queue_notify_off = v->queue_select;
	c->queue_desc_lo = (uint32_t)q->desc_gpa;
	c->queue_desc_hi = (uint32_t)(q->desc_gpa >> 32);
	c->queue_avail_lo = (uint32_t)q->avail_gpa;
	c->queue_avail_hi = (uint32_t)(q->avail_gpa >> 32);
	c->queue_used_lo = (uint32_t)q->used_gpa;
	c->queue_used_hi = (uint32_t)(q->used_gpa >> 32);
}

static void write_features(struct virtio_pci *v, uint32_t value)
{
	unsigned int shift = 32 * v->features_select;

	if (v->features_select >= 2 || (v->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return;
	v->features &= ~(0xffffffffull << shift);
	v->features |= (uint64_t)value << shift;
}

static uint16_t valid_vector(uint64_t value)
{
	return value < VIRTIO_VECTORS ? (uint16_t)value : VIRTIO_MSI_NO_VECTOR;
}

/* One half, or the whole, of a 64-bit address register. */
static void write_address(uint64_t *reg, uint64_t off, uint64_t value, unsigned int len)
{
	if (len == 8)
		*reg = value;
	else if (off % 8 == 0)
		*reg = (*reg & 0xffffffff00000000ull) | (uint32_t)value;
	else
		*reg = (*reg & 0xffffffffull) | value << 32;
}

static void write_queue(struct virtio_pci *v, struct virtqueue *q, uint64_t off, uint64_t value,
			unsigned int len)
{
	if (off == VIRTIO_PCI_COMMON_Q_MSIX && len == 2) {
		v->queue_vector[v->queue_select] = valid_vector(value);
		return;
	}
	/* 4.1.4.3.2: the rest is constant while the queue is enabled. */
	if (q->enabled || !(v->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return;
	if (off == VIRTIO_PCI_COMMON_Q_SIZE && len == 2)
		q->size = (uint16_t)value;
	else if (off == VIRTIO_PCI_COMMON_Q_ENABLE && len == 2 && value == 1)
		virtqueue_enable(q); /* refused: reads back 0 */
	else if (off < VIRTIO_PCI_COMMON_Q_DESCLO || len < 4)
		return;
	else if (off < VIRTIO_PCI_COMMON_Q_AVAILLO)
		write_address(&q->desc_gpa, off, value, len);
	else if (off < VIRTIO_PCI_COMMON_Q_USEDLO)
		write_address(&q->avail_gpa, off, value, len);
	else if (off < VIRTIO_PCI_COMMON_Q_NDATA)
		write_address(&q->used_gpa, off, value, len);
}

static void write_common(struct virtio_pci *v, uint64_t off, uint64_t value, unsigned int len)
{
	struct virtqueue *q = selected_queue(v);

	if (off % len)
		return;
	if (off == VIRTIO_PCI_COMMON_DFSELECT && len == 4)
		v->offered_select = (uint32_t)value;
	else if (off == VIRTIO_PCI_COMMON_GFSELECT && len == 4)
		v->features_select = (uint32_t)value;
	else if (off == VIRTIO_PCI_COMMON_GF && len == 4)
		write_features(v, (uint32_t)value);
	else if (off == VIRTIO_PCI_COMMON_MSIX && len == 2)
		v->config_vector = valid_vector(value);
	else if (off == VIRTIO_PCI_COMMON_STATUS && len == 1)
		write_status(v, (uint8_t)value);
	else if (off == VIRTIO_PCI_COMMON_Q_SELECT && len == 2)
		v->queue_select = (uint16_t)value;
	else if (off >= VIRTIO_PCI_COMMON_Q_SIZE && q)
		write_queue(v, q, off, value, len);
}

static void common_io(struct virtio_pci *v, uint64_t off, void *data, unsigned int len, bool write)
{
	struct virtio_pci_common_cfg c;
	uint64_t value = 0;

	if (off + len > sizeof(c))
		return;
	if (write) {
		memcpy(&value, data, len);
		write_common(v, off, value, len);
		return;
	}
	fill_common(v, &c);
	memcpy(data, (uint8_t *)&c + off, len);
}

/* ---- BAR 0 ---------------------------------------------------------------------------------- */

static void isr_io(struct virtio_pci *v, void *data, unsigned int len, bool write)
{
	if (write || len != 1)
		return;
	memcpy(data, &v->isr, 1);
	v->isr = 0; /* 4.1.4.5: reading clears */
}

static void device_io(struct virtio_pci *v, uint64_t off, void *data, unsigned int len, bool write)
{
	uint8_t space[VIRTIO_BAR_DEVICE_LEN] = {0};

	if (write || off + len > sizeof(space))
		return;
	v->class->config(v, space);
	memcpy(data, space + off, len);
}

static void pba_io(struct virtio_pci *v, uint64_t off, void *data, unsigned int len, bool write)
{
	if (!write && off + len <= sizeof(v->pending))
		memcpy(data, (uint8_t *)&v->pending + off, len);
}

static void notify_io(struct virtio_pci *v, uint64_t off, bool write)
{
	/* Only without ioeventfd do notifications come here. */
	if (write && off / VIRTIO_NOTIFY_STEP < v->class->n_queues)
		virtio_pci_kick(v, (unsigned int)(off / VIRTIO_NOTIFY_STEP));
}

static void bar_io(void *ctx, uint64_t off, void *data, unsigned int len, bool write)
{
	struct virtio_pci *v = ctx;

	if (off >= VIRTIO_BAR_NOTIFY)
		notify_io(v, off - VIRTIO_BAR_NOTIFY, write);
	else if (off >= VIRTIO_BAR_PBA)
		pba_io(v, off - VIRTIO_BAR_PBA, data, len, write);
	else if (off >= VIRTIO_BAR_MSIX)
		msix_table_io(v, off - VIRTIO_BAR_MSIX, data, len, write);
	else if (off >= VIRTIO_BAR_DEVICE)
		device_io(v, off - VIRTIO_BAR_DEVICE, data, len, write);
	else if (off == VIRTIO_BAR_ISR)
		isr_io(v, data, len, write);
	else
		common_io(v, off, data, len, write);
}

/* ---- capabilities --------------------------------------------------------------------------- */

/* 4.1.4.9: the window into the BAR through configuration space. Its bar field is read only 0. */
static bool window(struct virtio_pci *v, uint32_t *off, uint32_t *len)
{
	*off = pci_cfg32(&v->pci, v->window_cap + VIRTIO_PCI_CAP_OFFSET);
	*len = pci_cfg32(&v->pci, v->window_cap + VIRTIO_PCI_CAP_LENGTH);
	return (*len == 1 || *len == 2 || *len == 4) && *off % *len == 0 &&
	       *off <= PCI_BAR_SIZE - *len;
}

static bool touches_window(const struct virtio_pci *v, unsigned int off)
{
	unsigned int data = v->window_cap + sizeof(struct virtio_pci_cap);

	return off >= data && off < data + 4;
}

static void cfg_reading(void *ctx, unsigned int at, unsigned int width)
{
	struct virtio_pci *v = ctx;
	uint8_t *data = v->pci.cfg + v->window_cap + sizeof(struct virtio_pci_cap);
	uint32_t off, len;

	(void)width;
	if (!touches_window(v, at) || !window(v, &off, &len))
		return;
	memset(data, 0xff, 4);
	bar_io(v, off, data, len, false);
}

static void cfg_written(void *ctx, unsigned int at, unsigned int width)
{
	struct virtio_pci *v = ctx;
	uint8_t data[4];
	uint32_t off, len;

	(void)width;
	if (at >= v->msix_cap && at < v->msix_cap + PCI_CAP_MSIX_SIZEOF)
		raise_pending(v); /* the function mask may have gone */
	if (!touches_window(v, at) || !window(v, &off, &len))
		return;
	memcpy(data, v->pci.cfg + v->window_cap + sizeof(struct virtio_pci_cap), 4);
	bar_io(v, off, data, len, true);
}

static unsigned int add_cap(struct virtio_pci *v, uint8_t type, uint32_t off, uint32_t len,
			    unsigned int size)
{
	struct virtio_pci_notify_cap c = {
		.cap = {.cap_len = (uint8_t)size, .cfg_type = type, .offset = off, .length = len},
		.notify_off_multiplier = VIRTIO_NOTIFY_STEP,
	};

	if (type != VIRTIO_PCI_CAP_NOTIFY_CFG)
		c.notify_off_multiplier = 0;
	return pci_func_cap(&v->pci, PCI_CAP_ID_VNDR, &c, size);
}

static void add_caps(struct virtio_pci *v)
{
	const unsigned int plain = sizeof(struct virtio_pci_cap);
	uint8_t msix[PCI_CAP_MSIX_SIZEOF] = {0};

	add_cap(v, VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_BAR_COMMON,
		sizeof(struct virtio_pci_common_cfg), plain);
	add_cap(v, VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_BAR_ISR, 1, plain);
	add_cap(v, VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_BAR_DEVICE, VIRTIO_BAR_DEVICE_LEN, plain);
	add_cap(v, VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_BAR_NOTIFY,
		VIRTIO_QUEUES_MAX * VIRTIO_NOTIFY_STEP, sizeof(struct virtio_pci_notify_cap));
	v->window_cap = add_cap(v, VIRTIO_PCI_CAP_PCI_CFG, 0, 0, plain + 4);
	memset(v->pci.wmask + v->window_cap + VIRTIO_PCI_CAP_OFFSET, 0xff, 12);

	pci_put16(msix + PCI_MSIX_FLAGS, VIRTIO_VECTORS - 1);
	pci_put32(msix + PCI_MSIX_TABLE, VIRTIO_BAR_MSIX);
	pci_put32(msix + PCI_MSIX_PBA, VIRTIO_BAR_PBA);
	v->msix_cap = pci_func_cap(&v->pci, PCI_CAP_ID_MSIX, msix, sizeof(msix));
	pci_put16(v->pci.wmask + v->msix_cap + PCI_MSIX_FLAGS,
		  PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

int virtio_pci_init(struct virtio_pci *v, const struct virtio_class *class, uint64_t offered,
		    const struct virtio_host *host, struct pci_bus *bus, struct bus *mmio)
{
	unsigned int i;
	int err;

	v->class = class;
	v->host = host;
	v->offered = offered | 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_RING_F_EVENT_IDX;
	for (i = 0; i < VIRTIO_QUEUES_MAX; i++)
		v->kicks[i].w.fd = -1;
	pci_func_init(&v->pci, PCI_VENDOR_VIRTIO, (uint16_t)(PCI_DEVICE_VIRTIO + class->id),
		      class->class_code);
	pci_put16(v->pci.cfg + PCI_SUBSYSTEM_VENDOR_ID, PCI_VENDOR_VIRTIO);
	pci_put16(v->pci.cfg + PCI_SUBSYSTEM_ID, (uint16_t)(PCI_DEVICE_VIRTIO + class->id));
	add_caps(v);
	v->pci.ctx = v;
	v->pci.bar_fn = bar_io;
	v->pci.cfg_written = cfg_written;
	v->pci.cfg_reading = cfg_reading;
	virtio_pci_reset(v);
	err = pci_add(bus, mmio, &v->pci);
	for (i = 0; err >= 0 && i < class->n_queues; i++)
		err = add_kick(v, i);
	return err < 0 ? err : 0;
}

void virtio_pci_fini(struct virtio_pci *v)
{
	unsigned int i;

	for (i = 0; i < VIRTIO_QUEUES_MAX; i++) {
		int fd = v->kicks[i].w.fd;

		if (!v->host || fd < 0)
			continue;
		loop_del(v->host->loop, &v->kicks[i].w);
		close(fd);
	}
}
