/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab_verbs.h - the verbs of `vnetctl lab` that are not in lab.c, and the options of all.
 */
#ifndef VNETCTL_LAB_VERBS_H
#define VNETCTL_LAB_VERBS_H

#include "client/ctl.h"

enum { WORDS_MAX = 256 };

/* "--stage s2", "--stage=s2" or "stage=s2"; "--watch". */
struct lab_option {
	const char *name;
	const char **value; /* NULL: the option is a flag */
	bool *flag;
};

/* Take the options of @opts (ends with a NULL name) out of @argv; what is left are the words, at
 * least @min and at most @max. CTL_OK, or CTL_USAGE after saying what is wrong. */
int lab_words(const struct ctl *c, const struct lab_option *opts, int argc, char **argv, int min,
	      int max, const char *words[WORDS_MAX], int *n);

/* Is @kind, the value of --kind, one of lab_kind_words[] (or NULL)? CTL_OK, or CTL_USAGE after
 * saying what it may be. */
int lab_kind_word(const struct ctl *c, const char *kind);

/* lab_life.c */
int lab_up_run(struct ctl *c, int argc, char **argv);
int lab_down_run(struct ctl *c, int argc, char **argv);
int lab_reset_run(struct ctl *c, int argc, char **argv);
int lab_power_run(struct ctl *c, int argc, char **argv);
int lab_pause_run(struct ctl *c, int argc, char **argv);
int lab_resume_run(struct ctl *c, int argc, char **argv);
int lab_link_run(struct ctl *c, int argc, char **argv);
/* lab_diff.c */
int lab_diff_run(struct ctl *c, int argc, char **argv);
int lab_apply_run(struct ctl *c, int argc, char **argv);
/* lab_file.c */
int lab_validate_run(struct ctl *c, int argc, char **argv);
int lab_fmt_run(struct ctl *c, int argc, char **argv);
int lab_schema_run(struct ctl *c, int argc, char **argv);
int lab_tasks_run(struct ctl *c, int argc, char **argv);
/* lab_graph.c */
int lab_graph_run(struct ctl *c, int argc, char **argv);
/* lab_pack.c */
int lab_pack_run(struct ctl *c, int argc, char **argv);
int lab_unpack_run(struct ctl *c, int argc, char **argv);
int lab_save_run(struct ctl *c, int argc, char **argv);
int lab_restore_run(struct ctl *c, int argc, char **argv);
/* lab_grade.c */
int lab_grade_run(struct ctl *c, int argc, char **argv);
/* lab_check.c */
int lab_selftest_run(struct ctl *c, int argc, char **argv);
int lab_solve_run(struct ctl *c, int argc, char **argv);
int lab_check_run(struct ctl *c, int argc, char **argv);

#endif
