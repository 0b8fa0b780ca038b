"""Seccomp (Linux): from now on the process may make only the system calls of a list.

The kernel's filter is written by libseccomp, which Linux distributions ship for systemd and apt. It knows the
numbers of the calls on every processor and refuses those of foreign ones. Every call that is not on the list
fails with "function not implemented", as on a kernel that does not have it: new processes, programs, sockets,
writable files, signals and limits of other processes, other processes' memory. No privilege is needed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Iterator

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.ENOSYS
EQUAL, MASKED = 4, 7
PLAIN = """
read readv pread64 preadv lseek write writev close close_range dup dup2 dup3 poll ppoll select pselect6
epoll_create1 epoll_ctl epoll_wait epoll_pwait stat lstat fstat newfstatat fstatat64 statx statfs fstatfs
access faccessat faccessat2 readlink readlinkat getcwd getdents64 fadvise64
mmap munmap mremap mprotect madvise brk mincore membarrier
futex futex_waitv set_robust_list get_robust_list rseq set_tid_address sched_yield sched_getaffinity getcpu
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending sigaltstack pause restart_syscall
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrusage
alarm setitimer getitimer sysinfo uname getrlimit getrandom umask arch_prctl
getpid getppid gettid getpgid getpgrp getsid getuid geteuid getgid getegid getgroups getresuid getresgid
exit exit_group
"""
"""Calls that touch nothing outside the process, or only read: `open` and `openat` are limited below."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
THREAD = 0x10000
"""clone's flag for a thread of the same process."""
QUERIES = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""ioctl's requests: is it a terminal, its size, bytes waiting, non-blocking, closing at exec."""
DESCRIPTOR = (0, 1, 2, 3, 4, 1030)
"""fcntl's commands: copies of a descriptor, and its flags."""
NAMING = (15, 0x53564D41)
"""prctl's options: a thread's name, a mapping's name."""

Condition = tuple[int, int, int, int]
"""(which argument, comparison, value or mask, value under the mask)."""


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def library() -> ctypes.CDLL | None:
    """libseccomp; None if it is not installed or this is not Linux."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    except OSError:
        return None
    found.seccomp_init.restype = ctypes.c_void_p
    return found


def restrict() -> bool:
    """Allows only the listed calls from now on. Returns False if libseccomp is not installed.

    Raises OSError if it is installed but the kernel refuses the filter.
    """
    found = library()
    if found is None:
        return False
    context = ctypes.c_void_p(found.seccomp_init(ctypes.c_uint32(REFUSE)))
    for name, conditions in rules(os.getpid()):
        number = found.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # unknown to this library, or a call that this processor does not have
            continue
        compared = (_Comparison * len(conditions))(*(_Comparison(*c) for c in conditions))
        _checked(
            found.seccomp_rule_add_array(context, ctypes.c_uint32(ALLOW), number, len(conditions), compared)
        )
    _checked(found.seccomp_load(context))
    found.seccomp_release(context)
    return True


def rules(process: int) -> Iterator[tuple[str, tuple[Condition, ...]]]:
    """(call, conditions on its arguments) for everything that is allowed. Several rules for one call are
    combined by "or".
    """
    for name in PLAIN.split():
        yield name, ()
    yield "open", ((1, MASKED, WRITING, 0),)
    yield "openat", ((2, MASKED, WRITING, 0),)
    yield "clone", ((0, MASKED, THREAD, THREAD),)
    yield "kill", ((0, EQUAL, process, 0),)
    yield "tgkill", ((0, EQUAL, process, 0),)
    yield "prlimit64", ((0, EQUAL, 0, 0), (2, EQUAL, 0, 0))
    for name, values in (("ioctl", QUERIES), ("fcntl", DESCRIPTOR)):
        for value in values:
            yield name, ((1, EQUAL, value, 0),)
    for value in NAMING:
        yield "prctl", ((0, EQUAL, value, 0),)


def _checked(result: int) -> None:
    if result < 0:
        raise OSError(-result, os.strerror(-result))
