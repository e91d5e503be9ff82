/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "lib/late.h"

static bool has_all(void *lib, const struct late_symbol *symbols, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!dlsym(lib, symbols[i].name))
			return false;
	return true;
}

int late_load(const char *const *sonames, const struct late_symbol *symbols, size_t n,
	      struct err *err)
{
	const char *first = sonames[0];
	void *lib = NULL;

	for (; !lib && *sonames; sonames++)
		lib = dlopen(*sonames, RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return err_set(err, -ENOENT, "library %s is not installed", first);
	if (!has_all(lib, symbols, n)) {
		dlclose(lib);
		return err_set(err, -ENOENT, "library %s is too old", first);
	}
	for (size_t i = 0; i < n; i++) {
		void *at = dlsym(lib, symbols[i].name);

		/* ISO C has no conversion; dlsym(3) */
		memcpy(symbols[i].place, &at, sizeof(at));
	}
	return 0;
}
