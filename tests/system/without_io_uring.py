# SPDX-License-Identifier: GPL-2.0-or-later
"""without_io_uring.py COMMAND... - run it where io_uring_setup(2) is refused, as in many sandboxes."""
import ctypes
import errno
import os
import sys

SCMP_ACT_ALLOW = 0x7FFF0000
SCMP_ACT_ERRNO = 0x00050000
lib = ctypes.CDLL("libseccomp.so.2")
lib.seccomp_init.restype = ctypes.c_void_p
ctx = ctypes.c_void_p(lib.seccomp_init(ctypes.c_uint32(SCMP_ACT_ALLOW)))
call = lib.seccomp_syscall_resolve_name(b"io_uring_setup")
if lib.seccomp_rule_add(ctx, ctypes.c_uint32(SCMP_ACT_ERRNO | errno.EPERM), call, 0) or \
        lib.seccomp_load(ctx):
    sys.exit("no seccomp filter")
os.execvp(sys.argv[1], sys.argv[1:])
