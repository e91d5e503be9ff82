/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"

/* ---- names ----------------------------------------------------------------------------------- */

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One character of a name, which may be "\." or "\046". Returns what follows; NULL: bad. */
static const char *take_char(const char *at, uint8_t *out)
{
	unsigned int v;

	if (*at != '\\') {
		*out = (uint8_t)*at;
		return at + 1;
	}
	if (!digit(at[1])) {
		*out = (uint8_t)at[1];
		return at[1] ? at + 2 : NULL;
	}
	if (!digit(at[2]) || !digit(at[3]))
		return NULL;
	v = (unsigned int)(at[1] - '0') * 100 + (unsigned int)(at[2] - '0') * 10 +
	    (unsigned int)(at[3] - '0');
	*out = (uint8_t)v;
	return v < 256 ? at + 4 : NULL;
}

/* The label at @at into @out, which has room for a whole name. Returns where it ends; NULL: bad. */
static const char *take_label(const char *at, struct dns_name *out)
{
	unsigned int start = out->len, n = 0;

	while (*at && *at != '.') {
		uint8_t c;

		at = take_char(at, &c);
		if (!at || n == DNS_LABEL_MAX || start + 1 + n >= DNS_NAME_MAX - 1)
			return NULL;
		out->b[start + 1 + n++] = c;
	}
	if (!n)
		return NULL;
	out->b[start] = (uint8_t)n;
	out->len = (uint8_t)(start + 1 + n);
	return at;
}

int dns_name_parse(const char *text, const struct dns_name *origin, struct dns_name *out)
{
	static const struct dns_name root = {.len = 1};
	struct dns_name name = {.len = 0};
	const char *at = text;
	bool whole = !strcmp(text, ".");

	if (origin && !strcmp(text, "@")) {
		*out = *origin;
		return 0;
	}
	while (!whole) {
		at = take_label(at, &name);
		if (!at)
			return -EINVAL;
		if (!*at)
			break;
		whole = !*++at;
	}
	name.b[name.len++] = 0;
	return dns_name_join(out, &name, whole || !origin ? &root : origin) ? 0 : -EINVAL;
}

char *dns_label_format(const uint8_t *label, unsigned int len, char *buf, size_t size)
{
	size_t n = 0;

	for (unsigned int i = 0; i < len && n + 5 <= size; i++) {
		uint8_t c = label[i];

		if (c == '.' || c == '\\')
			n += (size_t)snprintf(buf + n, size - n, "\\%c", c);
		else if (c > 0x20 && c < 0x7f)
			buf[n++] = (char)c;
		else
			n += (size_t)snprintf(buf + n, size - n, "\\%03u", c);
	}
	buf[n] = '\0';
	return buf;
}

char *dns_name_format(const struct dns_name *name, char buf[static DNS_NAME_STR])
{
	size_t used = 0;

	snprintf(buf, DNS_NAME_STR, ".");
	for (const uint8_t *at = name->b; name->len && *at; at += *at + 1) {
		if (used)
			buf[used++] = '.';
		dns_label_format(at + 1, *at, buf + used, DNS_NAME_STR - used);
		used += strlen(buf + used);
	}
	return buf;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	uint16_t type;
} types[] = {{"A", DNS_A},	 {"NS", DNS_NS},       {"CNAME", DNS_CNAME}, {"SOA", DNS_SOA},
	     {"PTR", DNS_PTR},	 {"HINFO", DNS_HINFO}, {"MX", DNS_MX},	     {"TXT", DNS_TXT},
	     {"AAAA", DNS_AAAA}, {"SRV", DNS_SRV},     {"NAPTR", 35},	     {"DS", 43},
	     {"SSHFP", 44},	 {"RRSIG", 46},	       {"NSEC", 47},	     {"DNSKEY", 48},
	     {"NSEC3", 50},	 {"TLSA", 52},	       {"SVCB", 64},	     {"HTTPS", 65},
	     {"IXFR", DNS_IXFR}, {"AXFR", DNS_AXFR},   {"ANY", DNS_ANY},     {"CAA", 257}};

