# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""``run``: train what of a matrix is still to be trained."""
import os
import shlex
import warnings
from argparse import Namespace
from typing import Dict, List, Sequence

from rich.console import Console
from rich.text import Text

from mmcurv.benchmark.matrix import ROOT, Matrix
from mmcurv.benchmark.running.disk_space import lack_of_space
from mmcurv.benchmark.running.open_runs import open_runs
from mmcurv.benchmark.running.run_progress import RunProgress
from mmcurv.benchmark.running.run_queue import RunQueue
from mmcurv.benchmark.running.run_summary import summary_lines
from mmcurv.benchmark.running.start_run import train_command
from mmcurv.benchmark.running.stop_signals import stop_signals
from mmcurv.benchmark.states.last_good_checkpoint import last_good_checkpoint
from mmcurv.engine.config_options import UsageError
from .machine_arguments import (add_machine_arguments, make_workers,
                                poll_seconds)
from .matrix_arguments import add_matrix_arguments, load_matrices

SCRIPT = None  # the training: tools/train.py
INTERRUPTED = 128  # plus the signal's number, as shells report it


def add_parser(subparsers) -> None:
    """Add the sub-command to ``tools/benchmark.py``."""
    parser = subparsers.add_parser(
        'run',
        help='train what is still to be trained',
        description='Train every run of matrices that is not done, those '
        'begun first. Given again after whatever happened, it goes on where '
        'it was: finished runs are left alone, begun ones go on from their '
        'last whole checkpoint, failed ones are tried again, and what '
        'another process trains is waited for. Exits with 0 if all runs are '
        'done, with 1 if some are not, with 2 if nothing could be started.')
    add_matrix_arguments(parser)
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='print the commands instead of running them')
    add_machine_arguments(parser)
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Train what of the matrices is still to be trained.

    Args:
        args (Namespace): Of :func:`add_parser`.

    Returns:
        int: 0 if all runs are done, 1 if not, 128 and more after a signal.

    Raises:
        UsageError: If something has to be put right before anything can run.
    """
    console = Console()
    matrices = load_matrices(args.matrices, args.root, args.only)
    specs = [spec for matrix in matrices for spec in matrix.runs]
    with warnings.catch_warnings():
        # mmcv-lite says that it is no mmcv, which no config here needs.
        warnings.filterwarnings('ignore', message='Fail to import')
        todo = open_runs(specs, SCRIPT)
    if todo.without_config:
        _say(
            console, 'Runs without a config, which are passed over: '
            f'{todo.without_config}')
    if args.dry_run:
        for one in todo.runs:
            checkpoint, _ = last_good_checkpoint(one.folder, one.stages)
            _say(console, shlex.join(train_command(one, checkpoint)))
        return 0
    workers = make_workers(args, matrices, len(todo.runs))
    try:
        os.makedirs(args.root, exist_ok=True)
    except OSError as error:
        raise UsageError(f'--root: {error}') from error
    folders = [spec.folder for spec in specs]
    total = todo.done + len(todo.runs)
    with stop_signals() as stop:
        with RunProgress(console, total, todo.done) as watch:
            queue = RunQueue(workers, watch,
                             lambda: lack_of_space(args.root, folders), stop,
                             poll_seconds(args))
            endings = queue.run(todo.runs)
    logs = _log_commands(args, matrices)
    for line, style in summary_lines(endings, todo.done, total, logs):
        _say(console, line, style)
    if queue.lack:
        _say(console, f'Not all was started: {queue.lack}', 'red')
    if stop:
        _say(
            console, 'Interrupted. What is done is kept: give the same '
            'command again to go on.')
        return INTERRUPTED + stop[0]
    done = todo.done + sum(ending.kind == 'done' for ending in endings)
    return 0 if done == total else 1


def _log_commands(args: Namespace,
                  matrices: Sequence[Matrix]) -> Dict[str, List[str]]:
    """Start of the command that shows a log, by the name of the matrix."""
    root = [] if args.root == ROOT else ['--root', args.root]
    return {
        matrix.name:
        ['python', 'tools/benchmark.py', 'log', *root, matrix.file]
        for matrix in matrices
    }


def _say(console: Console, text: str, style: str = '') -> None:
    # Soft wrapping: what is copied from the terminal stays in one piece.
    console.print(Text(text, style), soft_wrap=True)
