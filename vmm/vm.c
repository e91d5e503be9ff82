/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.c - builds the guest from its parts and moves it through its life; states in vm.h.
 */
#include "vmm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "vmm/layout.h"

/* A guest that resets over and over gets two tries a second, not a processor of the host. */
enum { RESTART_INTERVAL_MS = 500 };
/* Three pages below 4 GiB that KVM on Intel wants for real mode; in the hole, so unused. */
#define KVM_TSS_ADDR	  0xfffbd000u
#define KVM_IDENTITY_ADDR 0xfffbc000ull

/* ---- KVM as the devices see it --------------------------------------------------------------- */

static void host_msi(void *ctx, uint64_t address, uint32_t data)
{
	const struct vm *vm = ctx;
	struct kvm_msi msi = {
		.address_lo = (uint32_t)address,
		.address_hi = (uint32_t)(address >> 32),
		.data = data,
	};

	ioctl(vm->vm_fd, KVM_SIGNAL_MSI, &msi);
}

static int host_ioeventfd(void *ctx, uint64_t gpa, int event_fd)
{
	const struct vm *vm = ctx;
	struct kvm_ioeventfd io = {.addr = gpa, .len = 0, .fd = event_fd};

	/* Length 0: whatever the width and value. */
	return ioctl(vm->vm_fd, KVM_IOEVENTFD, &io) ? -errno : 0;
}

static void com_irq(void *ctx, bool level)
{
	const struct vm_com *com = ctx;
	struct kvm_irq_level irq = {.irq = com->gsi, .level = level};

	ioctl(com->vm->vm_fd, KVM_IRQ_LINE, &irq);
}

static bool com_can_send(void *ctx)
{
	return stream_can_send(&((struct vm_com *)ctx)->stream);
}

static void com_send(void *ctx, uint8_t byte)
{
	stream_send(&((struct vm_com *)ctx)->stream, byte);
}

static bool com_can_receive(void *ctx)
{
	return stream_can_receive(&((struct vm_com *)ctx)->stream);
}

static int com_receive(void *ctx)
{
	return stream_receive(&((struct vm_com *)ctx)->stream);
}

static void com_discard(void *ctx)
{
	stream_discard(&((struct vm_com *)ctx)->stream);
}

static const struct serial_ops com_ops = {
	.can_send = com_can_send,
	.send = com_send,
	.can_receive = com_can_receive,
	.receive = com_receive,
	.discard = com_discard,
	.irq = com_irq,
};

static void com_poke(void *ctx)
{
	serial_poke(&((struct vm_com *)ctx)->serial);
}

/* ---- requests -------------------------------------------------------------------------------- */

void vm_ask(struct vm *vm, enum vm_request request)
{
	if (vm->request != VM_REQUEST_NONE)
		return;
	vm->request = request;
	eventfd_write(vm->wake.fd, 1);
}

static void ask_reset(void *ctx)
{
	vm_ask(ctx, VM_REQUEST_RESET);
}

static void ask_power_off(void *ctx)
{
	vm_ask(ctx, VM_REQUEST_POWER_OFF);
}

static void end(struct vm *vm, int status)
{
	vm->exit_status = status;
	loop_quit(&vm->loop);
}

void vm_quit(struct vm *vm)
{
	end(vm, VM_EXIT_OFF);
}

static void terminal_quit(void *ctx)
{
	vm_quit(ctx);
}

void vm_reset(struct vm *vm)
{
	vm_ask(vm, VM_REQUEST_RESET);
}

/* ---- start and restart ----------------------------------------------------------------------- */

static int load(struct vm *vm, uint64_t *entry, struct err *e)
{
	int err = boot_load(&vm->mem, &vm->config.boot, entry, e);
	ssize_t len;

	if (err)
		return err;
	len = acpi_build(memory_at(&vm->mem, LAYOUT_ACPI, LAYOUT_ACPI_MAX), LAYOUT_ACPI_MAX,
			 LAYOUT_ACPI, vm->config.n_cpus);
	return len < 0 ? err_set(e, (int)len, "the ACPI tables do not fit") : 0;
}

static int reset_cpus(struct vm *vm, uint64_t entry, struct err *e)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < vm->config.n_cpus && !err; i++)
		err = cpu_reset(&vm->cpus[i], entry);
	return err ? err_sys(e, err, "can't reset CPU %u", i - 1) : 0;
}

