/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_run.c - vm.run: what was asked for is checked first, then made.
 *
 * All that can be refused is refused before anything is made. What is made after that hangs on
 * the vm from the first moment on, so that one vm_free() undoes whatever was done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vswitchd/control/ctl.h"
#include "vswitchd/control/daemon.h"
#include "vswitchd/control/kept.h"
#include "vswitchd/guest/image.h"
#include "vswitchd/switch/net.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/control/objects.h"
#include "vswitchd/host/rights.h"
#include "vswitchd/control/rpc.h"
#include "vswitchd/switch/settings.h"
#include "vswitchd/host/state.h"
#include "vswitchd/guest/vm.h"

/* ---- sizes ----------------------------------------------------------------------------------- */

/* "256MiB" or "1GiB". */
static int parse_memory(const char *text, unsigned int *mib, struct err *err)
{
	char *end = NULL;
	unsigned long v;

	if (!text) {
		*mib = VM_MEMORY_DEFAULT;
		return 0;
	}
	v = text[0] >= '0' && text[0] <= '9' ? strtoul(text, &end, 10) : 0;
	if (end && !strcmp(end, "GiB") && v <= VM_MEMORY_MAX / 1024)
		v *= 1024;
	else if (end && strcmp(end, "MiB"))
		v = 0;
	if (v < VM_MEMORY_MIN || v > VM_MEMORY_MAX)
		return err_set(err, -EINVAL,
			       "parameter \"memory\" must be %dMiB or more, as in 256MiB or 1GiB",
			       VM_MEMORY_MIN);
	*mib = (unsigned int)v;
	return 0;
}

uint64_t vm_memory_available_mib(void)
{
	char line[128];
	uint64_t kib = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "MemAvailable:", 13))
			kib = strtoull(line + 13, NULL, 10);
	if (f)
		fclose(f);
	return kib / 1024;
}

static int check_memory(unsigned int mib, struct err *err)
{
	uint64_t available = vm_memory_available_mib();

	if (!available || mib < available)
		return 0;
	return err_set(err, -ENOMEM, "the guest wants %u MiB of memory, the host has %llu MiB free",
		       mib, (unsigned long long)available);
}

/* ---- kernel, initrd, disk -------------------------------------------------------------------- */

static int copy_path(const char *key, const char *path, char *out, struct err *err)
{
	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return err_set(err, -EINVAL, "parameter \"%s\" must be an absolute path", key);
	snprintf(out, PATH_MAX, "%s", path);
	return 0;
}

static int choose_files(const struct rpc *rpc, struct vm *vm, struct err *err)
{
	const char *kernel = rpc_str(rpc, "kernel"), *initrd = rpc_str(rpc, "initrd");
	const char *disk = rpc_str(rpc, "disk"), *boot = rpc_str(rpc, "boot");
	const char *image = rpc_str(rpc, "image");
	char dir[PATH_MAX - 16];
	int rc = 0;

	if (boot && strcmp(boot, "network") != 0)
		return err_set(err, -EINVAL, "parameter \"boot\" can be network only");
	if (boot && (kernel || initrd || image || rpc_str(rpc, "append")))
		return err_set(err, -EINVAL,
			       "boot=network and kernel=, initrd=, image= or append= exclude each "
			       "other");
	if (boot)
		return disk ? copy_path("disk", disk, vm->disk, err) : 0;
	if (!image_dir(rpc->d, dir, sizeof(dir)) && !kernel)
		return err_set(err, -ENOENT,
			       "there is no guest image in %s: build one (make image), or name a "
			       "kernel",
			       dir);
	if (kernel)
		rc = copy_path("kernel", kernel, vm->kernel, err);
	else
		snprintf(vm->kernel, sizeof(vm->kernel), "%s/vmlinuz", dir);
	if (!rc && initrd)
		rc = copy_path("initrd", initrd, vm->initrd, err);
	else if (!kernel) /* a kernel of one's own does not fit our modules */
		snprintf(vm->initrd, sizeof(vm->initrd), "%s/initrd", dir);
	if (!rc && disk)
		rc = copy_path("disk", disk, vm->disk, err);
	if (!rc && (image || !kernel))
		rc = image_find(rpc->d, image, vm->image, err);
	return rc;
}

