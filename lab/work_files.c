/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/work_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/addr.h"

enum { SHOWN = 120 };

static bool clean(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return false;
	}
	return strlen(name) <= WORK_NAME_MAX && name[strlen(name) - 1] != '/';
}

/* Where students work, and not where the dynamic loader looks. */
static bool in_folders(const char *name)
{
	static const char *const folders[] = {"etc/", "root/", "home/", "srv/"};

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (!strncmp(name, folders[i], strlen(folders[i])))
			return strncmp(name, "etc/ld.so", 9) != 0 && clean(name);
	return false;
}

static int refuse(struct err *err, int code, const char *name, const char *what)
{
	char shown[SHOWN];

	str_escape(name, MIN(strlen(name), (size_t)60), shown, sizeof(shown));
	return err_set(err, code, "its files have '%s', %s", shown, what);
}

static int take(struct archive *a, struct archive_entry *e, const char *name, work_file_fn *fn,
		void *ctx, struct err *err)
{
	size_t size = (size_t)archive_entry_size(e);
	char *data = malloc(size + 1);
	int rc;

	if (!data)
		return err_set(err, -ENOMEM, "out of memory");
	rc = archive_read_data(a, data, size) == (la_ssize_t)size
		     ? fn(ctx, name, data, size, archive_entry_perm(e) & 0111, err)
		     : err_set(err, -EINVAL, "its files are damaged");
	free(data);
	return rc;
}

static int entry(struct archive *a, struct archive_entry *e, size_t *sum, work_file_fn *fn,
		 void *ctx, struct err *err)
{
	const char *name = archive_entry_pathname(e);
	la_int64_t size = archive_entry_size(e);

	if (archive_entry_filetype(e) == AE_IFDIR || archive_entry_hardlink(e))
		return 0;
	if (!name)
		return err_set(err, -EINVAL, "its files are damaged");
	if (archive_entry_filetype(e) == AE_IFLNK)
		return refuse(err, -EINVAL, name, "a symbolic link");
	if (archive_entry_filetype(e) != AE_IFREG)
		return refuse(err, -EINVAL, name, "which is no plain file");
	if (!in_folders(name))
		return refuse(err, -EINVAL, name, "which is not below /etc, /root, /home or /srv");
	if (size < 0 || size > WORK_SIZE_MAX || *sum + (size_t)size > WORK_SIZE_MAX)
		return refuse(err, -EFBIG, name, "and with it more than 16 MiB");
	*sum += (size_t)size;
	return take(a, e, name, fn, ctx, err);
}

int work_files(const void *tgz, size_t len, work_file_fn *fn, void *ctx, struct err *err)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	unsigned int n = 0;
	size_t sum = 0;
	int rc = 0, got = ARCHIVE_EOF;

	if (!a)
		return err_set(err, -ENOMEM, "out of memory");
	archive_read_support_format_tar(a);
	archive_read_support_filter_gzip(a);
	if (archive_read_open_memory(a, tgz, len) != ARCHIVE_OK)
		rc = err_set(err, -EINVAL, "its files are damaged");
	while (!rc && (got = archive_read_next_header(a, &e)) == ARCHIVE_OK)
		rc = ++n > WORK_FILES_MAX
			     ? err_set(err, -EFBIG, "it has more than %d files", WORK_FILES_MAX)
			     : entry(a, e, &sum, fn, ctx, err);
	if (!rc && got != ARCHIVE_EOF)
		rc = err_set(err, -EINVAL, "its files are damaged");
	archive_read_free(a);
	return rc;
}
