/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcapfilter.h - filters in the words of pcap-filter(7), compiled by libpcap, which is loaded for
 * the first of them.
 */
#ifndef VSWITCHD_PCAPFILTER_H
#define VSWITCHD_PCAPFILTER_H

#include <pcap/pcap.h>

#include "lib/err.h"

/* Compile @text for frames of @link_type (DLT_EN10MB, ...) of which @snaplen bytes are kept. 0 and
 * *@out, the caller's to give to pcapfilter_free(); or -EINVAL (@text is wrong, @err says where),
 * -ENOMEM, -ENOENT (there is no libpcap). */
int pcapfilter_compile(const char *text, int link_type, int snaplen, struct bpf_program *out,
		       struct err *err);
/* @f is one that was compiled. */
void pcapfilter_free(struct bpf_program *f);
/* Does @f let the @len bytes at @frame pass? */
bool pcapfilter_match(const struct bpf_program *f, const void *frame, size_t len);

#endif
