# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One start of a training, of one process or two, which may be killed.

Processes are forks of this one, so that libraries are imported once, and
torch's launcher ends the other process when one is killed.
"""
import logging
import os
import signal
import socket
import sys
import time

import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.runner import Runner

from mmcurv.engine.launch import end_processes
from tests.engine.resume_runs import config

HANGS_AFTER = 300  # seconds
COUNTS = [76, 48, 30, 18, 12, 9, 7, 5, 3, 2]  # 7 steps of 32 images


def start(folder, epochs, processes=1, kill=None):
    """Train with CR, resuming what the folder has, until the end or a kill.

    Args:
        folder (Path): Of the run; the trace of process r is ``trace.r``.
        epochs (int): Of the whole training.
        processes (int): 1 or 2. Defaults to 1.
        kill (dict, optional): Arguments of a Trace, and the list ``ranks`` of
            the processes that die. Defaults to None.

    Returns:
        bool: Whether it was killed.
    """
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    arguments = (folder, epochs, processes, kill, port)
    context = mp.start_processes(
        _train, arguments, nprocs=processes, join=False, start_method='fork')
    deadline = time.monotonic() + HANGS_AFTER
    try:
        # It returns when one of the processes has ended, too.
        while not context.join(timeout=1):
            if time.monotonic() > deadline:
                for process in context.processes:
                    process.kill()
                raise SystemExit(f'{folder} hung for {HANGS_AFTER} s.')
    except mp.ProcessExitedException as error:
        if kill and error.signal_name == signal.SIGKILL.name:
            return True
        raise
    except mp.ProcessRaisedException as error:
        # Whose partner died may notice before the launcher does.
        killed = kill and any(process.exitcode == -signal.SIGKILL
                              for process in context.processes)
        if not killed:
            raise error
        return True
    return False


def _train(rank, folder, epochs, processes, kill, port):
    logging.disable(logging.WARNING)
    sys.stdout = open(os.devnull, 'w')  # mmengine prints what it loads
    dies = kill and rank in kill['ranks']
    trace = dict(path=str(folder / f'trace.{rank}'))
    if dies:
        trace['kill'] = {k: v for k, v in kill.items() if k != 'ranks'}
    options = dict(resume=(folder / 'last_checkpoint').exists())
    if processes > 1:
        os.environ.update(
            RANK=str(rank),
            LOCAL_RANK=str(rank),
            WORLD_SIZE=str(processes),
            MASTER_ADDR='127.0.0.1',
            MASTER_PORT=str(port))
        dist.init_process_group('gloo')
        options['launcher'] = 'pytorch'
        options['cfg'] = dict(
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel', device_ids=None))
    hook = dict(type='mmengine.PhaseHook', trace=trace)
    cfg = config(str(folder), True, hooks=[hook], save_best=True, **options)
    cfg.update(cfg.pop('cfg', {}))
    cfg['train_cfg']['max_epochs'] = epochs
    loader = cfg['train_dataloader']
    loader['batch_size'] //= processes
    loader['dataset']['counts'] = COUNTS
    Runner.from_cfg(cfg).train()
    if processes > 1:
        end_processes()
