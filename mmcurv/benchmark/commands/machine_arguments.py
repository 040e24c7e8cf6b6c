# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where runs are trained, and how many at a time."""
import os.path as osp
import sys
from argparse import ArgumentParser, Namespace
from typing import List, Sequence

from mmcurv.benchmark.matrix import Matrix
from mmcurv.benchmark.running.cluster_jobs import (CLUSTERS, ClusterJobs,
                                                   make_executor)
from mmcurv.benchmark.running.local_workers import LocalWorkers
from mmcurv.benchmark.running.run_queue import Workers
from mmcurv.benchmark.running.worker_plan import (Worker, plan_workers,
                                                  usable_gpus)
from mmcurv.engine.config_options import KeyValueAction, UsageError
from mmcurv.engine.provenance import usable_cores

POLL_SECONDS = 0.2
# Every look at the jobs of Slurm is a look at a shared disk.
SLURM_POLL_SECONDS = 5.
NO_LIMIT = sys.maxsize  # how many cores a cluster has, it knows itself


def add_machine_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that say where, and how many at a time."""
    group = parser.add_argument_group('where the runs are trained')
    group.add_argument(
        '--workers',
        type=int,
        metavar='N',
        help='runs at a time; by default one for each GPU, without GPUs as '
        'many as the cores have room for, in Slurm all')
    group.add_argument(
        '--threads', type=int, metavar='M', help='of each run; 1 by default')
    group.add_argument(
        '--oversubscribe',
        action='store_true',
        help='allow more threads than cores, and several runs on a GPU')
    group.add_argument(
        '--cluster',
        choices=CLUSTERS,
        help='submit each run as a job of Slurm, or of submitit\'s local '
        "executor to try that out; needs pip install 'mmcurv[slurm]'")
    group.add_argument(
        '--cluster-options',
        nargs='+',
        default={},
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='of submitit, e.g. slurm_partition=gpu timeout_min=600 '
        'gpus_per_node=1')


def make_workers(args: Namespace, matrices: Sequence[Matrix],
                 runs: int) -> Workers:
    """What trains the runs.

    Args:
        args (Namespace): Of :func:`add_machine_arguments`, and ``root``.
        matrices (Sequence[Matrix]): Of the runs.
        runs (int): How many there are.

    Returns:
        Workers: This machine's or a cluster's.

    Raises:
        UsageError: If more is asked for than there is.
    """
    if args.cluster is None:
        if args.cluster_options:
            raise UsageError('--cluster-options: expected --cluster slurm '
                             'with it, since this machine takes none')
        return LocalWorkers(_machine(args))
    if args.cluster == 'slurm':
        count = max(1, runs) if args.workers is None else args.workers
        workers = plan_workers(NO_LIMIT, (), count, args.threads)
    else:
        workers = _machine(args)
    executors = {
        matrix.name:
        make_executor(args.cluster, osp.join(args.root, matrix.name,
                                             'submitit'), workers[0].threads,
                      args.cluster_options)
        for matrix in matrices
    }
    return ClusterJobs(executors, workers)


def poll_seconds(args: Namespace) -> float:
    """How long to wait between two looks at what runs.

    Args:
        args (Namespace): Of :func:`add_machine_arguments`.

    Returns:
        float: Seconds.
    """
    return SLURM_POLL_SECONDS if args.cluster == 'slurm' else POLL_SECONDS


def _machine(args: Namespace) -> List[Worker]:
    return plan_workers(usable_cores(), usable_gpus(), args.workers,
                        args.threads, args.oversubscribe)