int dns_type_parse(const char *text, uint16_t *out)
{
	unsigned long n;
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcasecmp(text, types[i].word)) {
			*out = types[i].type;
			return 0;
		}
	if (strncasecmp(text, "TYPE", 4) || !digit(text[4]))
		return -EINVAL;
	n = strtoul(text + 4, &end, 10);
	if (*end || n > UINT16_MAX)
		return -EINVAL;
	*out = (uint16_t)n;
	return 0;
}

char *dns_type_format(unsigned int type, char buf[static DNS_TYPE_STR])
{
	snprintf(buf, DNS_TYPE_STR, "TYPE%u", type & 0xffff);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			snprintf(buf, DNS_TYPE_STR, "%s", types[i].word);
	return buf;
}

const char *dns_rcode_format(unsigned int rcode, char buf[static DNS_TYPE_STR])
{
	static const char *const words[] = {"NOERROR",	"FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};

	if (rcode < ARRAY_SIZE(words))
		return words[rcode];
	if (rcode == DNS_BADVERS)
		return "BADVERS";
	snprintf(buf, DNS_TYPE_STR, "RCODE%u", rcode & 0xfff);
	return buf;
}

/* ---- data of records, in --------------------------------------------------------------------- */

struct in {
	const char *at;
	const struct dns_name *origin;
	struct dns_writer w;
	struct err *err;
};

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* The next word into @word. */
static int take_word(struct in *in, char *word, size_t size)
{
	size_t n;

	in->at = skip_blanks(in->at);
	n = strcspn(in->at, " \t");
	if (!n || n >= size)
		return -EINVAL;
	memcpy(word, in->at, n);
	word[n] = '\0';
	in->at = skip_blanks(in->at + n);
	return 0;
}

static int put_number(struct in *in)
{
	char word[8], *end;
	unsigned long v;

	if (take_word(in, word, sizeof(word)) || !digit(word[0]))
		return -EINVAL;
	v = strtoul(word, &end, 10);
	if (*end || v > UINT16_MAX)
		return -EINVAL;
	dns_put16(&in->w, (unsigned int)v);
	return 0;
}

static int put_target(struct in *in)
{
	char word[DNS_NAME_STR];
	struct dns_name name;

	if (take_word(in, word, sizeof(word)) || dns_name_parse(word, in->origin, &name))
		return -EINVAL;
	dns_put(&in->w, name.b, name.len);
	return *in->at ? -EINVAL : 0;
}

static int put_addr(struct in *in, bool four)
{
	struct ip_net net;

	if (strchr(in->at, '/') || ip_net_parse(in->at, &net) || ip_addr_is4(&net.addr) != four)
		return -EINVAL;
	dns_put(&in->w, net.addr.b + (four ? 12 : 0), four ? 4 : 16);
	return 0;
}

/* RFC 1035 3.3.14: strings of at most 255 bytes; a longer text goes on in the next (RFC 7208 3.3).
 */
static void put_strings(struct dns_writer *w, const uint8_t *text, size_t len)
{
	do {
		size_t n = MIN(len, 255u);

		dns_put8(w, (unsigned int)n);
		dns_put(w, text, n);
		text += n;
		len -= n;
	} while (len);
}

static int put_quoted(struct in *in)
{
	uint8_t text[DNS_RDATA_MAX];
	size_t n = 0;

	in->at++;
	while (*in->at && *in->at != '"') {
		if (n == sizeof(text))
			return -EINVAL;
		in->at = take_char(in->at, &text[n++]);
		if (!in->at)
			return -EINVAL;
	}
	if (!*in->at)
		return -EINVAL;
	in->at = skip_blanks(in->at + 1);
	put_strings(&in->w, text, n);
	return 0;
}

static int put_text(struct in *in)
{
	int rc = 0;

	if (*in->at != '"') {
		put_strings(&in->w, (const uint8_t *)in->at, strlen(in->at));
		return 0;
	}
	while (!rc && *in->at == '"')
		rc = put_quoted(in);
	return rc || *in->at ? -EINVAL : 0;
}

static int nibble(char c)
{
	const char *digits = "0123456789abcdef", *at = c >= '0' ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 3597 5 */
static int put_unknown(struct in *in)
{
	char word[16];
	unsigned long len;

	if (take_word(in, word, sizeof(word)) || strcmp(word, "\\#") ||
	    take_word(in, word, sizeof(word)))
		return -EINVAL;
	len = strtoul(word, NULL, 10);
	while (*in->at) {
		int hi = nibble(in->at[0]), lo = hi < 0 ? -1 : nibble(in->at[1]);

		if (lo < 0)
			return -EINVAL;
		dns_put8(&in->w, (unsigned int)(hi << 4 | lo));
		in->at = skip_blanks(in->at + 2);
	}
	return in->w.len == len ? 0 : -EINVAL;
}

static const struct {
	uint16_t type;
	const char *wants;
} forms[] = {
	{DNS_A, "an IPv4 address"},
	{DNS_AAAA, "an IPv6 address"},
	{DNS_CNAME, "a name"},
	{DNS_PTR, "a name"},
	{DNS_NS, "a name"},
	{DNS_MX, "a preference and a name: \"10 mail\""},
	{DNS_SRV, "priority, weight, port and name: \"0 5 5060 sip\""},
	{DNS_TXT, "text"},
};

static int put_form(struct in *in, unsigned int type)
{
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		return put_addr(in, type == DNS_A);
	case DNS_CNAME:
	case DNS_PTR:
	case DNS_NS:
		return put_target(in);
	case DNS_MX:
		return put_number(in) || put_target(in);
	case DNS_SRV:
		return put_number(in) || put_number(in) || put_number(in) || put_target(in);
	case DNS_TXT:
		return put_text(in);
	}
	return -EINVAL;
}

int dns_rdata_parse(unsigned int type, const char *text, const struct dns_name *origin,
		    uint8_t out[static DNS_RDATA_MAX], size_t *len, struct err *err)
{
	struct in in = {
		.at = skip_blanks(text), .origin = origin, .w = {.b = out, .max = DNS_RDATA_MAX}};
	const char *wants = "data as \\# LENGTH HEX";
	char word[DNS_TYPE_STR];

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].type == type)
			wants = forms[i].wants;
	if (!*in.at || (strncmp(in.at, "\\#", 2) ? put_form(&in, type) : put_unknown(&in)))
		return err_set(err, -EINVAL, "a record of type %s wants %s",
			       dns_type_format(type, word), wants);
	if (in.w.full)
		return err_set(err, -EINVAL, "a record has at most %d bytes", DNS_RDATA_MAX);
	*len = in.w.len;
	return 0;
}

