/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_package.c - packages from strangers: what is whole comes back as it was, the same content
 * gives the same bytes, and whatever is damaged, renamed or swapped is refused.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "lab/package.h"

static char folder[] = "/tmp/vnet-package-XXXXXX";
static char path[64], other[64];

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/a.vlab", folder);
	snprintf(other, sizeof(other), "%s/b.vlab", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return rmdir(folder);
}

static struct package *sample(void)
{
	struct package *p = package_create("work", "gateway");

	assert_non_null(p);
	assert_int_equal(package_add(p, "lab.yaml", "version: 1\n", 11, NULL), 0);
	assert_int_equal(package_add(p, "nodes/h1/network", "\0\1\2", 3, NULL), 0);
	assert_int_equal(package_add(p, "empty", "", 0, NULL), 0);
	return p;
}

static char *slurp(const char *from, size_t *len)
{
	FILE *f = fopen(from, "r");
	char *data = malloc(1 << 16);

	assert_non_null(f);
	*len = fread(data, 1, 1 << 16, f);
	fclose(f);
	return data;
}

static void spill(const char *to, const char *data, size_t len)
{
	FILE *f = fopen(to, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	fclose(f);
}

static void round_trip(void **state)
{
	struct package *p = sample(), *q;
	size_t len, la, lb;
	char *a, *b;

	(void)state;
	assert_int_equal(package_write(p, path, NULL), 0);
	assert_int_equal(package_write(p, other, NULL), 0);
	a = slurp(path, &la);
	b = slurp(other, &lb);
	assert_int_equal(la, lb);
	assert_memory_equal(a, b, la);
	free(a);
	free(b);
	q = package_read(path, NULL);
	assert_non_null(q);
	assert_memory_equal(package_get(q, "nodes/h1/network", &len), "\0\1\2", 3);
	assert_int_equal(len, 3);
	assert_non_null(package_get(q, "empty", &len));
	assert_int_equal(len, 0);
	assert_null(package_get(q, "nothing", NULL));
	package_destroy(p);
	package_destroy(q);
}

static void bad_names(void **state)
{
	static const char *const bad[] = {"",	"/etc/passwd", "../x", "a/../b", "a/..",
					  "a/", "a\nb",	       "..",   "\x7f"};
	struct package *p = sample();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(package_add(p, bad[i], "x", 1, NULL) < 0);
	assert_true(package_add(p, "lab.yaml", "x", 1, NULL) < 0);
	assert_int_equal(package_add(p, "a..b/..c", "x", 1, NULL), 0);
	package_destroy(p);
}

/* Cut anywhere, or with any byte changed: refused, or still the same content. */
static void damaged(void **state)
{
	struct package *p = sample(), *q;
	size_t len, size;
	char *data, *copy;

	(void)state;
	assert_int_equal(package_write(p, path, NULL), 0);
	data = slurp(path, &len);
	copy = malloc(len);
	for (size_t i = 0; i < len; i++) {
		spill(other, data, i);
		assert_null(package_read(other, NULL));
		memcpy(copy, data, len);
		copy[i] ^= 0x41;
		spill(other, copy, len);
		q = package_read(other, NULL);
		if (q)
			assert_memory_equal(package_get(q, "nodes/h1/network", &size), "\0\1\2", 3);
		package_destroy(q);
	}
	free(data);
	free(copy);
	package_destroy(p);
}

/* A tar that somebody made by hand. */
static void by_hand(const char *manifest, const char *name, const char *content, mode_t type)
{
	const char *const names[] = {"manifest.json", name}, *const texts[] = {manifest, content};
	struct archive *a = archive_write_new();

	archive_write_set_format_pax_restricted(a);
	archive_write_add_filter_zstd(a);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (int i = 0; i < 2; i++) {
		struct archive_entry *e = archive_entry_new();
		bool link = i && type != AE_IFREG;

		archive_entry_set_pathname(e, names[i]);
		archive_entry_set_filetype(e, link ? type : AE_IFREG);
		archive_entry_set_perm(e, 0644);
		if (link)
			archive_entry_set_symlink(e, texts[i]);
		archive_entry_set_size(e, link ? 0 : (la_int64_t)strlen(texts[i]));
		archive_write_header(a, e);
		if (!link)
			archive_write_data(a, texts[i], strlen(texts[i]));
		archive_entry_free(e);
	}
	archive_write_free(a);
}

#define HASH_OF_X "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

static void forged(void **state)
{
	static const char good[] = "{\"format\":1,\"kind\":\"work\",\"lab\":\"l\",\"files\":{\"a\":"
				   "\"" HASH_OF_X "\"}}";
	struct package *p;

	(void)state;
	by_hand(good, "a", "x", AE_IFREG);
	p = package_read(path, NULL);
	assert_non_null(p);
	package_destroy(p);
	by_hand(good, "a", "y", AE_IFREG);
	assert_null(package_read(path, NULL));
	by_hand(good, "b", "x", AE_IFREG);
	assert_null(package_read(path, NULL));
	by_hand(good, "../a", "x", AE_IFREG);
	assert_null(package_read(path, NULL));
	by_hand(good, "a", "/etc/passwd", AE_IFLNK);
	assert_null(package_read(path, NULL));
	by_hand("{\"format\":2,\"kind\":\"work\",\"lab\":\"l\",\"files\":{\"a\":\"" HASH_OF_X
		"\"}}",
		"a", "x", AE_IFREG);
	assert_null(package_read(path, NULL));
	by_hand("not json", "a", "x", AE_IFREG);
	assert_null(package_read(path, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(bad_names),
		cmocka_unit_test(damaged),
		cmocka_unit_test(forged),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
