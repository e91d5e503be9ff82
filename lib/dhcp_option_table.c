/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dhcp_option_table.c - every option that has a name. RFC 2132 unless said otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dhcp_option.h"
#include "lib/addr.h"
#include "lib/nearest.h"

/* clang-format off */
const struct option_def option_table[] = {
	{2, "time-offset", OPTION_I32, 0},
	{3, "router", OPTION_IPS, 0},
	{4, "time-servers", OPTION_IPS, 0},
	{5, "ien116-servers", OPTION_IPS, 0},
	{6, "dns", OPTION_IPS, 0},
	{7, "log-servers", OPTION_IPS, 0},
	{8, "quote-servers", OPTION_IPS, 0},
	{9, "lpr-servers", OPTION_IPS, 0},
	{10, "impress-servers", OPTION_IPS, 0},
	{11, "resource-servers", OPTION_IPS, 0},
	{12, "hostname", OPTION_TEXT, 0},
	{13, "boot-size", OPTION_U16, 0},
	{14, "merit-dump", OPTION_TEXT, 0},
	{15, "domain", OPTION_TEXT, 0},
	{16, "swap-server", OPTION_IP, 0},
	{17, "root-path", OPTION_TEXT, 0},
	{18, "extensions-path", OPTION_TEXT, 0},
	{19, "ip-forwarding", OPTION_BOOL, 0},
	{20, "source-routing", OPTION_BOOL, 0},
	{21, "policy-filter", OPTION_PAIRS, 0},
	{22, "max-reassembly", OPTION_U16, 576},
	{23, "ttl", OPTION_U8, 1},
	{24, "path-mtu-timeout", OPTION_TIME, 0},
	{25, "path-mtu-plateaus", OPTION_U16S, 68},
	{26, "mtu", OPTION_U16, 68},
	{27, "all-subnets-local", OPTION_BOOL, 0},
	{28, "broadcast", OPTION_IP, 0},
	{29, "mask-discovery", OPTION_BOOL, 0},
	{30, "mask-supplier", OPTION_BOOL, 0},
	{31, "router-discovery", OPTION_BOOL, 0},
	{32, "router-solicitation", OPTION_IP, 0},
	{33, "static-routes", OPTION_PAIRS, 0},
	{34, "trailers", OPTION_BOOL, 0},
	{35, "arp-timeout", OPTION_TIME, 0},
	{36, "ieee802.3", OPTION_BOOL, 0},
	{37, "tcp-ttl", OPTION_U8, 1},
	{38, "tcp-keepalive", OPTION_TIME, 0},
	{39, "tcp-keepalive-garbage", OPTION_BOOL, 0},
	{40, "nis-domain", OPTION_TEXT, 0},
	{41, "nis-servers", OPTION_IPS, 0},
	{42, "ntp", OPTION_IPS, 0},
	{43, "vendor-options", OPTION_HEX, 0},
	{44, "netbios-ns", OPTION_IPS, 0},
	{45, "netbios-dd", OPTION_IPS, 0},
	{46, "netbios-node-type", OPTION_U8, 1},
	{47, "netbios-scope", OPTION_TEXT, 0},
	{48, "font-servers", OPTION_IPS, 0},
	{49, "display-managers", OPTION_IPS, 0},
	{51, "lease", OPTION_TIME, 1},
	{58, "t1", OPTION_TIME, 1},
	{59, "t2", OPTION_TIME, 1},
	{60, "vendor-class", OPTION_TEXT, 0},
	{62, "netware-domain", OPTION_TEXT, 0}, /* RFC 2242 */
	{63, "netware-options", OPTION_HEX, 0}, /* RFC 2242 */
	{64, "nisplus-domain", OPTION_TEXT, 0},
	{65, "nisplus-servers", OPTION_IPS, 0},
	{66, "tftp", OPTION_TEXT, 0},
	{67, "bootfile", OPTION_TEXT, 0},
	{68, "home-agents", OPTION_IPS, 0},
	{69, "smtp-servers", OPTION_IPS, 0},
	{70, "pop3-servers", OPTION_IPS, 0},
	{71, "nntp-servers", OPTION_IPS, 0},
	{72, "www-servers", OPTION_IPS, 0},
	{73, "finger-servers", OPTION_IPS, 0},
	{74, "irc-servers", OPTION_IPS, 0},
	{75, "streettalk-servers", OPTION_IPS, 0},
	{76, "stda-servers", OPTION_IPS, 0},
	{80, "rapid-commit", OPTION_FLAG, 0},	   /* RFC 4039 */
	{100, "tz-posix", OPTION_TEXT, 0},	   /* RFC 4833 */
	{101, "timezone", OPTION_TEXT, 0},	   /* RFC 4833 */
	{108, "ipv6-only", OPTION_TIME, 300},	   /* RFC 8925 3.4: MIN_V6ONLY_WAIT */
	{112, "netinfo-servers", OPTION_IPS, 0},
	{113, "netinfo-tag", OPTION_TEXT, 0},
	{114, "captive-portal", OPTION_TEXT, 0},   /* RFC 8910 */
	{116, "auto-configure", OPTION_BOOL, 0},   /* RFC 2563 */
	{117, "name-services", OPTION_U16S, 0},	   /* RFC 2937 */
	{119, "search", OPTION_NAMES, 0},	   /* RFC 3397 */
	{121, "routes", OPTION_ROUTES, 0},	   /* RFC 3442 */
	{125, "vendor-info", OPTION_HEX, 0},	   /* RFC 3925 */
	{138, "capwap-servers", OPTION_IPS, 0},	   /* RFC 5417 */
	{141, "sip-domains", OPTION_NAMES, 0},	   /* RFC 6011 */
	{150, "tftp-servers", OPTION_IPS, 0},	   /* RFC 5859 */
	{208, "pxelinux-magic", OPTION_HEX, 0},	   /* RFC 5071 */
	{209, "pxelinux-config", OPTION_TEXT, 0},  /* RFC 5071 */
	{210, "pxelinux-prefix", OPTION_TEXT, 0},  /* RFC 5071 */
	{211, "pxelinux-reboot", OPTION_TIME, 0},  /* RFC 5071 */
	{249, "ms-routes", OPTION_ROUTES, 0},	   /* Windows before it knew 121 */
	{252, "wpad", OPTION_TEXT, 0},
	{OPTION_NEXT_SERVER, "next-server", OPTION_IP, 0}, /* siaddr */
	{0, NULL, OPTION_HEX, 0},
};
/* clang-format on */

