# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Work shared by two processes, as DistributedDataParallel trains."""
import multiprocessing
import os
import socket
from contextlib import contextmanager

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from mmcurv.engine.launch import end_processes
from tests.engine.curvature_run import (build, points, pool_hook, scalars,
                                        step_of)

# What takes seconds to import; the server of forks does it once.
PRELOADED = [
    'mmpretrain.datasets', 'mmpretrain.models', 'mmcurv.datasets',
    'mmcurv.models', 'mmcurv.engine.hooks', __name__
]


def in_two_processes(work, folder, processes=2, timeout=None):
    """Results of ``work(rank, folder)``, a function of a module.

    Args:
        work (Callable): A function of a module.
        folder (Path): For its results.
        processes (int): Their number. Defaults to 2.
        timeout (timedelta, optional): Of the process group. Defaults to None,
            which is torch's.
    """
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    multiprocessing.set_forkserver_preload(PRELOADED)
    mp.start_processes(
        _process, (work, folder, port, processes, timeout),
        nprocs=processes,
        start_method='forkserver')
    return [
        torch.load(folder / f'rank{rank}.pt', weights_only=False)
        for rank in range(processes)
    ]


def _process(rank, work, folder, port, processes, timeout):
    torch.set_num_threads(1)
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(processes),
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT=str(port))
    dist.init_process_group('gloo', timeout=timeout)
    torch.save(work(rank, folder), folder / f'rank{rank}.pt')
    # gloo's threads abort a process that ends while another still talks.
    end_processes()


def train(work_dir,
          wrapper=None,
          pool=None,
          checkpoint=None,
          max_epochs=2,
          hooks=(),
          **config):
    """Weights, pool and logged numbers of a real run.

    In float64, and with CR in one epoch: the curvature of few points in four
    dimensions amplifies rounding so fast that runs part within an epoch in
    float32, and differ by 2e-7 after two epochs of float64.

    Args:
        work_dir (Path): Its folder.
        wrapper (dict, optional): Options of DistributedDataParallel.
            Defaults to None, a run in this process alone.
        pool (dict, optional): More options of the pool. Defaults to None.
        checkpoint (dict, optional): The hook that saves. Defaults to None.
        max_epochs (int): Their number. Defaults to 2.
        hooks (Sequence[dict]): More hooks. Defaults to ().
        config: Further arguments of the Runner.
    """
    if wrapper is not None:
        wrapper = dict(
            type='MMDistributedDataParallel', device_ids=None, **wrapper)
        config.update(launcher='pytorch', cfg=dict(model_wrapper_cfg=wrapper))
    with _float64():
        runner = build(
            work_dir,
            pool_hook(pool=dict(dtype='float64', **(pool or {}))),
            *hooks,
            max_epochs=max_epochs,
            default_hooks=dict(checkpoint=checkpoint),
            **config)
        runner._train_dataloader.update(
            batch_size=16 // runner.world_size,
            dataset=points(counts=(96, 40, 8)))
        runner.train()
    pool = step_of(runner).curvature.pool
    model = getattr(runner.model, 'module', runner.model)
    return dict(
        wrapper=type(runner.model).__name__,
        weights=model.state_dict(),
        averaged=averaged_weights(runner),
        pool=pool.features,
        images=pool.image,
        objective=scalars(runner, 'objective'),
        term=scalars(runner, 'loss_curvature'))


def averaged_weights(runner):
    """Those of the run's EMAHook; empty without one."""
    for hook in runner.hooks:
        if hasattr(hook, 'ema_model'):
            return hook.ema_model.module.state_dict()
    return {}


@contextmanager
def _float64():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)
