/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_graph.c - the verb `graph`: text, dot, Mermaid; SVG and PNG by Graphviz, a program of its
 * own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/graph.h"
#include "vnetctl/lab_find.h"
#include "vnetctl/lab_verbs.h"

/* `neato -Tsvg` reads the dot text from us and writes the picture to @out, or to stdout. */
static int graphviz(const char *dot, size_t len, const char *type, const char *out, struct err *err)
{
	int fds[2], status, fd = STDOUT_FILENO, rc = 0;
	char option[16];
	pid_t pid;
	ssize_t n;

	if (out)
		fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_sys(err, -errno, "can't write %s", out);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "can't make a pipe");
	snprintf(option, sizeof(option), "-T%s", type);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(fds[0], STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		execlp("neato", "neato", option, (char *)NULL);
		_exit(127);
	}
	close(fds[0]);
	while (pid > 0 && len && (n = write(fds[1], dot, len)) > 0) {
		dot += n;
		len -= (size_t)n;
	}
	close(fds[1]);
	if (out)
		close(fd);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return err_sys(err, -errno, "can't run neato");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		rc = err_set(err, -ENOENT,
			     "the program `neato` is not here: install graphviz, or ask for "
			     "--format dot");
	else if (status)
		rc = err_set(err, -EIO, "neato could not draw it");
	return rc;
}

static int draw(const struct lab *lab, const json_t *live, const char *format, const char *out,
		struct err *err)
{
	bool picture = !strcmp(format, "svg") || !strcmp(format, "png");
	char *text = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&text, &len), *f;
	int rc = 0;

	if (!mem)
		return err_set(err, -ENOMEM, "out of memory");
	if (!strcmp(format, "text"))
		lab_graph_text(lab, live, mem);
	else if (!strcmp(format, "mermaid"))
		lab_graph_mermaid(lab, live, mem);
	else
		lab_graph_dot(lab, live, mem);
	fclose(mem);
	if (picture) {
		rc = graphviz(text, len, format, out, err);
	} else {
		f = out ? fopen(out, "we") : stdout;
		if (!f || fputs(text, f) < 0)
			rc = err_sys(err, -errno, "can't write %s", out ? out : "the picture");
		if (f && out && fclose(f) && !rc)
			rc = err_sys(err, -errno, "can't write %s", out);
	}
	free(text);
	return rc;
}

int lab_graph_run(struct ctl *c, int argc, char **argv)
{
	const char *format = "text", *out = NULL, *words[WORDS_MAX];
	const struct lab_option opts[] = {{"format", &format, NULL}, {"out", &out, NULL}, {0}};
	struct lab_run r = {0};
	json_t *live = NULL;
	struct lab *lab;
	char *text = NULL;
	struct err err;
	int n, rc = lab_words(c, opts, argc, argv, 1, 1, words, &n);

	if (!rc && strcmp(format, "text") && strcmp(format, "dot") && strcmp(format, "mermaid") &&
	    strcmp(format, "svg") && strcmp(format, "png"))
		rc = ctl_usage(c, "--format is text, dot, mermaid, svg or png, not '%s'", format);
	if (rc)
		return rc;
	lab = lab_is_file(words[0]) ? lab_from_file(words[0], NULL, &text)
				    : lab_running(c, words[0], NULL);
	if (!lab)
		return CTL_FAILED;
	if (!text) {
		r.client = c->client;
		r.lab = lab;
		live = lab_graph_live(&r);
	}
	rc = draw(lab, live, format, out, &err);
	json_decref(live);
	free(text);
	lab_destroy(lab);
	return rc ? ctl_fail(&err) : CTL_OK;
}