/* What the server says of itself, the client or the message: padding, mask, requested address,
 * overload, type, server identifier, parameter list, message, message size, client identifier, user
 * class, agent, subnet selection, end. */
static const uint8_t not_settable[] = {0, 1, 50, 52, 53, 54, 55, 56, 57, 61, 77, 82, 118, 255};

static const struct {
	const char *word, *text;
} types[OPTION_TYPES] = {
	[OPTION_IP] = {"ip", "an IPv4 address"},
	[OPTION_IPS] = {"ips", "IPv4 addresses, with commas between"},
	[OPTION_PAIRS] = {"pairs", "pairs of IPv4 addresses: A/B,A/B"},
	[OPTION_U8] = {"u8", "a number up to 255"},
	[OPTION_U16] = {"u16", "a number up to 65535"},
	[OPTION_U16S] = {"u16s", "numbers up to 65535, with commas between"},
	[OPTION_U32] = {"u32", "a number up to 4294967295"},
	[OPTION_I32] = {"i32", "a number from -2147483648 to 2147483647"},
	[OPTION_TIME] = {"time", "a time: 3600s, 60m, 1h or 1d"},
	[OPTION_BOOL] = {"bool", "on or off"},
	[OPTION_FLAG] = {"flag", "on (the option has no value)"},
	[OPTION_TEXT] = {"text", "text"},
	[OPTION_NAMES] = {"names", "domain names, with commas between"},
	[OPTION_ROUTES] = {"routes", "routes: 10.8.0.0/16 via 10.0.2.9, with commas between"},
	[OPTION_HEX] = {"hex", "bytes in hex: 01:02:ff"},
};

