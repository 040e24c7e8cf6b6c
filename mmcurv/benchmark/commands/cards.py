# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""``cards``: the table of results in the README of each method folder."""
import difflib
import glob
import os.path as osp
from argparse import Namespace
from typing import List, Sequence

from rich.console import Console
from rich.text import Text

from mmcurv.benchmark.cards.method_folder import (METAFILE, NewText,
                                                  folder_texts, read_records)
from mmcurv.engine.config_options import UsageError
from mmcurv.files import write_text

RECORDS = 'benchmarks/records'
STYLES = {'+': 'green', '-': 'red', '@': 'cyan'}


def add_parser(subparsers) -> None:
    """Add the sub-command to ``tools/benchmark.py``."""
    parser = subparsers.add_parser(
        'cards',
        help='write the results into the README of each method folder',
        description='Write the paper\'s numbers and those of kept runs into '
        'the README.md and metafile.yml of method folders. Give it in the '
        'root of the repository.')
    parser.add_argument(
        'folders',
        nargs='*',
        metavar='FOLDER',
        help=f'such as configs/ce; default: all of configs/*/{METAFILE}')
    parser.add_argument(
        '--records',
        default=RECORDS,
        metavar='DIR',
        help='folder of kept collections, see "collect"; default: '
        f'{RECORDS}')
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; show what is out of date and exit with 1')
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Write the cards, or say which are out of date.

    Args:
        args (Namespace): Of :func:`add_parser`.

    Returns:
        int: 1 if a file is out of date and only that was asked, else 0.

    Raises:
        UsageError: If a folder or a record cannot be understood; then
            nothing is written.
    """
    console = Console(soft_wrap=True)
    texts = card_texts(args.folders, args.records)
    stale = [text for text in texts if text.old != text.new]
    if args.check:
        for text in stale:
            _show(console, text)
        console.print(
            Text(f'{len(stale)} of {len(texts)} files are out of date' +
                 '; give the command without --check.'
                 if stale else f'All {len(texts)} files are up to date.'))
        return 1 if stale else 0
    for text in stale:
        write_text(text.path, text.new)
        console.print(Text(f'written: {text.path}'))
    console.print(
        Text(f'{len(texts) - len(stale)} of {len(texts)} files were up to '
             'date.'))
    return 0


def card_texts(folders: Sequence[str], records: str) -> List[NewText]:
    """Files of method folders, and what they should hold.

    Args:
        folders (Sequence[str]): Paths; none for all of ``configs/``.
        records (str): Folder of kept collections. The default one may be
            missing, since none may have been kept yet.

    Returns:
        list[NewText]: Two of each folder.

    Raises:
        UsageError: If there are no such folders, or one or a record cannot
            be understood.
    """
    folders = list(folders) or sorted(
        osp.dirname(path) for path in glob.glob(f'configs/*/{METAFILE}'))
    if not folders:
        raise UsageError(f'expected configs/*/{METAFILE} here, found none; '
                         'give the command in the root of the repository')
    if not osp.isdir(records) and records != RECORDS:
        raise UsageError(f'--records: expected a folder, found none at '
                         f'{records!r}')
    collections = read_records(records) if osp.isdir(records) else {}
    return [
        text for folder in folders
        for text in folder_texts(folder, collections)
    ]


def _show(console: Console, text: NewText) -> None:
    for line in difflib.unified_diff(
            text.old.splitlines(),
            text.new.splitlines(),
            text.path,
            f'{text.path} (up to date)',
            lineterm=''):
        console.print(Text(line, STYLES.get(line[:1], '')))
