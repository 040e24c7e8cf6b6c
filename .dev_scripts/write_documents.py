# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Write the parts of this repository's documents that are made of records.

Between ``<!-- results: begin -->`` and ``<!-- results: end -->`` of the
README.md of a method folder stands its card, whose numbers its metafile.yml
has, too. ``<!-- ../records/a.json: begin -->`` of any other document names a
record, relative to the document, whose tables stand there; ``study:main`` in
its place is the table of main numbers of docs/cr_study.md, and
``study:balanced``, ``study:long_tails`` and ``study:geometry`` are the others.
Give the command in the root of the repository.
"""
import argparse
import difflib
import glob
import os
import os.path as osp
import re
import sys
from typing import Dict, List, Sequence

from cards import Collections, card, card_rows, generated
from fairness_tables import fairness_table
from metafile import edit_metafile, read_metafile
from study import made_by, record_tables

from mmcurv.arguments import UsageError
from mmcurv.benchmark.collect import read_collection
from mmcurv.benchmark.tables import escaped, markdown_table
from mmcurv.files import write_text

METAFILE, README = 'metafile.yml', 'README.md'
STUDY, STUDY_RECORDS = 'study:', osp.join('benchmarks', 'records',
                                          'fairness_study')
RECORDS = osp.join('benchmarks', 'records')
RESULTS = 'results'
COMMENT = ('<!-- Written by ".dev_scripts/write_documents.py"; what is '
           'changed here by hand is lost. -->')
MARK = re.compile(r'^<!-- (\S+\.json|study:\w+): begin -->$', re.MULTILINE)


def main(argv: Sequence[str] = None) -> int:
    """Write the documents, or say which are out of date.

    Args:
        argv (Sequence[str], optional): Command line. Defaults to None:
            that of the process.

    Returns:
        int: 1 if a document is out of date and only that was asked, 2 if
        something cannot be understood, else 0.
    """
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument(
        'paths',
        nargs='*',
        metavar='PATH',
        help='method folders and documents; default: all')
    parser.add_argument(
        '--check',
        action='store_true',
        help='write nothing; show what is out of date and exit with 1')
    args = parser.parse_args(argv)
    try:
        texts = new_texts(args.paths)
    except UsageError as error:
        print(f'write_documents.py: {error}', file=sys.stderr)
        return 2
    stale = 0
    for path, new in texts.items():
        old = _read(path)
        if old == new:
            continue
        stale += 1
        if args.check:
            print('\n'.join(
                difflib.unified_diff(
                    old.splitlines(), new.splitlines(), path,
                    f'{path} (up to date)', lineterm='')))  # yapf: disable
        else:
            write_text(path, new)
            print(f'written: {path}')
    print(f'{len(texts) - stale} of {len(texts)} documents were up to date.')
    return int(bool(args.check and stale))


def new_texts(paths: Sequence[str] = ()) -> Dict[str, str]:
    """Documents, and what they should hold. Nothing is written.

    Args:
        paths (Sequence[str]): Of method folders and Markdown documents.
            Defaults to (): all of ``configs`` and ``docs``, and README.md.

    Returns:
        dict[str, str]: Path to text.

    Raises:
        UsageError: If a document or a record is missing or cannot be
            understood.
    """
    if not paths:
        paths = [
            osp.dirname(path)
            for path in sorted(glob.glob(f'configs/*/{METAFILE}'))
        ] + [
            path for path in [README, *sorted(glob.glob('docs/*.md'))]
            if MARK.search(_read(path))
        ]
        if not paths:
            raise UsageError(f'expected configs/*/{METAFILE} and docs/*.md '
                             'here, found none; give the command in the root '
                             'of the repository')
    collections = read_records(RECORDS)
    texts: Dict[str, str] = {}
    for path in paths:
        if osp.isdir(path):
            texts.update(folder_texts(path, collections))
        else:
            texts[path] = fill_document(_read(path), path)
    return texts


def read_records(folder: str) -> Collections:
    """The collections that are kept, by path in the order of their names.

    Args:
        folder (str): Of JSON files; may be missing.

    Returns:
        dict: Path of each to its collection.

    Raises:
        UsageError: If a file is no collection, or not whole.
    """
    found = {}
    names = sorted(os.listdir(folder)) if osp.isdir(folder) else []
    for name in names:
        if name.endswith('.json'):
            path = osp.join(folder, name).replace(os.sep, '/')
            try:
                found[path] = read_collection(path)
            except ValueError as error:
                raise UsageError(str(error)) from error
    return found


def folder_texts(folder: str, collections: Collections) -> Dict[str, str]:
    """Targets, results and card of a method folder.

    Args:
        folder (str): With a ``metafile.yml`` and a ``README.md`` that has
            the two marks.
        collections (dict): Path of each kept file to its collection.

    Returns:
        dict[str, str]: Text of these two files, changed or not.

    Raises:
        UsageError: If a file is missing or cannot be understood, or the runs
            do not follow the protocol.
    """
    meta, readme = (osp.join(folder, name) for name in (METAFILE, README))
    text = _read(meta)
    rows = card_rows(read_metafile(text, meta), collections)
    part = f'{COMMENT}\n\n{card(rows, collections)}\n'
    return {
        meta: edit_metafile(text, generated(rows), meta),
        readme: replace_part(_read(readme), part, readme)
    }


def fill_document(text: str, path: str) -> str:
    """Write the tables of every record that a document names.

    Args:
        text (str): Markdown.
        path (str): Of the document.

    Returns:
        str: All else as it was.

    Raises:
        UsageError: If the document names no record, or one that is missing
            or cannot be read, or a part does not end.
    """
    names = MARK.findall(text)
    if not names:
        raise UsageError(
            f'{path}: expected lines such as "<!-- records/a.json: begin -->" '
            'and "<!-- records/a.json: end -->", found none')
    for name in names:
        if name.startswith(STUDY):
            table = fairness_table(name[len(STUDY):], STUDY_RECORDS)
            # README is one page, and has no line to spare.
            part = '\n\n'.join(markdown_table(table))
            text = replace_part(text, part, path, name)
            continue
        record = osp.join(osp.dirname(path), name)
        tables = record_tables(record)
        blocks: List[str] = []
        for i, table in enumerate(tables):
            if len(tables) > 1:  # else the document's own heading is enough
                blocks.append(f'**{escaped(table.title)}**')
            if i + 1 < len(tables) and tables[i + 1].note == table.note:
                table = table._replace(note='')
            blocks += markdown_table(table)
        made = made_by(record)
        part = '\n\n'.join(blocks + [made] * bool(made))
        text = replace_part(text, f'\n{part}\n', path, name)
    return text


def replace_part(text: str, part: str, path: str, name: str = RESULTS) -> str:
    """Replace what stands between the two marks of a part.

    Args:
        text (str): Markdown with the first mark on one line and, below, the
            second on another.
        part (str): What shall stand between them.
        path (str): Of the document, for messages.
        name (str): Of the part. Defaults to 'results'.

    Returns:
        str: All else as it was.

    Raises:
        UsageError: If a mark is missing, or there are several, or they stand
            in the wrong order.
    """
    marks = f'<!-- {name}: begin -->', f'<!-- {name}: end -->'
    lines = text.split('\n')
    places = [[i for i, line in enumerate(lines) if line.strip() == mark]
              for mark in marks]
    if [len(place) for place in places] != [1, 1] or places[0] > places[1]:
        begin, end = (', '.join(str(i + 1) for i in place) or 'none'
                      for place in places)
        raise UsageError(
            f'{path}: expected the line {marks[0]!r} once and the line '
            f'{marks[1]!r} once below it, found the first in line {begin} '
            f'and the second in line {end}')
    (begin, ), (end, ) = places
    return '\n'.join([*lines[:begin + 1], part, *lines[end:]])


def _read(path: str) -> str:
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except OSError as error:
        raise UsageError(f'{path}: expected a document, but {error}') from None


if __name__ == '__main__':
    sys.exit(main())