const struct option_def *option_by_code(unsigned int code)
{
	for (const struct option_def *d = option_table; d->name; d++)
		if (d->code == code)
			return d;
	return NULL;
}

const struct option_def *option_by_name(const char *name)
{
	for (const struct option_def *d = option_table; d->name; d++)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}

const char *option_type_word(enum option_type type)
{
	return types[type].word;
}

const char *option_type_text(enum option_type type)
{
	return types[type].text;
}

static int unknown_name(const char *key, struct err *err)
{
	const char *names[160] = {NULL}, *near;
	char shown[64];
	size_t n = 0;

	for (const struct option_def *d = option_table; d->name && n < ARRAY_SIZE(names) - 1; d++)
		names[n++] = d->name;
	near = strlen(key) < OPTION_KEY_MAX / 2 ? nearest_word(key, names) : NULL;
	str_escape(key, strlen(key), shown, sizeof(shown));
	if (near)
		return err_set(err, -EINVAL, "\"%s\" is not a DHCP option: did you mean \"%s\"?",
			       shown, near);
	return err_set(err, -EINVAL,
		       "\"%s\" is not a DHCP option: `vnetctl dhcp options` names them, and any "
		       "can be written by number and type, as option:224:text",
		       shown);
}

static int type_find(const char *word, enum option_type *type)
{
	for (unsigned int i = 0; i < OPTION_TYPES; i++)
		if (!strcmp(types[i].word, word)) {
			*type = (enum option_type)i;
			return 0;
		}
	return -EINVAL;
}

static int settable(unsigned long code, struct err *err)
{
	for (size_t i = 0; i < sizeof(not_settable); i++)
		if (not_settable[i] == code)
			return err_set(err, -EINVAL,
				       "option %lu can't be set: the server fills it in itself",
				       code);
	return 0;
}

/* "NUMBER" or "NUMBER:TYPE", after "option:". */
static int number_parse(const char *text, uint16_t *code, enum option_type *type, uint32_t *min,
			struct err *err)
{
	const struct option_def *def;
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || n > 255 || (*end && *end != ':'))
		return err_set(err, -EINVAL, "option:%.20s: wants a number from 1 to 254", text);
	if (settable(n, err))
		return -EINVAL;
	def = option_by_code((unsigned int)n);
	*code = (uint16_t)n;
	*min = 0;
	if (!*end && !def)
		return err_set(err, -EINVAL,
			       "option %lu has no name here: say its type, as option:%lu:text", n,
			       n);
	if (!*end) {
		*type = def->type;
		*min = def->min;
		return 0;
	}
	if (type_find(end + 1, type))
		return err_set(err, -EINVAL,
			       "option:%lu:%.20s: there is no such type; there are ip, ips, pairs, "
			       "u8, u16, u16s, u32, i32, time, bool, flag, text, names, routes and "
			       "hex",
			       n, end + 1);
	return 0;
}

int option_key_parse(const char *key, uint16_t *code, enum option_type *type, uint32_t *min,
		     struct err *err)
{
	const struct option_def *def;

	if (!strncmp(key, "option:", 7))
		return number_parse(key + 7, code, type, min, err);
	def = option_by_name(key);
	if (!def)
		return unknown_name(key, err);
	*code = def->code;
	*type = def->type;
	*min = def->min;
	return 0;
}

char *option_key_format(uint16_t code, enum option_type type, char buf[static OPTION_KEY_MAX])
{
	const struct option_def *def = option_by_code(code);

	if (def && def->type == type)
		snprintf(buf, OPTION_KEY_MAX, "%s", def->name);
	else
		snprintf(buf, OPTION_KEY_MAX, "option:%u:%s", code, types[type].word);
	return buf;
}
