/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtio_blk.c - block device.
 *
 * Theory of operation. A request is a readable header of 16 bytes, then the data, then one
 * writable status byte, cut into buffers as the driver likes (VERSION_1 implies any layout). It
 * is done at once, in the I/O thread, by preadv() and pwritev() on guest memory.
 */
#include "vmm/virtio_blk.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512 };

/* The bytes [off, off + len) of @iov as b->data. Number of entries. */
static unsigned int slice(struct virtio_blk *b, const struct iovec *iov, unsigned int n,
			  uint64_t off, uint64_t len)
{
	unsigned int i, out = 0;

	for (i = 0; i < n && len; i++) {
		uint64_t part;

		if (off >= iov[i].iov_len) {
			off -= iov[i].iov_len;
			continue;
		}
		part = MIN(iov[i].iov_len - off, len);
		b->data[out++] = (struct iovec){
			.iov_base = (uint8_t *)iov[i].iov_base + off,
			.iov_len = part,
		};
		len -= part;
		off = 0;
	}
	return out;
}

static bool in_bounds(const struct virtio_blk *b, uint64_t sector, uint64_t len)
{
	return len % SECTOR == 0 && sector <= b->sectors && len / SECTOR <= b->sectors - sector;
}

static uint8_t do_read(struct virtio_blk *b, uint64_t sector, uint64_t len, uint32_t *written)
{
	const struct virtqueue_chain *c = &b->chain;
	unsigned int n = slice(b, c->iov + c->n_out, c->n_in, 0, len);

	if (!in_bounds(b, sector, len))
		return VIRTIO_BLK_S_IOERR;
	if (len && preadv(b->fd, b->data, (int)n, (off_t)(sector * SECTOR)) != (ssize_t)len)
		return VIRTIO_BLK_S_IOERR;
	*written = (uint32_t)len;
	return VIRTIO_BLK_S_OK;
}

static uint8_t do_write(struct virtio_blk *b, uint64_t sector)
{
	const struct virtqueue_chain *c = &b->chain;
	uint64_t head = sizeof(struct virtio_blk_outhdr), len = c->out_len - head;
	unsigned int n = slice(b, c->iov, c->n_out, head, len);

	if (b->read_only || !in_bounds(b, sector, len))
		return VIRTIO_BLK_S_IOERR;
	if (len && pwritev(b->fd, b->data, (int)n, (off_t)(sector * SECTOR)) != (ssize_t)len)
		return VIRTIO_BLK_S_IOERR;
	return VIRTIO_BLK_S_OK;
}

static uint8_t do_get_id(struct virtio_blk *b, uint64_t len, uint32_t *written)
{
	const struct virtqueue_chain *c = &b->chain;
	char id[VIRTIO_BLK_ID_BYTES] = {0};

	snprintf(id, sizeof(id), "disk%u", b->id);
	*written = (uint32_t)virtqueue_iov_put(c->iov + c->n_out, c->n_in, 0, id,
					       MIN(len, sizeof(id)));
	return VIRTIO_BLK_S_OK;
}

/* Do the request in @c, which is b->chain; bytes written to the guest with the status, or -EPROTO.
 */
static int64_t request(struct virtio_pci *v, unsigned int index, const struct virtqueue_chain *c)
{
	struct virtio_blk *b = CONTAINER_OF(v, struct virtio_blk, v);
	struct virtio_blk_outhdr h;
	uint32_t written = 0;
	uint64_t in_len;
	uint8_t status;

	(void)index;
	/* 5.2.6: without a place for the status there is no way to answer. */
	if (c->out_len < sizeof(h) || !c->in_len)
		return -EPROTO;
	virtqueue_iov_get(c->iov, c->n_out, 0, &h, sizeof(h));
	in_len = c->in_len - 1;
	switch (h.type) {
	case VIRTIO_BLK_T_IN:
		status = do_read(b, h.sector, in_len, &written);
		break;
	case VIRTIO_BLK_T_OUT:
		status = do_write(b, h.sector);
		break;
	case VIRTIO_BLK_T_FLUSH:
		status = fdatasync(b->fd) ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
		break;
	case VIRTIO_BLK_T_GET_ID:
		status = do_get_id(b, in_len, &written);
		break;
	default:
		status = VIRTIO_BLK_S_UNSUPP;
		break;
	}
	virtqueue_iov_put(c->iov + c->n_out, c->n_in, in_len, &status, 1);
	return (int64_t)written + 1;
}

static void blk_notify(struct virtio_pci *v, unsigned int index)
{
	virtio_pci_serve(v, index, &CONTAINER_OF(v, struct virtio_blk, v)->chain, request);
}

static void blk_config(struct virtio_pci *v, uint8_t *space)
{
	const struct virtio_blk *b = CONTAINER_OF(v, struct virtio_blk, v);
	struct virtio_blk_config *c = (void *)space;

	c->capacity = b->sectors;
	c->seg_max = VIRTQUEUE_SIZE_MAX - 2; /* header and status need one each */
	c->blk_size = SECTOR;
}

static void blk_nothing(struct virtio_pci *v)
{
	(void)v; /* requests are done when notified: none is ever in flight */
}

static const struct virtio_class blk_class = {
	.id = VIRTIO_ID_BLOCK,
	.class_code = 0x010000,
	.n_queues = 1,
	.config = blk_config,
	.start = blk_nothing,
	.stop = blk_nothing,
	.notify = blk_notify,
};

int virtio_blk_init(struct virtio_blk *b, int fd, bool read_only, unsigned int id,
		    const struct virtio_host *host, struct pci_bus *bus, struct bus *mmio,
		    struct err *e)
{
	uint64_t features = 1ull << VIRTIO_BLK_F_SEG_MAX | 1ull << VIRTIO_BLK_F_BLK_SIZE |
			    1ull << VIRTIO_BLK_F_FLUSH;
	off_t len = lseek(fd, 0, SEEK_END);
	int err;

	b->fd = fd;
	b->read_only = read_only;
	b->id = id;
	if (len < 0)
		return err_sys(e, -errno, "disk %u has no length", id);
	b->sectors = (uint64_t)len / SECTOR;
	if (read_only)
		features |= 1ull << VIRTIO_BLK_F_RO;
	err = virtio_pci_init(&b->v, &blk_class, features, host, bus, mmio);
	return err ? err_sys(e, err, "can't plug in disk %u", id) : 0;
}

void virtio_blk_fini(struct virtio_blk *b)
{
	virtio_pci_fini(&b->v);
	if (b->fd >= 0)
		close(b->fd);
}