/* ---- data of records, out -------------------------------------------------------------------- */

/* Names inside may point to before them, so the whole message is asked. */
static bool format_target(const uint8_t *msg, size_t len, size_t at, char *out, size_t size)
{
	char text[DNS_NAME_STR];
	struct dns_name name;

	if (dns_name_read(msg, len, &at, &name))
		return false;
	snprintf(out, size, "%s", dns_name_format(&name, text));
	return true;
}

static void format_text(const uint8_t *at, size_t len, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	while (len && used + 8 < size) {
		size_t n = MIN((size_t)*at, len - 1);

		used += (size_t)snprintf(out + used, size - used, used ? " \"" : "\"");
		str_escape(at + 1, n, out + used, size - used - 1);
		used += strlen(out + used);
		used += (size_t)snprintf(out + used, size - used, "\"");
		at += n + 1;
		len -= n + 1;
	}
}

static void format_hex(const uint8_t *at, size_t len, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "\\# %zu ", len);

	for (size_t i = 0; i < len && used + 3 <= size; i++)
		used += (size_t)snprintf(out + used, size - used, "%02x", at[i]);
}

char *dns_rdata_format(const uint8_t *msg, size_t len, const struct dns_rr *rr, char *out,
		       size_t size)
{
	const uint8_t *at = msg + rr->rdata_at;
	int used = 0;

	if ((rr->type == DNS_A && rr->rdlen == 4) || (rr->type == DNS_AAAA && rr->rdlen == 16)) {
		inet_ntop(rr->type == DNS_A ? AF_INET : AF_INET6, at, out, (socklen_t)size);
		return out;
	}
	if (rr->type == DNS_MX && rr->rdlen > 2)
		used = snprintf(out, size, "%u ", dns_get16(at));
	if (rr->type == DNS_SRV && rr->rdlen > 6)
		used = snprintf(out, size, "%u %u %u ", dns_get16(at), dns_get16(at + 2),
				dns_get16(at + 4));
	if ((used || rr->type == DNS_CNAME || rr->type == DNS_PTR || rr->type == DNS_NS) &&
	    format_target(msg, len,
			  rr->rdata_at + (rr->type == DNS_MX	? 2
					  : rr->type == DNS_SRV ? 6
								: 0),
			  out + used, size - (size_t)used))
		return out;
	if (rr->type == DNS_TXT && rr->rdlen)
		format_text(at, rr->rdlen, out, size);
	else
		format_hex(at, rr->rdlen, out, size);
	return out;
}

