# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""``log``: the end of what a run printed."""
import os.path as osp
from argparse import Namespace
from collections import deque

from rich.console import Console
from rich.text import Text

from mmcurv.benchmark.matrix import ROOT, read_matrix
from mmcurv.benchmark.running.find_run import find_run
from mmcurv.benchmark.running.start_run import LOG
from mmcurv.engine.config_options import UsageError

LINES = 30


def add_parser(subparsers) -> None:
    """Add the sub-command to ``tools/benchmark.py``."""
    parser = subparsers.add_parser(
        'log',
        help='show the end of what a run printed',
        description='Show where the log of a run lies, and its end.')
    parser.add_argument('matrix', metavar='MATRIX', help='path of its file')
    parser.add_argument(
        'words',
        metavar='RUN',
        help="name or folder of a run, or a part that no other one has, e.g. "
        "'ce_cr/cifar100-lt-if100/seed0'")
    parser.add_argument(
        '--lines',
        type=int,
        default=LINES,
        metavar='N',
        help=f'how many lines; default: {LINES}')
    parser.add_argument(
        '--root',
        default=ROOT,
        metavar='DIR',
        help=f'folder of all runs; default: {ROOT}')
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Print path and last lines of a log.

    Args:
        args (Namespace): Of :func:`add_parser`.

    Returns:
        int: Exit code.

    Raises:
        UsageError: If no run or several are meant, or it has no log yet.
    """
    if args.lines < 1:
        raise UsageError(f'--lines: expected at least 1, got {args.lines}')
    spec = find_run(read_matrix(args.matrix, args.root).runs, args.words)
    path = osp.join(spec.folder, LOG)
    if not osp.isfile(path):
        raise UsageError(f'{spec.name}: it was not started yet, there is no '
                         f'{path}')
    console = Console()
    console.print(Text(path, 'bold'), soft_wrap=True)
    with open(path, encoding='utf-8', errors='replace') as file:
        for line in deque(file, maxlen=args.lines):
            # As plain text, in which brackets are no markup.
            console.print(Text.from_ansi(line.rstrip('\n')), soft_wrap=True)
    return 0
