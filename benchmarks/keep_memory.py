# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Let a process keep the memory that it frees, as on a GPU torch does."""
import ctypes

# Parameters of mallopt, of glibc's malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
LARGE = 2**31 - 1


def keep_memory():
    """Have the C library ask for memory rarely and give none back.

    By default it returns the activations of a step to the system, which
    clears them page by page when the next step wants them: a large share of
    the step where a model holds several sets of activations.

    Returns:
        bool: Whether the C library understood; only that of GNU does.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    return mallopt is not None and all([
        mallopt(TRIM_THRESHOLD, LARGE),
        mallopt(TOP_PAD, LARGE // 4),
        mallopt(MMAP_MAX, 0)
    ])