/* ---- addresses as names ---------------------------------------------------------------------- */

static const char arpa4[] = "\7in-addr\4arpa", arpa6[] = "\3ip6\4arpa"; /* with the root's byte */

void dns_reverse_name(const struct ip_addr *addr, struct dns_name *out)
{
	unsigned int n = 0;

	for (int i = 15; ip_addr_is4(addr) && i >= 12; i--) {
		int digits = snprintf((char *)out->b + n + 1, 4, "%u", addr->b[i]);

		out->b[n] = (uint8_t)digits;
		n += (unsigned int)digits + 1;
	}
	for (int i = 31; !ip_addr_is4(addr) && i >= 0; i--) {
		unsigned int v = i & 1 ? addr->b[i / 2] & 0xfu : addr->b[i / 2] >> 4;

		out->b[n++] = 1;
		out->b[n++] = (uint8_t) "0123456789abcdef"[v];
	}
	if (ip_addr_is4(addr))
		memcpy(out->b + n, arpa4, sizeof(arpa4));
	else
		memcpy(out->b + n, arpa6, sizeof(arpa6));
	out->len = (uint8_t)(n + (ip_addr_is4(addr) ? sizeof(arpa4) : sizeof(arpa6)));
}

/* One label as a number of 0 to 255 without leading zeros; -1: it is none. */
static int octet(const uint8_t *label)
{
	int v = 0;

	if (!label[0] || label[0] > 3 || (label[0] > 1 && label[1] == '0'))
		return -1;
	for (unsigned int i = 1; i <= label[0]; i++) {
		if (!digit((char)label[i]))
			return -1;
		v = v * 10 + label[i] - '0';
	}
	return v < 256 ? v : -1;
}

static bool reverse4(const struct dns_name *name, struct ip_addr *out)
{
	*out = ip_addr_from4(0);
	for (unsigned int i = 0; i < 4; i++) {
		int v = octet(dns_name_label(name, i));

		if (v < 0)
			return false;
		out->b[15 - i] = (uint8_t)v;
	}
	return true;
}

static bool reverse6(const struct dns_name *name, struct ip_addr *out)
{
	*out = (struct ip_addr){{0}};
	for (unsigned int i = 0; i < 32; i++) {
		const uint8_t *label = dns_name_label(name, i);
		int v = label[0] == 1 ? nibble((char)label[1]) : -1;

		if (v < 0)
			return false;
		out->b[15 - i / 2] |= (uint8_t)(i & 1 ? v << 4 : v);
	}
	return true;
}

bool dns_reverse_addr(const struct dns_name *name, struct ip_addr *out)
{
	struct dns_name zone = {.len = sizeof(arpa4)};

	memcpy(zone.b, arpa4, sizeof(arpa4));
	if (dns_name_under(name, &zone))
		return dns_name_labels(name) == 6 && reverse4(name, out);
	zone.len = sizeof(arpa6);
	memcpy(zone.b, arpa6, sizeof(arpa6));
	return dns_name_under(name, &zone) && dns_name_labels(name) == 34 && reverse6(name, out);
}