/* Open @path with the client's own rights; "" gives -1. */
static int open_file(const struct rpc *rpc, const char *what, const char *path, int flags, int *fd,
		     struct err *err)
{
	struct stat st;
	char shown[256];

	if (!path[0])
		return 0;
	str_escape(path, strlen(path), shown, sizeof(shown));
	*fd = rights_open_as(client_uid(rpc->client), client_gid(rpc->client), path, flags);
	if (*fd < 0)
		return err_sys(err, *fd, "cannot open the guest's %s %s", what, shown);
	if (fstat(*fd, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)))
		return err_set(err, -EINVAL, "the guest's %s %s is not a file", what, shown);
	return 0;
}

/* Linux/x86 boot protocol: the setup header's magic is at 0x202. */
static int check_kernel(const struct vm *vm, int fd, struct err *err)
{
	char magic[4], shown[256];

	if (!vm->hv->pc)
		return 0; /* a program: the kernel of the host knows whether it is one */
	if (pread(fd, magic, sizeof(magic), 0x202) == sizeof(magic) && !memcmp(magic, "HdrS", 4))
		return 0;
	return err_set(err, -ENOEXEC, "%s is not a Linux kernel (a bzImage)",
		       str_escape(vm->kernel, strlen(vm->kernel), shown, sizeof(shown)));
}

/* EROFS: the superblock is at 1024 and begins with its magic number. */
static int open_image(const struct rpc *rpc, const struct vm *vm, int *fd, struct err *err)
{
	static const unsigned char want[4] = {0xe2, 0xe1, 0xf5, 0xe0};
	unsigned char magic[sizeof(want)];
	char shown[256];
	int rc = open_file(rpc, "image", vm->image, O_RDONLY, fd, err);

	if (rc || *fd < 0)
		return rc;
	if (pread(*fd, magic, sizeof(magic), 1024) == sizeof(magic) &&
	    !memcmp(magic, want, sizeof(want)))
		return 0;
	return err_set(err, -EINVAL,
		       "%s is not a guest image (an EROFS file system): mkfs.erofs makes one",
		       str_escape(vm->image, strlen(vm->image), shown, sizeof(shown)));
}

static int open_files(const struct rpc *rpc, const struct vm *vm, struct vm_fds *fds,
		      struct err *err)
{
	int rc = open_file(rpc, "kernel", vm->kernel, O_RDONLY, &fds->kernel, err);

	if (!rc && vm->kernel[0])
		rc = check_kernel(vm, fds->kernel, err);
	if (!rc)
		rc = open_file(rpc, "initrd", vm->initrd, O_RDONLY, &fds->initrd, err);
	/* When this fails, so does the guest's own try, and it says why. */
	if (!rc && vm->hv == &hv_vmm)
		fds->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (!rc)
		rc = open_file(rpc, "disk", vm->disk, O_RDWR, &fds->disk, err);
	return rc ? rc : open_image(rpc, vm, &fds->image, err);
}

/* ---- the command line ------------------------------------------------------------------------ */

static bool append_ok(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
			return false;
	return true;
}

/*
 * An emulated CPU's counter is the host's, so the guest is told how fast it runs. What the kernel
 * finds out by itself compares it with timers that the emulation delays: on a busy machine guests
 * were seen whose clocks ran four times too fast, and ended their commands long before the time was
 * over. There is no point either in guarding such a CPU against CPU bugs.
 */
static void qemu_words(const struct vm *vm, char *out, size_t size)
{
	struct tsc_mark now = tsc_mark_now();
	unsigned int khz = tsc_khz(&vm->d->hv.tsc, &now);
	int n = snprintf(out, size, " tsc=reliable no_timer_check mitigations=off");

	if (khz)
		snprintf(out + n, size - (size_t)n, " tsc_early_khz=%u", khz);
}

