# SPDX-License-Identifier: GPL-2.0-or-later
modes-srcs += modes/lansegment/lansegment.c
