# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One thread for small work, where threads wait for each other only."""
import contextlib
from typing import Iterator

import torch

SMALL = 2e8  # multiplications of the largest single operation


@contextlib.contextmanager
def threads_for(multiplications: float) -> Iterator[None]:
    """Use one thread of torch where no operation is large.

    The geometry of a small class is thousands of short operations. On two
    busy cores they took thirty times as long with two threads as with one.

    Args:
        multiplications (float): Of the largest operation at hand.
    """
    before = torch.get_num_threads()
    if multiplications < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
