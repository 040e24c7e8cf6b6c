# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""``collect``: tables, page and figures of what a matrix has trained."""
import argparse
import os.path as osp
import shlex
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, List

from rich.console import Console
from rich.text import Text

from mmcurv.benchmark.collecting.collection import (collect, read_collection,
                                                    write_collection)
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.figures.figures import draw_figures
from mmcurv.benchmark.matrix import ROOT, select_runs
from mmcurv.benchmark.pages.page import write_page
from mmcurv.benchmark.tables.tables_csv import (write_cells_csv,
                                                write_pairs_csv,
                                                write_paper_csv)
from mmcurv.benchmark.tables.tables_latex import latex_tables
from mmcurv.benchmark.tables.tables_markdown import markdown_tables
from mmcurv.benchmark.tables.terminal_tables import terminal_tables
from mmcurv.engine.config_options import UsageError
from mmcurv.files import write_text
from .matrix_arguments import load_matrices
from .plan import PIPE_WIDTH

RECORDS = osp.join('benchmarks', 'records')


def add_parser(subparsers) -> None:
    """Add the sub-command to ``tools/benchmark.py``."""
    parser = subparsers.add_parser(
        'collect',
        help='make tables, a page and figures of what was trained',
        description='Read the records of the finished runs of a matrix and '
        'write collection.json, tables.md, tables.tex, cells.csv, pairs.csv, '
        'paper.csv, benchmark.html and figures. The folders of the runs stay '
        'as they are.')
    parser.add_argument(
        'matrix', nargs='?', metavar='MATRIX', help='path of its file')
    parser.add_argument(
        '--root',
        default=ROOT,
        metavar='DIR',
        help=f'folder of all runs; default: {ROOT}')
    parser.add_argument(
        '--out-dir',
        metavar='DIR',
        help='where to write; by default "collected" beside the runs of the '
        'matrix')
    parser.add_argument(
        '--only',
        nargs='+',
        action='extend',
        default=[],
        metavar='KEY=VALUE',
        help='only these runs, as in "plan"')
    parser.add_argument(
        '--collection',
        metavar='FILE',
        help='a collection.json that was kept, instead of the folders of the '
        'runs')
    parser.add_argument(
        '--best',
        action='store_true',
        help='also show the best epoch, which was chosen on the images that '
        'it is reported on')
    parser.add_argument(
        '--keep',
        action='store_true',
        help=f'also write {RECORDS}/<matrix>.json, to be committed')
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Collect, write and print.

    Args:
        args (Namespace): Of :func:`add_parser`.

    Returns:
        int: Exit code, 0.

    Raises:
        UsageError: If there is nothing to collect, runs are unlike, or
            a file cannot be read or written.
    """
    if args.keep and args.only:
        raise UsageError('--keep keeps the whole matrix; leave --only out')
    try:
        collection = _collection(args)
        summary = summarize(collection)
        name = collection['matrix']['name']
        out_dir = args.out_dir or osp.join(args.root, name, 'collected')
        paths = write_all(out_dir, collection, summary, args.best)
        if args.keep:
            paths.append(osp.join(RECORDS, f'{name}.json'))
            write_collection(paths[-1], collection)
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(terminal_tables(collection, summary))
    for path in paths:
        console.print(Text(path), soft_wrap=True)
    return 0


def write_all(out_dir: str,
              collection: Dict[str, Any],
              summary: Dict[str, Any],
              best: bool = False) -> List[str]:
    """Write everything that a collection gives, each file as a whole.

    Args:
        out_dir (str): Folder; made if it is missing.
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.
        best (bool): Show the best epoch as well. Defaults to False.

    Returns:
        list[str]: Paths of the files.
    """
    writers = {
        'collection.json':
        lambda path: write_collection(path, collection),
        'tables.md':
        lambda path: write_text(path, markdown_tables(collection, summary, best
                                                      )),
        'tables.tex':
        lambda path: write_text(path, latex_tables(collection, summary, best)),
        'cells.csv':
        lambda path: write_cells_csv(path, summary),
        'pairs.csv':
        lambda path: write_pairs_csv(path, summary),
        'benchmark.html':
        lambda path: write_page(collection, summary, path),
    }
    if summary['paper']:
        writers['paper.csv'] = lambda path: write_paper_csv(path, summary)
    paths = []
    for name, write in writers.items():
        paths.append(osp.join(out_dir, name))
        write(paths[-1])
    return paths + draw_figures(collection, osp.join(out_dir, 'figures'))


def _collection(args: argparse.Namespace) -> Dict[str, Any]:
    if args.collection:
        return _kept(args)
    if not args.matrix:
        raise UsageError('expected the path of a matrix, or --collection FILE')
    matrix, = load_matrices([args.matrix], args.root, args.only)
    with warnings.catch_warnings():
        # mmcv-lite says that it is no mmcv, which no config here needs.
        warnings.filterwarnings('ignore', message='Fail to import')
        return collect(matrix, _command(args))


def _kept(args: argparse.Namespace) -> Dict[str, Any]:
    collection = read_collection(args.collection)
    name = collection['matrix']['name']
    if args.matrix and Path(args.matrix).stem != name:
        raise UsageError(f'--collection {args.collection}: expected runs of '
                         f'{args.matrix}, got those of the matrix {name!r}')
    if args.only:
        runs = [SimpleNamespace(**run) for run in collection['runs']]
        collection['runs'] = list(map(vars, select_runs(runs, args.only)))
    return collection


def _command(args: argparse.Namespace) -> str:
    """The command line as far as it decides which runs are collected."""
    words = ['tools/benchmark.py', 'collect', args.matrix]
    words += ['--root', args.root] if args.root != ROOT else []
    words += ['--only', *args.only] if args.only else []
    return shlex.join(words)
