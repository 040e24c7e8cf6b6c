# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The reproduction card of a method folder: a table in Markdown."""
import posixpath
import textwrap
from typing import Any, Dict, List, Optional, Sequence

from mmcurv.audit.report.numbers import (ABSENT, clean, fixed, interval,
                                         is_known, listing, signed)
from mmcurv.benchmark.paper.paper_protocol import objections
from mmcurv.benchmark.paper.paper_results import PaperCell
from .card_numbers import CardNumbers, has_changed_config
from .card_rows import CardRow, KeptRuns
from .card_sources import card_sources
from .metafile import ConfigEntry

NOT_RUN, NOT_IN_PAPER, NO_CONFIG = 'not run', 'not in the paper', 'no config'
COLUMNS = ('data', 'imbalance', 'config', 'paper, plain', 'ours, plain',
           'paper, CR', 'ours, CR', 'ours, CR − plain')
EPOCH = dict(
    last='after the last epoch',
    best='of the best epoch, chosen on the images that it is reported on')
PAPER = ('The paper’s numbers are those of its {}; it does not say of which '
         'epoch, nor over how many seeds.')
OURS = ('Ours: mean ± half of the 95\u00a0% interval over n seeds, with '
        'Student’s t. CR − plain: mean difference of runs of the same seed, '
        'with its 95\u00a0% interval.')
WITH_CR = 'CR: the same config with the switch `--cr`.'
NO_RUNS = 'No run of these configs has been kept yet.'
CHANGED = ('trained with an earlier state of its config, whose hash is in '
           'the record')
WIDTH = 79
Targets = Dict[str, Optional[PaperCell]]


def card(rows: Sequence[CardRow], numbers: Sequence[CardNumbers],
         targets: Targets, collections: Dict[str, Dict[str, Any]]) -> str:
    """Write the card of a method folder.

    Args:
        rows (Sequence[CardRow]): Configs with their twins and runs.
        numbers (Sequence[CardNumbers]): Of each row.
        targets (dict[str, PaperCell]): What the paper prints for each config
            by its name; None if it prints nothing.
        collections (dict): Path of each kept file to its collection.

    Returns:
        str: Markdown: the table, then what its numbers are, notes on
        single ones, and where ours come from.
    """
    notes = _Notes()
    lines = ['| ' + ' | '.join(COLUMNS) + ' |', '|---' * len(COLUMNS) + '|']
    for row, found in zip(rows, numbers):
        cells = _cells(row, found, targets, notes)
        lines.append('| ' + ' | '.join(cells) + ' |')
    sources = card_sources(rows, collections)
    main = EPOCH[(rows[0].plain or rows[0].cr).main]
    about = [f'Top-1 accuracy in per cent on the test images, {main}.']
    tables = dict.fromkeys(cell.table for cell in targets.values() if cell)
    if tables:
        about.append(PAPER.format(listing(tables)))
    if any(row.plain and row.cr for row in rows):
        about.append(WITH_CR)
    about.append(OURS if sources else NO_RUNS)
    blocks = ['\n'.join(lines), _wrapped(' '.join(about))]
    if notes.texts:
        blocks.append('\n'.join(
            _wrapped(f'Note {i}: {text}.', '- ')
            for i, text in enumerate(notes.texts, 1)))
    if sources:
        blocks.append('\n'.join(_wrapped(text, '- ') for text in sources))
    return '\n\n'.join(blocks)


class _Notes:
    """Numbered in the order in which they are called for."""

    def __init__(self) -> None:
        self.texts: List[str] = []

    def mark(self, text: str) -> str:
        if text not in self.texts:
            self.texts.append(text)
        return f' (note {self.texts.index(text) + 1})'


def _cells(row: CardRow, numbers: CardNumbers, targets: Targets,
           notes: _Notes) -> List[str]:
    entry = row.plain or row.cr
    factor = entry.imbalance_factor
    config = f'[`{entry.name}`]({posixpath.basename(entry.config)})'
    if entry.switches:
        config += f' `{entry.switches}`'
    return [
        clean(entry.dataset).replace('|', r'\|'),
        ABSENT if factor is None else f'{factor:g}', config,
        _paper(row.plain, targets, notes),
        _ours(row.plain, row.plain_runs, numbers.plain, targets, notes),
        _paper(row.cr, targets, notes),
        _ours(row.cr, row.cr_runs, numbers.cr, targets, notes),
        _change(row, numbers.change)
    ]


def _paper(entry: Optional[ConfigEntry], targets: Targets,
           notes: _Notes) -> str:
    if entry is None:
        return NO_CONFIG
    cell = targets[entry.name]
    if cell is None:
        return NOT_IN_PAPER
    text = fixed(1)(cell.value)
    if cell.doubtful:
        text += notes.mark(f'the paper’s number is doubtful: {cell.doubtful}')
    return text


def _ours(entry: Optional[ConfigEntry], kept: KeptRuns,
          numbers: Optional[Dict[str, Any]], targets: Targets,
          notes: _Notes) -> str:
    if entry is None:
        return NO_CONFIG
    if numbers is None:
        return NOT_RUN
    text = fixed(2)(numbers['mean'])
    if is_known(numbers['low']):
        text += f' ± {fixed(2)((numbers["high"] - numbers["low"]) / 2)}'
    text += f' (n = {numbers["n"]})'
    cell = targets[entry.name]
    # The metafile names the data; only the records know what was there.
    reasons = objections(cell, entry._asdict(), kept.runs, {}) if cell else []
    if reasons:
        text += notes.mark(f'not comparable with the paper: '
                           f'{"; ".join(reasons)}')
    return text + (notes.mark(CHANGED) if has_changed_config(kept) else '')


def _change(row: CardRow, change: Optional[Dict[str, Any]]) -> str:
    if row.plain is None or row.cr is None:
        return NO_CONFIG
    if change is None:
        return NOT_RUN
    if not change['n']:
        return 'no common seed'
    ends = interval(change['low'], change['high'], signed)
    inside = f'n = {change["n"]}' if ends == ABSENT else (
        f'{ends}, n = {change["n"]}')
    return f'{signed(change["difference"])} ({inside})'


def _wrapped(text: str, bullet: str = '') -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=bullet,
        subsequent_indent=' ' * len(bullet),
        break_long_words=False,
        break_on_hyphens=False)