static void reset_devices(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < vm->config.n_nics; i++)
		virtio_pci_reset(&vm->nics[i]->v);
	for (i = 0; i < vm->config.n_disks; i++)
		virtio_pci_reset(&vm->disks[i]->v);
	virtio_pci_reset(&vm->rng.v);
	virtio_pci_reset(&vm->balloon.v);
	vm->pci.address = 0;
	for (i = 0; i < ARRAY_SIZE(vm->com); i++)
		serial_reset(&vm->com[i].serial);
	for (i = 0; i < ARRAY_SIZE(vm->irqchips); i++)
		ioctl(vm->vm_fd, KVM_SET_IRQCHIP, &vm->irqchips[i]);
}

/* CPUs are parked: everything to power-on. */
static int restart(struct vm *vm, struct err *e)
{
	uint64_t entry;
	int err;

	ctl_event(&vm->ctl, "reset");
	reset_devices(vm);
	err = memory_clear(&vm->mem);
	if (err)
		return err_sys(e, err, "can't clear the guest's memory");
	err = load(vm, &entry, e);
	if (!err)
		err = reset_cpus(vm, entry, e);
	vm->request = VM_REQUEST_NONE;
	vm->started_ms = clock_now_ms();
	return err;
}

static void park_cpus(struct vm *vm)
{
	/* A CPU may need the lock to get out of the device it is in. */
	loop_unlock(&vm->loop);
	cpu_gate_close(vm);
	loop_lock(&vm->loop);
}

static void restart_cb(struct loop_fd *w, uint32_t events)
{
	struct vm *vm = CONTAINER_OF(w, struct vm, restart);
	uint64_t ticks;
	struct err e;

	(void)events;
	if (read(w->fd, &ticks, sizeof(ticks)) < 0)
		return;
	park_cpus(vm);
	if (restart(vm, &e)) {
		log_error("guest %s: restart failed: %s", vm->config.name, e.text);
		end(vm, VM_EXIT_INTERNAL);
		return;
	}
	if (!vm->paused)
		cpu_gate_open(vm);
}

static void schedule_restart(struct vm *vm)
{
	uint64_t now = clock_now_ms(), due = vm->started_ms + RESTART_INTERVAL_MS;
	uint64_t wait_ms = due > now ? due - now : 0;
	const struct itimerspec when = {
		.it_value.tv_sec = (time_t)(wait_ms / 1000),
		.it_value.tv_nsec = (long)(wait_ms % 1000) * 1000000 + 1,
	};

	timerfd_settime(vm->restart.fd, 0, &when, NULL);
}

static void wake_cb(struct loop_fd *w, uint32_t events)
{
	struct vm *vm = CONTAINER_OF(w, struct vm, wake);
	eventfd_t count;

	(void)events;
	eventfd_read(w->fd, &count);
	switch (vm->request) {
	case VM_REQUEST_NONE:
		break;
	case VM_REQUEST_RESET:
		schedule_restart(vm);
		break;
	case VM_REQUEST_POWER_OFF:
		end(vm, VM_EXIT_OFF);
		break;
	case VM_REQUEST_CRASH:
		end(vm, VM_EXIT_CRASH);
		break;
	}
}

int vm_pause(struct vm *vm)
{
	unsigned int i;

	if (vm->paused)
		return -EALREADY;
	vm->paused = true;
	park_cpus(vm);
	for (i = 0; i < vm->config.n_nics; i++)
		virtio_net_pause(vm->nics[i], true);
	return 0;
}

int vm_resume(struct vm *vm)
{
	unsigned int i;

	if (!vm->paused)
		return -EALREADY;
	vm->paused = false;
	for (i = 0; i < vm->config.n_nics; i++)
		virtio_net_pause(vm->nics[i], false);
	for (i = 0; i < vm->config.n_cpus; i++)
		cpu_was_paused(&vm->cpus[i]);
	cpu_gate_open(vm);
	return 0;
}

/* ---- creation -------------------------------------------------------------------------------- */

