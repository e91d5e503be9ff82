/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_pack.c - labs and work on them as files: pack, unpack, save, restore.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/table.h"
#include "lab/guest.h"
#include "lab/save.h"
#include "lib/sha256.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"

enum { DEPTH_MAX = 8 };

/* ---- pack ------------------------------------------------------------------------------------ */

/* Not for students: the solution, wrong ones, other packages, what begins with a dot. */
static bool left_out(const char *name, unsigned int depth)
{
	size_t len = strlen(name);

	return *name == '.' || (len > 5 && !strcmp(name + len - 5, ".vlab")) ||
	       (!depth && (!strcmp(name, "solution") || !strcmp(name, "wrong")));
}

static int add_file(struct package *p, const char *path, const char *name, struct err *err)
{
	size_t len;
	char *data = lab_file_read(path, &len, err);
	int rc = data ? package_add(p, name, data, len, err) : err->code;

	free(data);
	return rc;
}

/* All below @folder; @prefix: its name in the package, ending with a slash or empty. */
static int add_folder(struct package *p, const char *folder, const char *prefix, unsigned int depth,
		      struct err *err)
{
	struct dirent **list;
	int n = scandir(folder, &list, NULL, alphasort), rc = 0;

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX], name[256];
		struct stat st;

		snprintf(path, sizeof(path), "%.3800s/%.250s", folder, list[i]->d_name);
		snprintf(name, sizeof(name), "%s%s", prefix, list[i]->d_name);
		if (!rc && !left_out(list[i]->d_name, depth) && !lstat(path, &st)) {
			if (S_ISREG(st.st_mode)) {
				rc = add_file(p, path, name, err);
			} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
				strncat(name, "/", sizeof(name) - strlen(name) - 1);
				rc = add_folder(p, path, name, depth + 1, err);
			}
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	return rc;
}

/* Kernels, initramfs and images by their digests: they stay where they are. */
static int add_image(struct package *p, const char *file, const struct lab_text *image,
		     struct err *err)
{
	char hex[SHA256_HEX], *path, *data = NULL;
	size_t len = 0, n = 0;
	FILE *f;

	if (!image->s)
		return 0;
	path = lab_beside(file, image->s);
	f = path ? fopen(path, "re") : NULL;
	free(path);
	if (!f)
		return err_sys(err, -errno, "the image '%s'", image->s);
	for (char *grown; (grown = realloc(data, len + (1 << 20)));) {
		data = grown;
		n = fread(data + len, 1, 1 << 20, f);
		len += n;
		if (!n)
			break;
	}
	fclose(f);
	json_object_set_new(json_object_get(p->manifest, "images"), image->s,
			    json_string(sha256_hex(data, len, hex)));
	free(data);
	return 0;
}

static struct package *pack_file(const struct lab *lab, const char *file, const char *text,
				 struct err *err)
{
	struct package *p = package_create("lab", lab->name.s);
	char *folder = lab_beside(file, ".");
	const char *base = strrchr(file, '/');
	int rc = p && folder ? 0 : err_set(err, -ENOMEM, "out of memory");

	/* A lab of its own folder takes the folder along, a lone file only itself. */
	base = base ? base + 1 : file;
	if (rc || !p)
		goto out;
	if (!strcmp(base, "lab.yaml"))
		rc = add_folder(p, folder, "", 0, err);
	else
		rc = package_add(p, "lab.yaml", text, strlen(text), err);
	for (size_t i = 0; !rc && i < lab->n_nodes; i++) {
		const struct lab_text *image = &lab->nodes[i].machine.image;

		rc = add_image(p, file, &lab->nodes[i].machine.kernel, err);
		if (!rc)
			rc = add_image(p, file, &lab->nodes[i].machine.initrd, err);
		/* One by name is the daemon's. */
		if (!rc && image->s && strchr(image->s, '/'))
			rc = add_image(p, file, image, err);
	}
out:
	free(folder);
	if (!rc)
		return p;
	package_destroy(p);
	return NULL;
}

static int write_package(struct ctl *c, struct package *p, const char *lab, const char *out,
			 struct err *err)
{
	char name[64], shown[32];
	struct stat st;
	int rc;

	snprintf(name, sizeof(name), "%s.vlab", lab);
	out = out ? out : name;
	rc = p ? package_write(p, out, err) : -ENOMEM;
	if (!p || rc || stat(out, &st))
		return ctl_fail(err);
	if (c->json)
		return ctl_print_json(json_pack("{s:s, s:I, s:O}", "file", out, "bytes",
						(json_int_t)st.st_size, "manifest", p->manifest));
	printf("%s: %s of '%s', %zu files, %s\n", out,
	       strcmp(jstr(p->manifest, "kind"), "lab") ? "work" : "the lab", lab, p->n,
	       human_bytes((uint64_t)st.st_size, shown, sizeof(shown)));
	return CTL_OK;
}

