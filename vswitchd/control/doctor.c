/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.c - one check a function; each tries the thing itself rather than guessing from versions.
 */
#include "vswitchd/control/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vswitchd/control/daemon.h"
#include "vswitchd/host/hostrules.h"
#include "vswitchd/host/netlink.h"
#include "vswitchd/host/rights.h"
#include "vswitchd/host/state.h"
#include "vswitchd/guest/image.h"
#include "vswitchd/guest/vm.h"
#include "vswitchd/netdhcp.h"

struct check {
	const char *status; /* "ok", "warn", "fail" */
	char detail[600];
	char mend[300];
};

static void result(struct check *c, const char *status, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void result(struct check *c, const char *status, const char *mend, const char *fmt, ...)
{
	va_list ap;

	c->status = status;
	snprintf(c->mend, sizeof(c->mend), "%s", mend);
	va_start(ap, fmt);
	vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
	va_end(ap);
}

static void check_kvm(struct daemon *d, struct check *c)
{
	hv_probe_run(d, &d->hv);
	if (!strcmp(d->hv.kvm, "ok"))
		result(c, "ok", "", "%s", d->hv.detail);
	else
		result(c, d->hv.qemu[0] ? "warn" : "fail", d->hv.mend, "%s: %s", d->hv.kvm,
		       d->hv.detail);
}

static void check_uml(struct daemon *d, struct check *c)
{
	bool kvm = !strcmp(d->hv.kvm, "ok");

	if (d->hv.uml[0])
		result(c, "ok", "", "%s", d->hv.uml);
	else
		result(c, kvm || d->hv.qemu[0] ? "warn" : "fail", "make image",
		       "vnet-uml, or linux.uml of the guest image, is not there%s",
		       kvm ? "; guests run on KVM" : "");
}

static void check_qemu(struct daemon *d, struct check *c)
{
	bool kvm = !strcmp(d->hv.kvm, "ok");

	if (d->hv.qemu[0])
		result(c, "ok", "", "%s", d->hv.qemu);
	else
		result(c, kvm ? "warn" : "fail", "apt-get install qemu-system-x86",
		       "qemu-system-x86_64 is not installed%s",
		       kvm ? "; guests run on KVM, only disks need it" : "");
}

static void check_vmm(struct daemon *d, struct check *c)
{
	if (d->hv.vmm[0])
		result(c, "ok", "", "%s", d->hv.vmm);
	else
		result(c, d->hv.qemu[0] ? "warn" : "fail",
		       "install vnet-vmm beside vswitchd (make install), or name it by --vmm",
		       "vnet-vmm is not there");
}

static void check_tun(struct daemon *d, struct check *c)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	(void)d;
	if (fd >= 0) {
		close(fd);
		result(c, "ok", "", "/dev/net/tun opens");
	} else if (errno == ENOENT || errno == ENODEV) {
		result(c, "fail", "modprobe tun; in a container: give it the device /dev/net/tun",
		       "/dev/net/tun: %s", strerror(errno));
	} else {
		result(c, "fail", "run vswitchd as root, or chmod 0666 /dev/net/tun",
		       "/dev/net/tun: %s", strerror(errno));
	}
}

static void check_rights(struct daemon *d, struct check *c)
{
	char missing[128];

	(void)d;
	if (rights_enough(missing, sizeof(missing)))
		result(c, "ok", "", "cap_net_admin and cap_net_raw are there");
	else
		result(c, "fail", "run vswitchd as root", "missing: %s", missing);
}

static void check_nftables(struct daemon *d, struct check *c)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	bool netfilter = fd >= 0;
	struct err err = {0};

	(void)d;
	if (netfilter)
		close(fd);
	if (netfilter && hostrules_ready(&err) == 0)
		result(c, "ok", "", "our table is in place");
	else
		result(c, "fail", "modprobe nf_tables; install libnftables",
		       "%s: NAT networks would be answered by the host's own stack",
		       netfilter ? err.text : "no netfilter");
}

/* Make a tap for a moment and keep it out of the host's stack: what each guest NIC needs. */
static void check_isolation(struct daemon *d, struct check *c)
{
	struct err err = {0};
	int fd = tap_open_guest("vs-doctor", true, &err);

	(void)d;
	if (fd >= 0) {
		close(fd);
		result(c, "ok", "", "a tap can be made and isolated");
	} else {
		result(c, "fail", "modprobe tun cls_bpf sch_ingress", "%s", err.text);
	}
}

