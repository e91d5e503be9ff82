/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net.c - the smallest host that is still one: DHCP client, ARP, ICMP echo, and UDP port 9 taking
 * the commands "off", "reset" and "triple".
 */
#include "guest.h"

static uint8_t my_ip[4];

bool net_has_address(void)
{
	return my_ip[0];
}

static uint16_t sum(const uint8_t *p, size_t n)
{
	uint32_t s = 0;
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	if (n & 1)
		s += (uint32_t)p[n - 1] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void put16be(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_sum(uint8_t *at, const uint8_t *p, size_t n)
{
	put16be(at, 0);
	put16be(at, sum(p, n));
}

/* A DHCP message (RFC 2131): discover, or request of the address and server in @offer. */
static void dhcp_send(uint8_t type, const uint8_t *offer, const uint8_t *server)
{
	static const uint8_t ip[] = {0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17};
	uint8_t *f = tx_buf + NET_HDR, *u = f + 34, *d = f + 42, *o = d + 240;

	fill(f, 0, 600);
	fill(f, 0xff, 6);
	copy(f + 6, nic.mac, 6);
	put16be(f + 12, 0x0800);
	copy(f + 14, ip, sizeof(ip));
	fill(f + 30, 0xff, 4);
	put16be(u, 68);
	put16be(u + 2, 67);
	d[0] = d[1] = 1;
	d[2] = 6;
	copy(d + 4, nic.mac, 4); /* transaction id */
	put16be(d + 10, 0x8000); /* answer by broadcast */
	copy(d + 28, nic.mac, 6);
	copy(d + 236, "\x63\x82\x53\x63\x35\x01", 6);
	o += 2;
	*o++ = type;
	if (offer) {
		copy(o, "\x32\x04", 2);
		copy(o + 2, offer, 4);
		copy(o + 6, "\x36\x04", 2);
		copy(o + 8, server, 4);
		o += 12;
	}
	*o++ = 0xff;
	put16be(f + 16, 328);
	put16be(u + 4, 308);
	put_sum(f + 24, f + 14, 20);
	send(342);
}

void net_ask(void)
{
	dhcp_send(1, NULL, NULL);
}

static const uint8_t *dhcp_option(const uint8_t *o, const uint8_t *end, uint8_t code)
{
	while (o + 1 < end && *o != 0xff) {
		if (*o == code && o + 2 + o[1] <= end)
			return o + 2;
		o += *o ? 2 + o[1] : 1;
	}
	return NULL;
}

static void dhcp_input(const uint8_t *d, size_t len)
{
	const uint8_t *type, *server;

	if (len < 244 || d[4] != nic.mac[0] || d[7] != nic.mac[3] || net_has_address())
		return;
	type = dhcp_option(d + 240, d + len, 53);
	server = dhcp_option(d + 240, d + len, 54);
	if (type && server && *type == 2)
		dhcp_send(3, d + 16, server);
	else if (type && *type == 5)
		copy(my_ip, d + 16, 4);
}

static bool mine(const uint8_t *ip)
{
	return ip[0] == my_ip[0] && ip[1] == my_ip[1] && ip[2] == my_ip[2] && ip[3] == my_ip[3];
}

/* Send the frame @f of @len bytes back to where it came from. */
static void send_back(const uint8_t *f, size_t len)
{
	uint8_t *t = tx_buf + NET_HDR;

	copy(t, f, len);
	copy(t, f + 6, 6);
	copy(t + 6, nic.mac, 6);
}

static void arp_input(const uint8_t *f, size_t len)
{
	uint8_t *t = tx_buf + NET_HDR;

	if (len < 42 || f[21] != 1 || !mine(f + 38))
		return;
	send_back(f, 42);
	t[21] = 2;
	copy(t + 22, nic.mac, 6);
	copy(t + 28, my_ip, 4);
	copy(t + 32, f + 22, 10);
	send(42);
}

static void echo_input(const uint8_t *f, size_t len)
{
	uint8_t *t = tx_buf + NET_HDR;

	if (f[34] != 8)
		return;
	send_back(f, len);
	copy(t + 26, f + 30, 4);
	copy(t + 30, f + 26, 4);
	t[34] = 0;
	put_sum(t + 36, t + 34, len - 34);
	send(len);
}

static void udp_input(const uint8_t *f, size_t len)
{
	size_t ip_len = (size_t)f[16] << 8 | f[17];

	if (len < 43 || ip_len + 14 > len)
		return;
	if (f[36] == 0 && f[37] == 68)
		dhcp_input(f + 42, len - 42);
	else if (f[36] == 0 && f[37] == 9 && f[42] == 'o')
		power_off();
	else if (f[36] == 0 && f[37] == 9 && f[42] == 'r')
		reset();
	else if (f[36] == 0 && f[37] == 9 && f[42] == 't')
		triple_fault();
}

void net_frame(uint8_t *f, size_t len)
{
	if (len < 42)
		return;
	if (f[12] == 8 && f[13] == 6)
		arp_input(f, len);
	else if (f[12] == 8 && f[13] == 0 && f[14] == 0x45 && f[23] == 17)
		udp_input(f, len);
	else if (f[12] == 8 && f[13] == 0 && f[14] == 0x45 && f[23] == 1 && mine(f + 30))
		echo_input(f, ((size_t)f[16] << 8 | f[17]) + 14 <= len
				      ? ((size_t)f[16] << 8 | f[17]) + 14
				      : 34);
}

static uint8_t digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

void net_start(const char *address)
{
	unsigned int i;

	if (streq(address, "dhcp")) {
		net_ask();
		return;
	}
	for (i = 0; i < 4 && address[2 * i]; i++)
		my_ip[i] = (uint8_t)(digit(address[2 * i]) << 4 | digit(address[2 * i + 1]));
}
