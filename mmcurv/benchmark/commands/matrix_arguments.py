# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which runs of which matrices a sub-command is about."""
import argparse
from typing import List, Sequence

from mmcurv.benchmark.matrix import ROOT, Matrix, read_matrix, select_runs
from mmcurv.engine.config_options import UsageError


def add_matrix_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that choose runs."""
    parser.add_argument(
        'matrices',
        nargs='+',
        metavar='MATRIX',
        help='path of a matrix file, such as benchmarks/matrices/bundled.yml')
    parser.add_argument(
        '--root',
        default=ROOT,
        metavar='DIR',
        help=f'folder of all runs; default: {ROOT}')
    parser.add_argument(
        '--only',
        nargs='+',
        action='extend',
        default=[],
        metavar='KEY=VALUE',
        help='only these runs, e.g. method=CE cr=true dataset=CIFAR-10-LT '
        'factor=100 model=ResNet-32 variant=tau=10 seed=0; several values '
        'of one key are alternatives')


def load_matrices(paths: Sequence[str], root: str,
                  only: Sequence[str]) -> List[Matrix]:
    """Read matrices and keep the runs that are asked for.

    Args:
        paths (Sequence[str]): Paths of matrix files.
        root (str): Folder of all runs.
        only (Sequence[str]): Conditions of
            :func:`~mmcurv.benchmark.matrix.select_runs`.

    Returns:
        list[Matrix]: Those of which a run is left.

    Raises:
        UsageError: If a matrix cannot be read, two have one name, or no run
            fits.
    """
    matrices = [read_matrix(path, root) for path in paths]
    names = [matrix.name for matrix in matrices]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise UsageError(
                f'{paths[names.index(name)]} and {paths[i]} have one name, '
                f'{name!r}, and so the same folders; give each matrix once')
    chosen = set(
        run.folder
        for run in select_runs([run for m in matrices
                                for run in m.runs], only))
    kept = [
        matrix._replace(runs=[r for r in matrix.runs if r.folder in chosen])
        for matrix in matrices
    ]
    return [matrix for matrix in kept if matrix.runs]
