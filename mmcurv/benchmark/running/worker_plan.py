# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How many trainings run side by side without starving each other."""
import os
from typing import List, NamedTuple, Optional, Sequence

import torch

from mmcurv.engine.config_options import UsageError


class Worker(NamedTuple):
    """What one training gets of the machine.

    Attributes:
        threads (int): Threads for its computations.
        gpu (str, optional): The GPU that it sees, as CUDA_VISIBLE_DEVICES
            names it; None changes nothing.
    """
    threads: int
    gpu: Optional[str] = None


def plan_workers(cores: int,
                 gpus: Sequence[str] = (),
                 workers: Optional[int] = None,
                 threads: Optional[int] = None,
                 oversubscribe: bool = False) -> List[Worker]:
    """Share a machine out among trainings.

    Two trainings with two threads each on two cores take much longer than
    one after the other, so by default each has one thread and there are as
    many as cores, or, with GPUs, one on each GPU.

    Args:
        cores (int): Cores that this process may use.
        gpus (Sequence[str]): Names of the GPUs. Defaults to ().
        workers (int, optional): Trainings at a time. Defaults to None: as
            many as fit.
        threads (int, optional): Threads of each. Defaults to None: 1.
        oversubscribe (bool): Let there be more threads than cores, and
            several trainings on a GPU. Defaults to False.

    Returns:
        list[Worker]: At least one.

    Raises:
        UsageError: If what is asked for is more than there is.
    """
    threads = 1 if threads is None else threads
    for name, value in (('--workers', workers), ('--threads', threads)):
        if value is not None and value < 1:
            raise UsageError(f'{name}: expected at least 1, got {value}')
    if workers is None:
        workers = max(1, cores // threads)
        workers = min(workers, len(gpus)) if gpus else workers
    if workers * threads > cores and not oversubscribe:
        raise UsageError(
            f'{workers} workers with {threads} threads each need '
            f'{workers * threads} cores, and there are {cores}: they would '
            'slow each other down. Lower --workers or --threads, or give '
            '--oversubscribe')
    if gpus and workers > len(gpus) and not oversubscribe:
        raise UsageError(
            f'{workers} workers need as many GPUs, and there are '
            f'{len(gpus)}. Lower --workers, or give --oversubscribe to train '
            'several runs on one GPU')
    return [
        Worker(threads, gpus[i % len(gpus)] if gpus else None)
        for i in range(workers)
    ]


def usable_gpus() -> List[str]:
    """GPUs that this process sees, as CUDA_VISIBLE_DEVICES names them."""
    count = torch.cuda.device_count()
    chosen = os.environ.get('CUDA_VISIBLE_DEVICES')
    names = map(str, range(count)) if chosen is None else chosen.split(',')
    return [name.strip() for name in names][:count]
