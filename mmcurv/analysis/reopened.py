# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Memory maps that do not fill memory with what was read before."""
import numpy as np


def reopened(array: np.ndarray) -> np.ndarray:
    """The same values; those of a memory map in a map of their own.

    Pages of a map stay in memory until it is closed. Whoever reads a large
    one part by part opens it anew for each part, and so holds one part.

    Args:
        array (np.ndarray): Any array.

    Returns:
        np.ndarray: A read-only map of the same file if ``array`` is all of
        what was mapped, else ``array`` itself.
    """
    whole = (
        isinstance(array, np.memmap) and array.flags.c_contiguous
        and array.filename is not None and array.base is not None
        and not isinstance(array.base, np.ndarray))
    if not whole:
        return array
    return np.memmap(array.filename, array.dtype, 'r', array.offset,
                     array.shape)
