/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.c - numbers, descriptors and NICs on a command line.
 */
#include "vmm/options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

static int parse_number(const char *text, long min, long max, long *out)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

int option_number(const char *name, const char *text, long min, long max, long *out, struct err *e)
{
	if (parse_number(text, min, max, out))
		return err_set(e, -EINVAL, "--%s %s: must be a number from %ld to %ld", name, text,
			       min, max);
	return 0;
}

int option_fd(const char *name, const char *text, int *out, struct err *e)
{
	long fd;

	if (parse_number(text, 0, INT_MAX, &fd) || fcntl((int)fd, F_GETFD) < 0)
		return err_set(e, -EBADF, "--%s %s: not an open descriptor", name, text);
	*out = (int)fd;
	return 0;
}

static int open_tap(const char *ifname, int *out, struct err *e)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};

	if (strlen(ifname) >= sizeof(ifr.ifr_name))
		return err_set(e, -EINVAL, "--net tap=%s: the name is too long", ifname);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	*out = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (*out < 0)
		return err_sys(e, -errno, "can't open /dev/net/tun");
	if (ioctl(*out, TUNSETIFF, &ifr))
		return err_sys(e, -errno, "--net tap=%s", ifname);
	return 0;
}

/* getsubopt() wants its keys writable. */
static char key_fd[] = "fd", key_mac[] = "mac", key_tap[] = "tap";

static int net_parse(char *text, bool may_open, struct nic_option *out, struct err *e)
{
	char *const keys[] = {key_fd, key_mac, may_open ? key_tap : NULL, NULL};
	struct nic_option nic = {.tap_fd = -1};
	bool has_mac = false;
	char *value;
	int err = 0;

	while (*text && !err) {
		int key = getsubopt(&text, keys, &value);

		if (key < 0 || !value)
			return err_set(e, -EINVAL, "--net: write fd=FD,mac=MAC%s",
				       may_open ? " or tap=NAME,mac=MAC" : "");
		if (key == 0)
			err = option_fd("net fd", value, &nic.tap_fd, e);
		else if (key == 2)
			err = open_tap(value, &nic.tap_fd, e);
		else if (mac_parse(value, &nic.mac) || mac_is_multicast(&nic.mac))
			err = err_set(e, -EINVAL, "--net mac=%s: not a unicast MAC address", value);
		else
			has_mac = true;
	}
	if (!err && (nic.tap_fd < 0 || !has_mac))
		err = err_set(e, -EINVAL,
			      "--net needs fd=%s, and mac=", may_open ? " or tap=" : "");
	if (err)
		return err;
	/* Whoever reads it reads until there is no more. */
	fcntl(nic.tap_fd, F_SETFL, fcntl(nic.tap_fd, F_GETFL) | O_NONBLOCK);
	*out = nic;
	return 0;
}

int option_net(char *text, bool may_open, struct nic_option *nics, unsigned int *n,
	       unsigned int max, struct err *e)
{
	int rc;

	if (*n == max)
		return err_set(e, -EINVAL, "more than %u --net options", max);
	rc = net_parse(text, may_open, &nics[*n], e);
	*n += !rc;
	return rc;
}

int options_read(const struct command_line *line, int argc, char **argv, void *ctx, struct err *e)
{
	int opt, rc;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", line->options, NULL)) != -1) {
		if (opt == OPT_HELP || opt == OPT_VERSION) {
			if (opt == OPT_HELP)
				fputs(line->usage, stdout);
			else
				printf("%s " VERSION "\n", line->program);
			return 1;
		}
		rc = line->set(opt, optarg, ctx, e);
		if (rc)
			return rc;
	}
	if (optind != argc)
		return err_set(e, -EINVAL, "%s: not an option", argv[optind]);
	return 0;
}
