# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""``study``: the tables of a document, from kept records."""
from argparse import Namespace

from rich.console import Console
from rich.text import Text

from mmcurv.benchmark.cards.study_document import fill_study
from mmcurv.engine.config_options import UsageError
from mmcurv.files import write_text


def add_parser(subparsers) -> None:
    """Add the sub-command to ``tools/benchmark.py``."""
    parser = subparsers.add_parser(
        'study',
        help='write the tables of a document from kept records',
        description='Write anew what stands between "<!-- RECORD: begin -->" '
        'and "<!-- RECORD: end -->" of Markdown documents; RECORD is a kept '
        'collection, relative to the document.')
    parser.add_argument('documents', nargs='+', metavar='DOCUMENT')
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; exit with 1 if a document is out of date')
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """Write the documents, or say which are out of date.

    Args:
        args (Namespace): Of :func:`add_parser`.

    Returns:
        int: 1 if one is out of date and only that was asked, else 0.

    Raises:
        UsageError: If a document or a record cannot be read; then nothing is
            written.
    """
    texts = {path: _read(path) for path in args.documents}
    filled = {path: fill_study(text, path) for path, text in texts.items()}
    stale = [path for path in texts if texts[path] != filled[path]]
    console = Console(soft_wrap=True)
    for path in stale:
        if not args.check:
            write_text(path, filled[path])
        words = 'out of date' if args.check else 'written'
        console.print(Text(f'{words}: {path}'))
    console.print(
        Text(f'{len(texts) - len(stale)} of {len(texts)} documents were up '
             'to date.'))
    return 1 if args.check and stale else 0


def _read(path: str) -> str:
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except OSError as error:
        raise UsageError(f'{path}: expected a document, but {error}') from None
