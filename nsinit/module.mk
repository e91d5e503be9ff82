# SPDX-License-Identifier: GPL-2.0-or-later
nsinit-srcs := nsinit/main.c nsinit/ids.c nsinit/root.c nsinit/folders.c nsinit/special.c
