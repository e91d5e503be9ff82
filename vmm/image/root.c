/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the initramfs to a root file system on a disk.
 *
 * The initramfs is in memory for ever and must be unpacked before anything else, so it has what a
 * boot needs and no more. The programs are on a disk that nobody writes (EROFS), over which an
 * overlay keeps in memory what the guest changes: a guest reads what it runs, a few MiB of a
 * hundred, and gives it back when memory is short. So memory and time of a boot do not depend on
 * how much there is on the disk, and many guests can have the same one.
 *
 * The disk is known by its magic number, and the last one with it is taken: the hypervisor puts it
 * behind the guest's own. Any root file system will do; what init itself needs of programs goes
 * along in GUEST_OWN. Where there is no such disk (a boot from the network) or it can't be mounted,
 * the initramfs is the root: with busybox, and the agent.
 */
#include "vmm/image/guest.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	EROFS_SUPER = 1024, /* Documentation/filesystems/erofs.rst: where the superblock is */
	EROFS_MAGIC = (int)0xe0f5e1e2,
};

static const char lower[] = "/image", memory[] = "/changes", merged[] = "/changes/root";

static void complain(const char *what)
{
	fprintf(stderr, "vnet: %s: %s\n", what, strerror(errno));
}

static bool is_root_disk(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint32_t magic = 0;
	bool is;

	if (fd < 0)
		return false;
	is = pread(fd, &magic, sizeof(magic), EROFS_SUPER) == sizeof(magic) &&
	     le32toh(magic) == (uint32_t)EROFS_MAGIC;
	close(fd);
	return is;
}

/* What User-mode Linux calls ubda is vda, too, as elsewhere, and ubda1 is vda1. */
static void name_disks(void)
{
	DIR *dev = opendir("/dev");
	struct dirent *entry;
	char name[64];

	while (dev && (entry = readdir(dev))) {
		if (strncmp(entry->d_name, "ubd", 3) != 0)
			continue;
		snprintf(name, sizeof(name), "/dev/vd%.32s", entry->d_name + 3);
		if (symlink(entry->d_name, name) && errno != EEXIST)
			complain(name);
	}
	if (dev)
		closedir(dev);
}

/* The last such disk: vda, vdb... */
static bool find_disk(char *path, size_t size)
{
	for (char letter = 'h'; letter >= 'a'; letter--) {
		snprintf(path, size, "/dev/vd%c", letter);
		if (is_root_disk(path))
			return true;
	}
	return false;
}

static bool mount_disk(const char *disk)
{
	static const char options[] =
		"lowerdir=/image,upperdir=/changes/upper,workdir=/changes/work";

	guest_load_driver("erofs");
	guest_load_driver("overlay");
	mkdir(lower, 0755);
	mkdir(memory, 0755);
	if (mount(disk, lower, "erofs", MS_RDONLY, NULL)) {
		complain(disk);
		return false;
	}
	if (mount("changes", memory, "tmpfs", 0, "mode=0755") || mkdir("/changes/upper", 0755) ||
	    mkdir("/changes/work", 0755) || mkdir(merged, 0755) ||
	    mount("root", merged, "overlay", 0, options)) {
		complain("the root's overlay");
		umount2(lower, MNT_DETACH);
		return false;
	}
	return true;
}

/* A file of the initramfs that is to be there under any root. */
static void take_along(const char *from, const char *to)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	if (fd >= 0)
		close(fd);
	if (mount(from, to, NULL, MS_BIND, NULL))
		complain(from);
}

static int remove_cb(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	if (strcmp(path, "/bin/busybox"))
		remove(path); /* a folder that is not empty stays */
	return 0;
}

/* What will not be seen again would be in memory all the same. */
static void forget_initramfs(void)
{
	static const char *const folders[] = {"/bin", "/etc", "/lib", "/sbin", "/usr"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		nftw(folders[i], remove_cb, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void move_mounts(void)
{
	static const char *const mounts[] = {"dev", "proc", "sys", "run"};
	char from[16], to[64];

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(from, sizeof(from), "/%s", mounts[i]);
		snprintf(to, sizeof(to), "%s/%s", merged, mounts[i]);
		mkdir(to, 0755);
		if (mount(from, to, NULL, MS_MOVE, NULL))
			complain(to);
	}
}

/* For the kernel, which loads modules on demand by a program: of the root, or else ours. */
static void have_modprobe(void)
{
	static const char ours[] = GUEST_OWN "/modprobe";
	int fd;

	if (!access("/sbin/modprobe", X_OK))
		return;
	fd = open("/proc/sys/kernel/modprobe", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, ours, sizeof(ours) - 1) < 0)
		complain("loading of modules");
	if (fd >= 0)
		close(fd);
}

void guest_enter_root(void)
{
	char disk[16];

	mkdir(GUEST_OWN, 0755);
	take_along("/init", GUEST_OWN "/init");
	take_along("/bin/busybox", GUEST_OWN "/busybox");
	if (symlink("init", GUEST_OWN "/udhcpc-event") || symlink("busybox", GUEST_OWN "/modprobe"))
		complain(GUEST_OWN);
	name_disks();
	if (!find_disk(disk, sizeof(disk)) || !mount_disk(disk))
		return;
	move_mounts();
	forget_initramfs();
	if (chdir(merged) || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		complain("the root file system");
	have_modprobe();
}
