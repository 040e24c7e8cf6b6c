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

from mmcurv.benchmark.matrix import ROOT, select_runs
from mmcurv.engine.config_options import UsageError
from ..cli import PIPE_WIDTH, load_matrices


def add_parser(subparsers) -> None:
    """Add the sub-command to ``tools/benchmark.py``."""
    parser = subparsers.add_parser(
        'collect',
        help='make tables, a page and figures of what was trained',
        description='Read the records of the finished runs of a matrix and '
        'write collection.json, tables.md, tables.tex, numbers.csv, '
        'benchmark.html and figures. The folders of the runs stay as they '
        'are.')
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
        '--without',
        nargs='+',
        action='append',
        default=[],
        metavar='KEY=VALUE',
        help='leave out the runs that fit all of these; may be given again')
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
    # pandas and Matplotlib take seconds to import, which "plan" can spare.
    from rich.console import Console
    from rich.text import Text

    from mmcurv.benchmark.collect import summarize
    from mmcurv.benchmark.tables import terminal
    try:
        collection = _collection(args)
        summary = summarize(collection)
        out_dir = args.out_dir or osp.join(
            args.root, collection['matrix']['name'], 'collected')
        paths = write_all(out_dir, collection, summary, args.best)
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    console.print(terminal(summary))
    for path in paths:
        console.print(Text(path), soft_wrap=True)
    return 0


def write_all(out_dir: str,
              collection: Dict[str, Any],
              summary: Any,
              best: bool = False) -> List[str]:
    """Write everything that a collection gives, each file as a whole.

    Args:
        out_dir (str): Folder; made if it is missing.
        collection (dict): Runs of a matrix with their records.
        summary (Summary): Of the same collection.
        best (bool): Show the best epoch as well. Defaults to False.

    Returns:
        list[str]: Paths of the files.
    """
    from mmcurv.audit.report.style import save_figure
    from mmcurv.benchmark import figures, page, tables
    from mmcurv.benchmark.collect import write_collection
    from mmcurv.files import write_text
    drawn = figures.draw_figures(summary)
    write_collection(osp.join(out_dir, 'collection.json'), collection)
    texts = {
        'tables.md': tables.markdown(summary, best),
        'tables.tex': tables.latex(summary, best),
        'numbers.csv': tables.long_table(summary).to_csv(index=False),
        'benchmark.html': page.page(summary, drawn)
    }
    for name, text in texts.items():
        write_text(osp.join(out_dir, name), text)
    return [osp.join(out_dir, name)
            for name in ('collection.json', *texts)] + [
                path for name, each in drawn.items() for path in save_figure(
                    each.figure, osp.join(out_dir, 'figures'), name)
            ]


def _collection(args: argparse.Namespace) -> Dict[str, Any]:
    from mmcurv.benchmark.collect import collect, read_collection
    if not args.collection:
        if not args.matrix:
            raise UsageError(
                'expected the path of a matrix, or --collection FILE')
        matrix, = load_matrices([args.matrix], args.root, args.only,
                                args.without)
        with warnings.catch_warnings():
            # mmcv-lite says that it is no mmcv, which no config here needs.
            warnings.filterwarnings('ignore', message='Fail to import')
            return collect(matrix, _command(args))
    collection = read_collection(args.collection)
    name = collection['matrix']['name']
    if args.matrix and Path(args.matrix).stem != name:
        raise UsageError(f'--collection {args.collection}: expected runs of '
                         f'{args.matrix}, got those of the matrix {name!r}')
    runs = [SimpleNamespace(**run) for run in collection['runs']]
    runs = select_runs(runs, args.only, args.without)
    collection['runs'] = list(map(vars, runs))
    return collection


def _command(args: argparse.Namespace) -> str:
    """The command line as far as it decides which runs are collected."""
    words = ['tools/benchmark.py', 'collect', args.matrix]
    words += ['--root', args.root] if args.root != ROOT else []
    words += ['--only', *args.only] if args.only else []
    for conditions in args.without:
        words += ['--without', *conditions]
    return shlex.join(words)
