/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lab/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/sha256.h"

#define MANIFEST "manifest.json"
enum { NAME_LEN_MAX = 255, READ_BLOCK = 64 << 10 };

struct package *package_create(const char *kind, const char *lab)
{
	struct package *p = calloc(1, sizeof(*p));

	if (p)
		p->manifest = json_pack("{s:i, s:s, s:s, s:{}, s:{}}", "format", 1, "kind", kind,
					"lab", lab, "images", "files");
	return p;
}

void package_destroy(struct package *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++) {
		free(p->members[i].name);
		free(p->members[i].data);
	}
	json_decref(p->manifest);
	free(p);
}

/* The one allow-list for names that become files. */
static bool name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > NAME_LEN_MAX || *name == '/' || name[len - 1] == '/')
		return false;
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (!strncmp(part, "..", 2) && (!part[2] || part[2] == '/'))
			return false;
	}
	return true;
}

static int add(struct package *p, const char *name, const void *data, size_t len, struct err *err)
{
	if (!name_ok(name))
		return err_set(err, -EINVAL, "a member has a name that is not allowed");
	if (p->n == PACKAGE_MEMBERS_MAX || len > PACKAGE_SIZE_MAX - p->size)
		return err_set(err, -EFBIG, "more than %d files or %d MiB", PACKAGE_MEMBERS_MAX,
			       PACKAGE_SIZE_MAX >> 20);
	if (package_get(p, name, NULL))
		return err_set(err, -EEXIST, "'%s' is there twice", name);
	p->members[p->n].name = strdup(name);
	p->members[p->n].data = malloc(len + 1);
	if (!p->members[p->n].name || !p->members[p->n].data) {
		free(p->members[p->n].name);
		free(p->members[p->n].data);
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (len)
		memcpy(p->members[p->n].data, data, len);
	p->members[p->n].data[len] = 0;
	p->members[p->n++].len = len;
	p->size += len;
	return 0;
}

int package_add(struct package *p, const char *name, const void *data, size_t len, struct err *err)
{
	char hex[SHA256_HEX];
	int rc = add(p, name, data, len, err);

	if (!rc)
		json_object_set_new(json_object_get(p->manifest, "files"), name,
				    json_string(sha256_hex(data, len, hex)));
	return rc;
}

const char *package_get(const struct package *p, const char *name, size_t *len)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->members[i].name, name)) {
			if (len)
				*len = p->members[i].len;
			return p->members[i].data;
		}
	return NULL;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int write_member(struct archive *a, const char *name, const char *data, size_t len)
{
	struct archive_entry *e = archive_entry_new();
	int rc;

	if (!e)
		return ARCHIVE_FATAL;
	archive_entry_set_pathname(e, name);
	archive_entry_set_size(e, (la_int64_t)len);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	rc = archive_write_header(a, e);
	if (rc == ARCHIVE_OK && archive_write_data(a, data, len) != (la_ssize_t)len)
		rc = ARCHIVE_FATAL;
	archive_entry_free(e);
	return rc;
}

static int write_to(struct package *p, const char *path, struct err *err)
{
	char *manifest = json_dumps(p->manifest, JSON_INDENT(2) | JSON_SORT_KEYS);
	struct archive *a = archive_write_new();
	int rc = manifest && a ? ARCHIVE_OK : ARCHIVE_FATAL;

	if (rc == ARCHIVE_OK)
		rc = archive_write_set_format_pax_restricted(a);
	if (rc == ARCHIVE_OK)
		rc = archive_write_add_filter_zstd(a);
	if (rc == ARCHIVE_OK)
		rc = archive_write_open_filename(a, path);
	if (rc == ARCHIVE_OK)
		rc = write_member(a, MANIFEST, manifest, strlen(manifest));
	for (size_t i = 0; rc == ARCHIVE_OK && i < p->n; i++)
		rc = write_member(a, p->members[i].name, p->members[i].data, p->members[i].len);
	if (rc == ARCHIVE_OK)
		rc = archive_write_close(a);
	if (rc != ARCHIVE_OK)
		rc = a && archive_errno(a) > 0
			     ? err_sys(err, -archive_errno(a), "can't write %s", path)
			     : err_set(err, -EIO, "can't write %s", path);
	if (a)
		archive_write_free(a);
	free(manifest);
	return rc;
}