static int build_append(const struct rpc *rpc, struct vm *vm, struct err *err)
{
	const char *extra = rpc_str(rpc, "append");
	char own[96] = " loglevel=3";
	int n;

	if (vm->hv == &hv_vmm)
		strcpy(own, " reboot=t");
	else if (vm->hv == &hv_qemu)
		qemu_words(vm, own, sizeof(own));
	if (extra && !append_ok(extra))
		return err_set(err, -EINVAL, "parameter \"append\" must be one line of plain text");
	n = snprintf(vm->append, sizeof(vm->append),
		     "console=ttyS0 quiet panic=-1 random.trust_cpu=on cryptomgr.notests%s"
		     " vnet.hostname=%s%s%s",
		     own, vm->hostname, extra ? " " : "", extra ? extra : "");
	if (n >= (int)sizeof(vm->append))
		return err_set(err, -E2BIG, "parameter \"append\" is too long");
	return 0;
}

/* ---- NICs ------------------------------------------------------------------------------------ */

static bool mac_on_net(const struct net *net, const struct mac *mac)
{
	for (const struct port *p = net->ports; p; p = p->next)
		if (mac_equal(&p->mac, mac))
			return true;
	return false;
}

static bool mac_earlier(const struct vm *vm, const struct vm_nic *nic)
{
	for (unsigned int i = 0; i < vm->n_nics; i++)
		if (!strcmp(vm->nics[i].net, nic->net) && mac_equal(&vm->nics[i].mac, &nic->mac))
			return true;
	return false;
}

/* Made from the daemon's instance too: networks of two hosts may be bridged to one LAN. */
static struct mac default_mac(const char *port)
{
	char seed[96];

	snprintf(seed, sizeof(seed), "%s:%s", state_instance(), port);
	return mac_from_name(seed);
}

static int parse_mac(struct vm_nic *nic, const char *text, struct err *err)
{
	char shown[64];

	if (!text)
		nic->mac = default_mac(nic->port);
	else if (mac_parse(text, &nic->mac) || mac_is_multicast(&nic->mac) ||
		 mac_is_zero(&nic->mac))
		return err_set(err, -EINVAL,
			       "\"%s\" is not a unicast MAC address like 52:54:00:12:34:56",
			       str_escape(text, strlen(text), shown, sizeof(shown)));
	return 0;
}

static bool nic_key(const char *name)
{
	return !strcmp(name, "net") || !strcmp(name, "mac");
}

static int check_nic_settings(const json_t *o, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)o, name, value)
		if (!nic_key(name) && !port_setting_known(name))
			return port_setting_unknown(name, err);
	return 0;
}

static int parse_nic(struct vm *vm, const json_t *o, struct err *err)
{
	struct vm_nic *nic = &vm->nics[vm->n_nics];
	struct rpc q = {.d = vm->d, .params = (json_t *)o, .fd = -1};
	struct net *net;
	char mac[MAC_STR];
	int rc;

	if (!json_is_object(o) || rpc_check_params("net! mac *", o, err))
		return err_set(err, -EINVAL, "each of \"nics\" is {\"net\": NAME, \"mac\": MAC}");
	rc = check_nic_settings(o, err);
	if (!rc)
		rc = rpc_net(&q, &net, err);
	if (rc)
		return rc;
	snprintf(nic->net, sizeof(nic->net), "%s", net->conf.name);
	snprintf(nic->port, sizeof(nic->port), "%s.eth%u", vm->name, vm->n_nics);
	rc = parse_mac(nic, rpc_str(&q, "mac"), err);
	if (rc)
		return rc;
	if (mac_on_net(net, &nic->mac) || mac_earlier(vm, nic))
		return err_set(err, -EEXIST, "MAC %s is on network \"%s\" already",
			       mac_format(&nic->mac, mac), nic->net);
	if (port_find(nic->port))
		return err_set(err, -EEXIST, "port \"%s\" exists already", nic->port);
	vm->n_nics++;
	return 0;
}

static int parse_nics(struct vm *vm, const json_t *nics, struct err *err)
{
	json_t *o;
	size_t i;
	int rc = 0;

	if (json_array_size(nics) > VM_NICS_MAX)
		return err_set(err, -E2BIG, "a guest has at most %d NICs", VM_NICS_MAX);
	json_array_foreach (nics, i, o) {
		if (!rc)
			rc = parse_nic(vm, o, err);
	}
	return rc;
}

