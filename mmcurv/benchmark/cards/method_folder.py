# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A method folder: its configs, their targets, and what became of them."""
import os
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional

from mmcurv.audit.report.numbers import is_known
from mmcurv.benchmark.collecting.collection import read_collection
from mmcurv.benchmark.paper.paper_results import PaperCell
from mmcurv.benchmark.paper.paper_target import paper_target
from mmcurv.engine.config_options import UsageError
from .card import Targets, card
from .card_numbers import card_numbers
from .card_rows import card_rows
from .edit_metafile import Generated, edit_metafile
from .marked_part import BEGIN, END, replace_part
from .metafile import ConfigEntry, read_metafile

METAFILE, README = 'metafile.yml', 'README.md'
METRIC = 'Top 1 Accuracy'
COMMENT = ('<!-- Written by "tools/benchmark.py cards"; what is changed here '
           'by hand is lost. -->')


class NewText(NamedTuple):
    """A file and what it should hold.

    Attributes:
        path (str): Of the file.
        old (str): What it holds.
        new (str): What it should hold.
    """
    path: str
    old: str
    new: str


def folder_texts(folder: str,
                 collections: Dict[str, Dict[str, Any]]) -> List[NewText]:
    """Targets, results and card of a method folder. Nothing is written.

    Args:
        folder (str): With a ``metafile.yml`` and a ``README.md`` that has
            the two marks.
        collections (dict): Path of each kept file to its collection.

    Returns:
        list[NewText]: Of these two files, changed or not.

    Raises:
        UsageError: If a file is missing or cannot be understood, or the runs
            do not follow the protocol.
    """
    meta_path, readme_path = (
        osp.join(folder, name) for name in (METAFILE, README))
    meta, readme = _read(meta_path), _read(readme_path)
    entries = read_metafile(meta, meta_path)
    targets: Targets = {
        entry.name:
        paper_target(entry.dataset, entry.imbalance_factor, entry.model,
                     entry.method, entry.cr)
        for entry in entries
    }
    rows = card_rows(entries, collections)
    numbers = [card_numbers(row) for row in rows]
    generated = {
        entry.name:
        Generated(_target(targets[entry.name]), _results(entry, own))
        for row, found in zip(rows, numbers)
        for entry, own in ((row.plain, found.plain), (row.cr, found.cr))
        if entry
    }
    table = card(rows, numbers, targets, collections)
    part = f'{COMMENT}\n\n{table}\n'
    return [
        NewText(meta_path, meta, edit_metafile(meta, generated, meta_path)),
        NewText(readme_path, readme, replace_part(readme, part, readme_path))
    ]


def read_records(folder: str) -> Dict[str, Dict[str, Any]]:
    """Read the collections that are kept.

    Args:
        folder (str): Of JSON files.

    Returns:
        dict: Path of each to its collection, in the order of their names.

    Raises:
        UsageError: If a file is no collection, or not whole.
    """
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith('.json'):
            path = osp.join(folder, name).replace(os.sep, '/')
            try:
                found[path] = read_collection(path)
            except ValueError as error:
                raise UsageError(str(error)) from error
    return found


def _read(path: str) -> str:
    if not osp.isfile(path):
        raise UsageError(
            f'{path}: there is no such file; a method folder has a '
            f'{METAFILE}, and a {README} with the lines {BEGIN!r} and {END!r}')
    with open(path, encoding='utf-8') as file:
        return file.read()


def _target(cell: Optional[PaperCell]) -> Optional[Dict[str, Any]]:
    if cell is None:
        return None
    target = {'Paper Table': cell.table, METRIC: cell.value}
    return dict(target, Doubtful=cell.doubtful) if cell.doubtful else target


def _results(entry: ConfigEntry,
             numbers: Optional[Dict[str, Any]]) -> Optional[List[dict]]:
    if numbers is None or not is_known(numbers['mean']):
        return None
    return [
        dict(
            Task='Image Classification',
            Dataset=entry.dataset,
            Metrics={METRIC: round(numbers['mean'], 2)})
    ]