int package_write(struct package *p, const char *path, struct err *err)
{
	char *beside;
	int rc;

	if (asprintf(&beside, "%s.new", path) < 0)
		return err_set(err, -ENOMEM, "out of memory");
	rc = write_to(p, beside, err);
	if (!rc && rename(beside, path) < 0)
		rc = err_sys(err, -errno, "can't make %s", path);
	if (rc)
		unlink(beside);
	free(beside);
	return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A whole member; NULL when it is too long or damaged. The caller frees it. */
static char *read_member(struct archive *a, size_t room, size_t *len)
{
	char *data = NULL, *grown;
	la_ssize_t n = 1;

	for (*len = 0; n > 0; *len += (size_t)MAX(n, 0)) {
		grown = *len + READ_BLOCK > room + READ_BLOCK ? NULL
							      : realloc(data, *len + READ_BLOCK);
		if (!grown)
			break;
		data = grown;
		n = archive_read_data(a, data + *len, READ_BLOCK);
	}
	if (n == 0 && *len <= room)
		return data;
	free(data);
	return NULL;
}

static int take(struct package *p, struct archive *a, struct archive_entry *e, struct err *err)
{
	const char *name = archive_entry_pathname(e);
	json_error_t why;
	size_t len;
	char *data;
	int rc = 0;

	if (!name || archive_entry_filetype(e) != AE_IFREG)
		return err_set(err, -EINVAL, "a member is no plain file");
	data = read_member(a, PACKAGE_SIZE_MAX - p->size, &len);
	if (!data)
		return err_set(err, -EFBIG, "'%.60s' is damaged or too long", name);
	if (p->manifest) {
		rc = add(p, name, data, len, err);
	} else {
		p->manifest = strcmp(name, MANIFEST) ? NULL : json_loadb(data, len, 0, &why);
		if (!p->manifest)
			rc = err_set(err, -EINVAL, "its first member is no manifest");
	}
	free(data);
	return rc;
}

static int verify(const struct package *p, struct err *err)
{
	const json_t *files = json_object_get(p->manifest, "files");
	char hex[SHA256_HEX];

	if (json_integer_value(json_object_get(p->manifest, "format")) != 1 ||
	    !json_is_string(json_object_get(p->manifest, "lab")) ||
	    !json_is_string(json_object_get(p->manifest, "kind")))
		return err_set(err, -EINVAL, "its manifest is not one that this vnetctl reads");
	for (size_t i = 0; i < p->n; i++) {
		const char *want = json_string_value(json_object_get(files, p->members[i].name));

		if (!want || strcmp(want, sha256_hex(p->members[i].data, p->members[i].len, hex)))
			return err_set(err, -EBADMSG, "'%s' is not what the manifest says",
				       p->members[i].name);
	}
	if (json_object_size(files) != p->n)
		return err_set(err, -EBADMSG, "files of the manifest are missing");
	return 0;
}

static int read_all(struct package *p, struct archive *a, struct err *err)
{
	struct archive_entry *e;
	int rc = 0, got;

	while (!rc && (got = archive_read_next_header(a, &e)) != ARCHIVE_EOF) {
		if (got < ARCHIVE_WARN)
			return err_set(err, -EINVAL, "%s",
				       archive_error_string(a) ? archive_error_string(a)
							       : "it is damaged");
		rc = take(p, a, e, err);
	}
	if (!rc && !p->manifest)
		rc = err_set(err, -EINVAL, "it is empty");
	return rc ? rc : verify(p, err);
}

/* From a file, or with no @path from @len bytes at @data. */
static int open_archive(struct archive *a, const char *path, const void *data, size_t len,
			struct err *err)
{
	int rc;

	archive_read_support_format_tar(a);
	archive_read_support_filter_zstd(a);
	rc = path ? archive_read_open_filename(a, path, READ_BLOCK)
		  : archive_read_open_memory(a, data, len);
	return rc == ARCHIVE_OK ? 0
				: err_set(err, -EINVAL, "%s",
					  archive_error_string(a) ? archive_error_string(a)
								  : "can't be opened");
}

static struct package *read_package(const char *path, const void *data, size_t len, struct err *err)
{
	struct package *p = calloc(1, sizeof(*p));
	struct archive *a = archive_read_new();
	int rc = p && a ? 0 : err_set(err, -ENOMEM, "out of memory");

	if (!rc)
		rc = open_archive(a, path, data, len, err);
	if (!rc)
		rc = read_all(p, a, err);
	if (a)
		archive_read_free(a);
	if (!rc)
		return p;
	package_destroy(p);
	return NULL;
}

struct package *package_parse(const void *data, size_t len, struct err *err)
{
	return read_package(NULL, data, len, err);
}

struct package *package_read(const char *path, struct err *err)
{
	struct package *p = read_package(path, NULL, 0, err);

	if (!p)
		err_wrap(err, "%s is no package of a lab", path);
	return p;
}
