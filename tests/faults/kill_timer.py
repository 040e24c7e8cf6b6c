# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""SIGKILL for this process after a time, sent by the kernel.

A thread or another process that sends the signal needs a processor, and a
thread the lock of the interpreter, too: it comes when work pauses, and late
on a busy machine. The kernel's timer strikes in the middle of anything.
"""
import ctypes
import os
import signal


class _Event(ctypes.Structure):
    """``struct sigevent`` of Linux, 64 bytes."""
    _fields_ = [('value', ctypes.c_void_p), ('signal', ctypes.c_int),
                ('notify', ctypes.c_int), ('rest', ctypes.c_byte * 48)]


class _Times(ctypes.Structure):
    """``struct itimerspec``: (seconds, nanoseconds) between and at first."""
    _fields_ = [('every', ctypes.c_long * 2), ('first', ctypes.c_long * 2)]


def kill_after(seconds):
    """Let the kernel end this process; forks of it are not concerned.

    Args:
        seconds (float): From now, > 0; 0 would mean never.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, 'timer_create'):  # glibc before 2.34
        library = ctypes.CDLL('librt.so.1', use_errno=True)
    event = _Event(signal=signal.SIGKILL)  # notify: SIGEV_SIGNAL is 0
    timer, times = ctypes.c_void_p(), _Times()
    nanoseconds = max(1, int(seconds * 1e9))
    times.first[:] = divmod(nanoseconds, 10**9)
    monotonic = 1
    failed = library.timer_create(monotonic, ctypes.byref(event),
                                  ctypes.byref(timer))
    if not failed:
        failed = library.timer_settime(timer, 0, ctypes.byref(times), None)
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, f'no timer: {os.strerror(number)}')
