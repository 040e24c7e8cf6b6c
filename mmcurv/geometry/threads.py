# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Parts of a measurement in threads, each of which computes alone.

The steps of a measurement are many and short. torch would share each of them
among its threads, which then wait for one another most of the time, and far
longer where other programs use the cores. So each thread takes whole parts.
"""
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, List

import torch
from torch import Tensor

LEAST = 256  # rows of a part; smaller ones are calls more than arithmetic


def in_threads(measure: Callable[[Tensor], Any], rows: Tensor,
               step: int) -> List[Any]:
    """``measure`` of parts of ``rows``, in their order.

    There are as many threads as torch uses here, one for rows on a GPU and
    where ``measure`` may record a graph.

    Args:
        measure (Callable): From some of the rows to their result; must not
            depend on what other parts do.
        rows (Tensor): Shape (n,), int64.
        step (int): Most rows of a part.

    Returns:
        list: A result for each part.
    """
    threads, n = torch.get_num_threads(), len(rows)
    if not rows.is_cpu or torch.is_grad_enabled() or threads < 2 or (n < 2 *
                                                                     LEAST):
        return [measure(part) for part in rows.split(step)]
    number = math.ceil(n / step / threads) * threads  # none waits for long
    parts = rows.split(max(LEAST, math.ceil(n / number)))
    inference = torch.is_inference_mode_enabled()

    def alone(part: Tensor) -> Any:
        torch.set_num_threads(1)  # of this thread
        with torch.inference_mode() if inference else torch.no_grad():
            return measure(part)

    try:
        with ThreadPoolExecutor(min(threads, len(parts))) as pool:
            return list(pool.map(alone, parts))
    finally:
        torch.set_num_threads(threads)  # of threads that start from now on
