/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - results of checks in the forms that other programs read.
 */
#ifndef LAB_REPORT_H
#define LAB_REPORT_H

#include <jansson.h>
#include <stdio.h>

struct check_sum {
	size_t passed, failed, warnings;
	json_int_t points, points_max;
};

/* Add @result, an element of what lab_check() gives; @sum is zero at first. */
void check_sum_add(struct check_sum *sum, const json_t *result);
/* The exit status that goes with it: one of check.h. */
int check_sum_status(const struct check_sum *sum);

/* @results as of lab_check(), of lab @name. JUnit's XML, as CI systems read it; TAP version 13. */
void report_junit(const char *name, const json_t *results, FILE *out);
void report_tap(const json_t *results, FILE *out);

#endif