static void check_image(struct daemon *d, struct check *c)
{
	char dir[PATH_MAX];

	if (image_dir(d, dir, sizeof(dir)))
		result(c, "ok", "", "%.500s", dir);
	else
		result(c, "warn", "make image, or give --image DIR",
		       "no default guest image in %.400s", dir);
}

static void check_memory(struct daemon *d, struct check *c)
{
	uint64_t mib = vm_memory_available_mib();

	(void)d;
	result(c, mib >= 512 ? "ok" : "warn",
	       mib >= 512 ? "" : "stop something, or run fewer guests",
	       "%llu MiB free, a guest takes %d", (unsigned long long)mib, VM_MEMORY_DEFAULT);
}

static bool in_path(const char *program)
{
	static const char *const dirs[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					   "/usr/bin",	      "/sbin",		"/bin"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", dirs[i], program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static void check_tools(struct daemon *d, struct check *c)
{
	static const char *const tools[] = {"ip", "ping", "tcpdump", "iperf3", "dot"};
	char missing[128] = "";
	size_t used = 0;

	(void)d;
	for (size_t i = 0; i < ARRAY_SIZE(tools) && used < sizeof(missing); i++)
		if (!in_path(tools[i]))
			used += (size_t)snprintf(missing + used, sizeof(missing) - used, " %s",
						 tools[i]);
	if (used)
		result(c, "warn", "apt-get install iproute2 iputils-ping tcpdump iperf3 graphviz",
		       "not installed:%s", missing);
	else
		result(c, "ok", "", "ip, ping, tcpdump, iperf3 and dot are there");
}

static void check_uplink(struct daemon *d, struct check *c)
{
	char ifname[16];

	(void)d;
	if (nl_default_ifname(ifname) == 0)
		result(c, "ok", "", "default route by %s", ifname);
	else
		result(c, "warn", "give the host a default route",
		       "the host has no default route: NAT reaches only networks it has routes to");
}

/* Writing is not tried here: the server does it all the time. */
static void check_leases(struct daemon *d, struct check *c)
{
	json_t *store = netdhcp_store_json();
	const char *why = json_string_value(json_object_get(store, "why"));
	const char *aside = json_string_value(json_object_get(store, "aside"));

	(void)d;
	if (why)
		result(c, "fail", "make room on that file system, or mend it; clients ask again",
		       "leases can't be written to %.300s: %s; nobody gets an address", state_dir(),
		       why);
	else if (json_is_true(json_object_get(store, "rebuilt")))
		result(c, "warn", "find out who writes to that directory",
		       "%.300s/leases.db was damaged or removed while it was in use, and was written "
		       "anew from memory: no lease is lost",
		       state_dir());
	else if (aside)
		result(c, "warn", "look at the file that was put aside, then delete it",
		       "the lease file was damaged: %lld records were saved, the rest is lost; it "
		       "is kept as %.300s/%s",
		       (long long)json_integer_value(json_object_get(store, "saved")), state_dir(),
		       aside);
	else
		result(c, "ok", "", "%.500s/leases.db is written", state_dir());
	json_decref(store);
}

static const struct {
	const char *id, *title;
	void (*run)(struct daemon *d, struct check *c);
} checks[] = {
	{"kvm", "KVM runs guests at speed", check_kvm}, /* first: it asks the hypervisor anew */
	{"vmm", "the embedded hypervisor", check_vmm},
	{"uml", "User-mode Linux, where KVM can't", check_uml},
	{"qemu", "QEMU, where KVM can't", check_qemu},
	{"tun", "tap interfaces", check_tun},
	{"rights", "capabilities", check_rights},
	{"isolation", "guest taps kept from the host", check_isolation},
	{"nftables", "nftables", check_nftables},
	{"image", "default guest image", check_image},
	{"memory", "memory for guests", check_memory},
	{"uplink", "a way out for NAT", check_uplink},
	{"leases", "the lease file", check_leases},
	{"tools", "programs that labs use", check_tools},
};

json_t *doctor_run(struct daemon *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct check c = {.status = "fail"};

		checks[i].run(d, &c);
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", checks[i].id,
						"title", checks[i].title, "status", c.status,
						"detail", c.detail, "mend", c.mend));
	}
	return json_pack("{s:o}", "checks", list);
}