static int open_kvm(struct vm *vm, struct err *e)
{
	uint64_t identity = KVM_IDENTITY_ADDR;

	/* A giver who may open it spares the guest's own user the right. */
	vm->kvm_fd = vm->config.kvm_fd;
	if (vm->kvm_fd < 0)
		vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0)
		return err_sys(e, -errno, "can't open /dev/kvm");
	if (ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return err_set(e, -ENOSYS, "/dev/kvm speaks another version than %d",
			       KVM_API_VERSION);
	vm->vm_fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->vm_fd < 0)
		return err_sys(e, -errno, "KVM makes no virtual machine");
	/* Only Intel hosts know these two; elsewhere they are not needed. */
	ioctl(vm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	ioctl(vm->vm_fd, KVM_SET_TSS_ADDR, KVM_TSS_ADDR);
	if (ioctl(vm->vm_fd, KVM_CREATE_IRQCHIP, 0))
		return err_sys(e, -errno, "KVM makes no interrupt controllers");
	return 0;
}

static int save_irqchips(struct vm *vm, struct err *e)
{
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(vm->irqchips); i++) {
		vm->irqchips[i].chip_id = i;
		if (ioctl(vm->vm_fd, KVM_GET_IRQCHIP, &vm->irqchips[i]))
			return err_sys(e, -errno, "can't read the interrupt controllers");
	}
	return 0;
}

static int create_cpus(struct vm *vm, struct err *e)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < vm->config.n_cpus && !err; i++)
		err = cpu_create(&vm->cpus[i], vm, i, e);
	return err ? err : save_irqchips(vm, e);
}

static int add_com(struct vm *vm, unsigned int i, uint16_t port, unsigned int gsi,
		   enum stream_kind kind, int listen_fd)
{
	struct vm_com *com = &vm->com[i];
	int err;

	com->vm = vm;
	com->gsi = gsi;
	serial_init(&com->serial, &com_ops, com);
	err = stream_open(&com->stream, &vm->loop, kind, com_poke, com);
	if (!err && listen_fd >= 0)
		err = stream_listen(&com->stream, listen_fd);
	return err ? err : bus_add(&vm->ports, port, 8, serial_io, &com->serial);
}

static int add_coms(struct vm *vm, struct err *e)
{
	const struct vm_config *cfg = &vm->config;
	int err;

	err = add_com(vm, 0, LAYOUT_COM1, LAYOUT_COM1_IRQ, STREAM_CONSOLE, cfg->console_fd);
	if (!err)
		err = add_com(vm, 1, LAYOUT_COM2, LAYOUT_COM2_IRQ, STREAM_AGENT, cfg->agent_fd);
	if (!err && cfg->console_stdio)
		err = stream_attach_stdio(&vm->com[0].stream, terminal_quit, vm);
	return err ? err_sys(e, err, "can't set up the serial ports") : 0;
}

static int add_nics(struct vm *vm, struct err *e)
{
	unsigned int i;

	for (i = 0; i < vm->config.n_nics; i++) {
		const struct nic_option *cfg = &vm->config.nics[i];
		int err;

		vm->nics[i] = calloc(1, sizeof(*vm->nics[i]));
		if (!vm->nics[i])
			return err_set(e, -ENOMEM, "no memory for a network card");
		err = virtio_net_init(vm->nics[i], cfg->tap_fd, &cfg->mac, &vm->host, &vm->pci,
				      &vm->mmio, e);
		if (err)
			return err;
	}
	return 0;
}

static int add_disks(struct vm *vm, struct err *e)
{
	unsigned int i;

	for (i = 0; i < vm->config.n_disks; i++) {
		const struct vm_disk_config *cfg = &vm->config.disks[i];
		int err;

		vm->disks[i] = calloc(1, sizeof(*vm->disks[i]));
		if (!vm->disks[i])
			return err_set(e, -ENOMEM, "no memory for a disk");
		err = virtio_blk_init(vm->disks[i], cfg->fd, cfg->read_only, i, &vm->host, &vm->pci,
				      &vm->mmio, e);
		if (err)
			return err;
	}
	return 0;
}

static int add_platform(struct vm *vm, struct err *e)
{
	int err;

	vm->acpi = (struct acpi_ports){.reset = ask_reset, .power_off = ask_power_off, .ctx = vm};
	err = acpi_add_ports(&vm->acpi, &vm->ports);
	if (!err)
		err = pci_init(&vm->pci, &vm->ports, ask_reset, vm);
	return err ? err_sys(e, err, "can't set up the platform") : 0;
}

