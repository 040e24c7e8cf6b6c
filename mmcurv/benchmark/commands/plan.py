# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""``plan``: what a matrix would train, what is done, what is left."""
import argparse
import functools
import sys
import warnings

from rich.console import Console

from mmcurv.benchmark.matrices.broken_configs import check_configs
from mmcurv.benchmark.planning.estimate_run import COUNTED, estimate_run
from mmcurv.benchmark.planning.finished_runs import finished_runs
from mmcurv.benchmark.planning.machine_speed import machine_speed
from mmcurv.benchmark.planning.plan_cells import PlanRun
from mmcurv.benchmark.planning.plan_summary import plan_summary
from mmcurv.benchmark.planning.plan_table import cell_table, run_table
from mmcurv.benchmark.states.run_state import OPEN, run_state
from mmcurv.engine.provenance import machine
from .matrix_arguments import add_matrix_arguments, load_matrices

PIPE_WIDTH = 100  # characters, where no terminal says how wide it is


def add_parser(subparsers) -> None:
    """Add the sub-command to ``tools/benchmark.py``."""
    parser = subparsers.add_parser(
        'plan',
        help='show what matrices train, what is done and what is left',
        description='Show the runs of matrices: their states, the time left '
        'and the reasons of failures. Nothing is trained or written.')
    add_matrix_arguments(parser)
    parser.add_argument(
        '--runs', action='store_true', help='a line for each run, not cell')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the plan.

    Args:
        args (Namespace): Of :func:`add_parser`.

    Returns:
        int: Exit code, 0.
    """
    matrices = load_matrices(args.matrices, args.root, args.only)
    with warnings.catch_warnings():
        # mmcv-lite says that it is no mmcv, which no config here needs.
        warnings.filterwarnings('ignore', message='Fail to import')
        check_configs(spec for matrix in matrices for spec in matrix.runs)
        finished = finished_runs(args.root, machine())
        speed = functools.lru_cache(lambda: machine_speed(finished))
        plans = [[
            PlanRun(spec, run_state(spec), estimate_run(spec, finished, speed))
            for spec in matrix.runs
        ] for matrix in matrices]
    wide = sys.stdout.isatty()
    console = Console(width=None if wide else PIPE_WIDTH)
    table = run_table if args.runs else cell_table
    for matrix, plan in zip(matrices, plans):
        console.print(table(matrix, plan))
    runs, sentence = sum(plans, []), None
    if any(one.state.kind in OPEN and one.estimate.source == COUNTED
           for one in runs):
        billions = speed().multiply_adds / 1e9
        sentence = (f'Speed of this machine: {billions:.3g} billion '
                    f'multiply-adds a second ({speed().source}). Times from '
                    'multiply-adds leave out evaluations and what CR costs.')
    console.print(plan_summary(runs, sentence), soft_wrap=True)
    return 0
