/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netns_files.c - where the folders of a namespace's own are kept: its layer (nsinit/folders.c).
 */
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "vswitchd/control/netns_int.h"
#include "vswitchd/host/state.h"

enum { NFTW_FDS = 16 };

char *netns_layer_path(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/netns-%s.files", state_dir(), name);
	return out;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void netns_files_delete(const char *name)
{
	char layer[PATH_MAX];

	nftw(netns_layer_path(name, layer, sizeof(layer)), remove_one, NFTW_FDS,
	     FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
