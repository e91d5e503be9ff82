#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tap.sh NAME COMMAND... - run a program that speaks no TAP and say in TAP whether it succeeded.
name=$1
shift
if "$@"; then
	echo "ok 1 - $name"
else
	echo "not ok 1 - $name"
fi