/* A name for the tap that no interface of the host has; another daemon may use our first idea. */
static int choose_ifname(struct vm_nic *nic, struct err *err)
{
	char seed[PORT_NAME_MAX + 24];

	port_ifname(nic->port, nic->ifname);
	for (int i = 0; i < 16 && nl_ifindex(nic->ifname); i++) {
		snprintf(seed, sizeof(seed), "%s-%s-%x", state_instance(), nic->port, i);
		port_ifname(seed, nic->ifname);
	}
	if (nl_ifindex(nic->ifname))
		return err_set(err, -EEXIST, "no free interface name for the tap of port \"%s\"",
			       nic->port);
	return 0;
}

/* The settings of @o, one of "nics", for the port that was made for it. */
static int set_nic(struct port *port, const json_t *o, struct err *err)
{
	json_t *settings = json_copy((json_t *)o);
	int rc;

	json_object_del(settings, "net");
	json_object_del(settings, "mac");
	rc = kept_port_set(port, settings, err);
	json_decref(settings);
	return rc;
}

static int make_nic(struct vm *vm, struct vm_nic *nic, const json_t *o, int *tap, struct err *err)
{
	struct port_conf conf = vm_nic_port_conf(vm, nic);
	struct port *port;
	int rc = choose_ifname(nic, err);

	if (rc)
		return rc;
	*tap = tap_open_guest(nic->ifname, vm->hv->vnet_hdr, err);
	if (*tap < 0)
		return *tap;
	object_mark_link(nic->ifname, nic->port);
	port = port_add(net_find(&vm->d->runner, nic->net), &conf, err);
	if (!port)
		return err->code ? err->code : -EIO;
	return set_nic(port, o, err);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int check_free(struct rpc *rpc, const char *name, struct err *err)
{
	struct vm *old = vm_find(rpc->d, name);

	if (!old)
		return 0;
	if (vm_alive(old))
		return err_set(err, -EEXIST, "a guest \"%s\" is there already", name);
	vm_free(old); /* it has ended; only its name was still listed */
	return 0;
}

/* The words of vm.run that name things. */
static int parse_names(const struct rpc *rpc, struct vm *vm, struct err *err)
{
	const char *lab = rpc_str(rpc, "lab"), *hostname = rpc_str(rpc, "hostname");

	if ((lab && !name_valid(lab)) || (hostname && !name_valid(hostname)))
		return err_set(err, -EINVAL, "parameter \"%s\" is not a name",
			       lab && !name_valid(lab) ? "lab" : "hostname");
	snprintf(vm->lab, sizeof(vm->lab), "%s", lab ? lab : "");
	snprintf(vm->hostname, sizeof(vm->hostname), "%s", hostname ? hostname : vm->name);
	return 0;
}

/* A disk's format goes by its name, which the user chose, not by its bytes, which are the guest's.
 */
static bool is_qcow2(const char *path)
{
	size_t len = strlen(path);

	return len > 6 && !strcmp(path + len - 6, ".qcow2");
}

/* The image's kernel as a program, and the initrd with that kernel's modules. */
static void choose_uml_files(const struct rpc *rpc, struct vm *vm)
{
	char dir[PATH_MAX - 16];

	image_dir(rpc->d, dir, sizeof(dir));
	snprintf(vm->kernel, sizeof(vm->kernel), "%s/linux.uml", dir);
	if (!rpc_str(rpc, "initrd"))
		snprintf(vm->initrd, sizeof(vm->initrd), "%s/initrd-uml", dir);
}

static bool needs_pc(const struct rpc *rpc, const struct vm *vm)
{
	return rpc_str(rpc, "kernel") || vm->qcow2 || vm->cpus > 1;
}

/* Our own programs give a guest the bytes of its disk as they are. */
static int check_disk(const char *want, struct vm *vm, struct err *err)
{
	char shown[256];

	vm->qcow2 = is_qcow2(vm->disk);
	if (!vm->qcow2 || !want || (strcmp(want, "kvm") != 0 && strcmp(want, "uml") != 0))
		return 0;
	str_escape(vm->disk, strlen(vm->disk), shown, sizeof(shown));
	return err_set(err, -EOPNOTSUPP,
		       "hypervisor %s takes raw disks only: `qemu-img convert -O raw %s NEW.img` "
		       "makes one, or use hypervisor=qemu",
		       want, shown);
}

static int choose_hypervisor(const struct rpc *rpc, struct vm *vm, struct err *err)
{
	const char *want = rpc_str(rpc, "hypervisor");
	int rc;

	if (!vm->kernel[0] && want && (!strcmp(want, "kvm") || !strcmp(want, "uml")))
		return err_set(err, -EOPNOTSUPP,
			       "hypervisor %s has no firmware to boot from the network with: use "
			       "hypervisor=qemu",
			       want);
	if (!vm->kernel[0])
		want = "qemu";
	rc = check_disk(want, vm, err);
	if (rc)
		return rc;
	vm->hv = hv_choose(&rpc->d->hv, want, needs_pc(rpc, vm), vm->note, sizeof(vm->note), err);
	if (!vm->hv)
		return err->code;
	if (!vm->hv->pc)
		choose_uml_files(rpc, vm);
	if (!vm->qcow2 || vm->hv == &hv_qemu)
		return 0;
	vm->hv = hv_choose(&rpc->d->hv, "qemu", true, vm->note, sizeof(vm->note), err);
	snprintf(vm->note, sizeof(vm->note),
		 "vnet-vmm takes raw disks only: running under QEMU TCG");
	return vm->hv ? 0 : err->code;
}

/* Everything that can be refused without having made anything. */
static int preflight(const struct rpc *rpc, struct vm *vm, struct vm_fds *fds, struct err *err)
{
	int64_t cpus;
	int rc = parse_memory(rpc_str(rpc, "memory"), &vm->memory_mib, err);

	if (!rc)
		rc = rpc_int(rpc, "cpus", 1, VM_CPUS_MAX, 1, &cpus, err);
	if (rc)
		return rc;
	vm->cpus = (unsigned int)cpus;
	rc = parse_names(rpc, vm, err);
	if (!rc)
		rc = choose_files(rpc, vm, err);
	if (!rc)
		rc = choose_hypervisor(rpc, vm, err);
	if (!rc)
		rc = build_append(rpc, vm, err);
	if (!rc)
		rc = parse_nics(vm, json_object_get(rpc->params, "nics"), err);
	if (!rc)
		rc = open_files(rpc, vm, fds, err);
	return rc ? rc : check_memory(vm->memory_mib, err);
}

static int make(struct vm *vm, const json_t *nics, struct vm_fds *fds, struct err *err)
{
	int rc = 0;

	for (unsigned int i = 0; i < vm->n_nics && !rc; i++)
		rc = make_nic(vm, &vm->nics[i], json_array_get(nics, i), &fds->taps[i], err);
	return rc ? rc : vm_spawn(vm, fds, err);
}

static void close_fds(struct vm_fds *fds)
{
	const int some[] = {fds->kernel, fds->initrd, fds->disk, fds->image, fds->kvm};

	for (size_t i = 0; i < ARRAY_SIZE(some); i++)
		if (some[i] >= 0)
			close(some[i]);
	/* The guest's process alone holds its taps: they end with it. */
	for (size_t i = 0; i < VM_NICS_MAX; i++)
		if (fds->taps[i] >= 0)
			close(fds->taps[i]);
}

int vm_run(struct rpc *rpc, struct vm **out, struct err *err)
{
	struct vm_fds fds;
	struct vm *vm;
	const char *name;
	int rc = rpc_name(rpc, "name", &name, err);

	if (!rc)
		rc = check_free(rpc, name, err);
	if (rc)
		return rc;
	vm = vm_new(rpc->d, name);
	if (!vm)
		return err_set(err, -ENOMEM, "memory is short");
	memset(&fds, -1, sizeof(fds));
	rc = preflight(rpc, vm, &fds, err);
	if (!rc)
		rc = make(vm, json_object_get(rpc->params, "nics"), &fds, err);
	close_fds(&fds);
	if (rc)
		vm_free(vm);
	else
		*out = vm;
	return rc;
}