static int save_running(struct ctl *c, const char *name, const char *out, const char *student)
{
	struct lab_run r = {.client = ctl_client(c)};
	json_t *record = NULL;
	struct package *p;
	struct err err;
	struct lab *lab = r.client ? lab_running(c, name, &record) : NULL;
	int rc;

	if (!lab)
		return CTL_FAILED;
	r.lab = lab;
	r.file = jstr(record, "file");
	progress_init(&r.progress, c->json ? NULL : stdout);
	p = lab_save(&r, jstr(record, "text"), student, &err);
	rc = write_package(c, p, lab->name.s, out, &err);
	package_destroy(p);
	json_decref(record);
	lab_destroy(lab);
	return rc;
}

int lab_save_run(struct ctl *c, int argc, char **argv)
{
	const char *out = NULL, *student = NULL, *words[WORDS_MAX];
	const struct lab_option opts[] = {{"out", &out, NULL}, {"student", &student, NULL}, {0}};
	int n, rc = lab_words(c, opts, argc, argv, 0, 1, words, &n);

	return rc ? rc : save_running(c, n ? words[0] : NULL, out, student);
}

int lab_pack_run(struct ctl *c, int argc, char **argv)
{
	const char *out = NULL, *student = NULL, *words[WORDS_MAX];
	const struct lab_option opts[] = {{"out", &out, NULL}, {"student", &student, NULL}, {0}};
	struct package *p;
	struct err err;
	struct lab *lab;
	char *text;
	int n, rc = lab_words(c, opts, argc, argv, 1, 1, words, &n);

	if (rc)
		return rc;
	if (!lab_is_file(words[0]))
		return save_running(c, words[0], out, student);
	lab = lab_from_file(words[0], NULL, &text);
	if (!lab)
		return CTL_FAILED;
	p = pack_file(lab, words[0], text, &err);
	rc = write_package(c, p, lab->name.s, out, &err);
	package_destroy(p);
	lab_destroy(lab);
	free(text);
	return rc;
}

/* ---- unpack, restore ------------------------------------------------------------------------- */

static int write_member(const char *folder, const char *name, const char *data, size_t len,
			struct err *err)
{
	char path[PATH_MAX];
	FILE *f;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name), rc = 0;

	if (n >= (int)sizeof(path))
		return err_set(err, -ENAMETOOLONG, "the folder's name is too long");
	for (char *at = strchr(path + strlen(folder) + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = 0;
		mkdir(path, 0777);
		*at = '/';
	}
	f = fopen(path, "wxe");
	if (!f || fwrite(data, 1, len, f) != len)
		rc = err_sys(err, -errno, "can't write %s", path);
	if (f && fclose(f) && !rc)
		rc = err_sys(err, -errno, "can't write %s", path);
	return rc;
}

int lab_unpack_run(struct ctl *c, int argc, char **argv)
{
	struct package *p;
	struct err err;
	const char *folder;
	int rc = 0;

	if (argc < 1 || argc > 2)
		return ctl_usage(c, "wants a package, and a folder or none");
	p = package_read(argv[0], &err);
	if (!p)
		return ctl_fail(&err);
	folder = argc == 2 ? argv[1] : jstr(p->manifest, "lab");
	/* The name in the manifest is a stranger's. */
	if (!name_valid(folder) && argc < 2)
		rc = err_set(&err, -EINVAL, "name a folder: the lab's own name is none");
	else if (mkdir(folder, 0777) < 0)
		rc = err_sys(&err, -errno, "can't make the folder %s", folder);
	for (size_t i = 0; !rc && i < p->n; i++)
		rc = write_member(folder, p->members[i].name, p->members[i].data, p->members[i].len,
				  &err);
	if (!rc && c->json)
		ctl_print_json(json_pack("{s:s, s:O}", "folder", folder, "manifest", p->manifest));
	else if (!rc)
		printf("%s: %zu files; next: vnetctl lab up %s/lab.yaml\n", folder, p->n, folder);
	package_destroy(p);
	return rc ? ctl_fail(&err) : CTL_OK;
}

int lab_restore_run(struct ctl *c, int argc, char **argv)
{
	struct lab_run r = {0};
	json_t *record = NULL;
	struct package *p;
	struct lab *lab;
	struct err err;
	int rc;

	if (argc != 2)
		return ctl_usage(c, "wants a lab that is up, and a package");
	p = package_read(argv[1], &err);
	if (!p)
		return ctl_fail(&err);
	r.client = ctl_client(c);
	lab = r.client ? lab_running(c, argv[0], &record) : NULL;
	r.lab = lab;
	r.file = jstr(record, "file");
	progress_init(&r.progress, c->json ? NULL : stdout);
	rc = lab ? lab_restore(&r, p, &err) : CTL_FAILED;
	if (lab && rc)
		rc = ctl_fail(&err);
	else if (lab && c->json)
		ctl_print_json(json_pack("{s:s}", "lab", lab->name.s));
	package_destroy(p);
	json_decref(record);
	lab_destroy(lab);
	return rc;
}
