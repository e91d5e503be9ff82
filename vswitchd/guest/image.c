/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vswitchd/guest/image.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/addr.h"
#include "vswitchd/control/daemon.h"

enum { LIST_MAX = 256, JSON_MAX = 64 << 10 };
#define ENDING ".erofs"

static bool has_kernel(const char *dir)
{
	char path[PATH_MAX];

	return (size_t)snprintf(path, sizeof(path), "%s/vmlinuz", dir) < sizeof(path) &&
	       access(path, R_OK) == 0;
}

bool image_dir(const struct daemon *d, char *dir, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (d->opt.image) {
		snprintf(dir, size, "%s", d->opt.image);
		return has_kernel(dir);
	}
	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	slash = slash ? strrchr(self, '/') : NULL;
	if (slash)
		*slash = '\0';
	if ((size_t)snprintf(dir, size, "%s/image", self) < size && has_kernel(dir))
		return true;
	snprintf(dir, size, "%s/image", DATADIR);
	return has_kernel(dir);
}

int image_find(const struct daemon *d, const char *want, char *out, struct err *err)
{
	const char *name = want ? want : "default";
	char dir[PATH_MAX - 2 * NAME_MAX_], shown[256];

	out[0] = '\0';
	if (name[0] == '/' && strlen(name) < PATH_MAX) {
		snprintf(out, PATH_MAX, "%s", name);
		return 0;
	}
	if (!name_valid(name))
		return err_set(err, -EINVAL,
			       "image \"%s\" is neither a name (see: vnetctl image list) nor an "
			       "absolute path",
			       str_escape(name, strlen(name), shown, sizeof(shown)));
	image_dir(d, dir, sizeof(dir));
	snprintf(out, PATH_MAX, "%s/%s" ENDING, dir, name);
	if (access(out, R_OK) == 0)
		return 0;
	out[0] = '\0';
	return want ? err_set(err, -ENOENT,
			      "there is no image \"%s\" in %s (see: vnetctl image list; make "
			      "image builds those that ship)",
			      name, dir)
		    : 0;
}

/* What was written of an image when it was built. It is of that very file if the size fits. */
static json_t *said_of(const char *dir, const char *name, off_t size)
{
	char path[PATH_MAX];
	struct stat st;
	json_t *doc;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.json", dir, name) >= sizeof(path) ||
	    stat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > JSON_MAX)
		return NULL;
	doc = json_load_file(path, 0, NULL);
	if (json_integer_value(json_object_get(doc, "size")) == size)
		return doc;
	json_decref(doc);
	return NULL;
}

static json_t *image_json(const char *dir, const char *name)
{
	json_t *doc, *said;
	char path[PATH_MAX];
	struct stat st;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s" ENDING, dir, name) >= sizeof(path) ||
	    stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	said = said_of(dir, name, st.st_size);
	doc = json_pack("{s:s, s:s, s:I, s:O?, s:O?, s:O?}", "name", name, "path", path, "size",
			(json_int_t)st.st_size, "sha256", json_object_get(said, "sha256"), "about",
			json_object_get(said, "about"), "tools", json_object_get(said, "tools"));
	json_decref(said);
	return doc;
}

static int is_image(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), end = sizeof(ENDING) - 1;
	char name[NAME_MAX_ + 1];

	if (len <= end || len - end > NAME_MAX_ || strcmp(entry->d_name + len - end, ENDING))
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(len - end), entry->d_name);
	return name_valid(name);
}

json_t *image_list(const struct daemon *d)
{
	char dir[PATH_MAX - 16];
	struct dirent **entries;
	json_t *list = json_array(), *doc;
	int n;

	image_dir(d, dir, sizeof(dir));
	n = scandir(dir, &entries, is_image, alphasort);
	for (int i = 0; i < n; i++) {
		entries[i]->d_name[strlen(entries[i]->d_name) - (sizeof(ENDING) - 1)] = '\0';
		doc = i < LIST_MAX ? image_json(dir, entries[i]->d_name) : NULL;
		if (doc)
			json_array_append_new(list, doc);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return list;
}
