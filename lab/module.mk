# SPDX-License-Identifier: GPL-2.0-or-later
lab-model-srcs := $(addprefix lab/,errors.c model.c yaml.c schema.c parse.c parse_checks.c \
	validate.c validate_checks.c subst.c)
lab-srcs := $(lab-model-srcs)
