/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "lib/late.h"
#include "vswitchd/host/pcapfilter.h"

static struct {
	typeof(&pcap_open_dead) open_dead;
	typeof(&pcap_close) close;
	typeof(&pcap_compile) compile;
	typeof(&pcap_geterr) geterr;
	typeof(&pcap_freecode) freecode;
	typeof(&bpf_filter) filter;
} lib;

static int load(struct err *err)
{
	/* Debian's name and upstream's */
	static const char *const sonames[] = {"libpcap.so.0.8", "libpcap.so.1", NULL};
	static const struct late_symbol symbols[] = {
		LATE_SYMBOL(lib.open_dead, pcap_open_dead), LATE_SYMBOL(lib.close, pcap_close),
		LATE_SYMBOL(lib.compile, pcap_compile),	    LATE_SYMBOL(lib.geterr, pcap_geterr),
		LATE_SYMBOL(lib.freecode, pcap_freecode),   LATE_SYMBOL(lib.filter, bpf_filter),
	};

	return lib.filter ? 0 : late_load(sonames, symbols, ARRAY_SIZE(symbols), err);
}

int pcapfilter_compile(const char *text, int link_type, int snaplen, struct bpf_program *out,
		       struct err *err)
{
	int rc = load(err);
	pcap_t *p;

	if (rc < 0)
		return rc;
	p = lib.open_dead(link_type, snaplen);
	if (!p)
		return err_set(err, -ENOMEM, "memory is short");
	if (lib.compile(p, out, text, 1, PCAP_NETMASK_UNKNOWN) < 0)
		rc = err_set(err, -EINVAL, "filter '%s': %s", text, lib.geterr(p));
	lib.close(p);
	return rc;
}

void pcapfilter_free(struct bpf_program *f)
{
	lib.freecode(f);
}

bool pcapfilter_match(const struct bpf_program *f, const void *frame, size_t len)
{
	return lib.filter(f->bf_insns, frame, (unsigned int)len, (unsigned int)len);
}