static int add_devices(struct vm *vm, struct err *e)
{
	int err;

	vm->host = (struct virtio_host){
		.loop = &vm->loop,
		.mem = &vm->mem,
		.msi = host_msi,
		.ioeventfd = host_ioeventfd,
		.ctx = vm,
	};
	err = add_platform(vm, e);
	if (!err)
		err = add_coms(vm, e);
	/* Network cards first: their slots and names do not depend on disks. */
	if (!err)
		err = add_nics(vm, e);
	if (!err)
		err = add_disks(vm, e);
	if (err)
		return err;
	err = virtio_rng_init(&vm->rng, &vm->host, &vm->pci, &vm->mmio);
	if (err)
		return err_sys(e, err, "can't plug in the entropy device");
	err = virtio_balloon_init(&vm->balloon, &vm->host, &vm->pci, &vm->mmio);
	return err ? err_sys(e, err, "can't plug in the balloon") : 0;
}

static int add_events(struct vm *vm, struct err *e)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), err;

	if (fd < 0)
		return err_sys(e, -errno, "can't make an event descriptor");
	err = loop_add(&vm->loop, &vm->wake, fd, EPOLLIN, wake_cb);
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return err_sys(e, -errno, "can't make a timer");
	if (!err)
		err = loop_add(&vm->loop, &vm->restart, fd, EPOLLIN, restart_cb);
	if (!err && vm->config.ctl_fd >= 0)
		err = vm_ctl_open(vm, vm->config.ctl_fd);
	return err ? err_sys(e, err, "can't watch descriptors") : 0;
}

int vm_create(struct vm *vm, const struct vm_config *config, struct err *e)
{
	uint64_t entry;
	int err;

	vm->config = *config;
	vm->kvm_fd = vm->vm_fd = vm->wake.fd = vm->restart.fd = -1;
	vm->created_ms = vm->started_ms = clock_now_ms();
	err = loop_init(&vm->loop);
	if (!err)
		err = cpu_gate_init(&vm->gate);
	if (err)
		return err_sys(e, err, "can't make an event loop");
	err = memory_open(&vm->mem, config->memory_mib << 20, e);
	if (!err)
		err = open_kvm(vm, e);
	if (!err)
		err = memory_attach(&vm->mem, vm->vm_fd, e);
	if (!err)
		err = add_events(vm, e);
	if (!err)
		err = add_devices(vm, e);
	if (!err)
		err = load(vm, &entry, e);
	if (!err)
		err = create_cpus(vm, e);
	return err ? err : reset_cpus(vm, entry, e);
}

int vm_start(struct vm *vm, bool sandbox, struct err *e)
{
	unsigned int i;

	for (i = 0; i < vm->config.n_cpus; i++) {
		int err = cpu_start(&vm->cpus[i], sandbox);

		if (err)
			return err_sys(e, err, "can't start the thread of CPU %u", i);
	}
	cpu_gate_wait(vm);
	return 0;
}

int vm_run(struct vm *vm)
{
	int err;

	cpu_gate_open(vm);
	err = loop_run(&vm->loop);
	if (err) {
		log_error("guest %s: the event loop failed: %s", vm->config.name, strerror(-err));
		vm->exit_status = VM_EXIT_INTERNAL;
	}
	cpu_gate_quit(vm);
	return vm->exit_status;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void vm_destroy(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm->com); i++)
		stream_close(&vm->com[i].stream);
	ctl_close(&vm->ctl);
	for (i = 0; i < VM_NICS_MAX; i++) {
		if (vm->nics[i])
			virtio_net_fini(vm->nics[i]);
		free(vm->nics[i]);
	}
	for (i = 0; i < VM_DISKS_MAX; i++) {
		if (vm->disks[i])
			virtio_blk_fini(vm->disks[i]);
		free(vm->disks[i]);
	}
	virtio_rng_fini(&vm->rng);
	virtio_balloon_fini(&vm->balloon);
	for (i = 0; i < VM_CPUS_MAX; i++)
		cpu_destroy(&vm->cpus[i]);
	close_fd(vm->wake.fd);
	close_fd(vm->restart.fd);
	close_fd(vm->vm_fd);
	close_fd(vm->kvm_fd);
	memory_close(&vm->mem);
	loop_fini(&vm->loop);
}
