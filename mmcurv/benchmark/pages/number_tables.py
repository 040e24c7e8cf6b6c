# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One table per number: methods without and with CR, and the difference."""
from typing import Any, Dict, List, Optional, Sequence

from mmcurv.audit.report.numbers import (ABSENT, clean, interval, is_known,
                                         plural, probability)
from mmcurv.audit.report.page import short
from mmcurv.benchmark.figures.figure_runs import data_label
from .outcome import BETTER, CLEAR, WORSE, outcome, reach
from .page_numbers import PAGE_NUMBERS, PageNumber
from .run_facts import STATE_WORDS

TONES = {BETTER: 'better', WORSE: 'worse'}


def number_tables(summary: Dict[str, Any]) -> List[dict]:
    """The tables of all numbers that some cell has.

    Args:
        summary (dict): Of a collection.

    Returns:
        list[dict]: ``number`` (PageNumber), and ``groups``: per data set its
        ``title`` and ``rows`` of texts; the first, overall accuracy, is there
        whatever is known.
    """
    return [
        dict(number=number, groups=_groups(summary, number))
        for i, number in enumerate(PAGE_NUMBERS) if i == 0 or any(
            _count(cell, number.key) for cell in summary['cells'])
    ]


def varied(summary: Dict[str, Any], key: str) -> bool:
    """Whether cells differ in it: 'model' or 'variant'."""
    return len({cell[key] for cell in summary['cells']}) > 1


def cell_state(cell: Optional[dict]) -> str:
    """What is said of a cell without any number.

    Args:
        cell (dict, optional): Of a summary; None if the matrix lacks it.

    Returns:
        str: 'failed', 'not run' and so on; a dash if its runs are done and
        the number does not exist.
    """
    if cell is None:
        return 'not planned'
    for state, words in STATE_WORDS.items():
        if cell['states'].get(state):
            return words
    return ABSENT


def _groups(summary: Dict[str, Any], number: PageNumber) -> List[dict]:
    cells = {_key(cell) + (cell['cr'], ): cell for cell in summary['cells']}
    pairs = {_key(pair): pair for pair in summary['pairs']}
    edge = reach(
        [pair['metrics'].get(number.key, {}) for pair in summary['pairs']])
    groups: Dict[tuple, dict] = {}
    for key in dict.fromkeys(_key(cell) for cell in summary['cells']):
        data, factor, method, model, variant = key
        group = groups.setdefault(
            (data, factor),
            dict(title=clean(data_label(data, factor)), rows=[]))
        base = key[:-1] + ('', )
        if variant and key + (False, ) in cells:
            # A changed baseline: no difference is taken from it.
            group['rows'].append(
                _row(number, key, cells[key + (False, )], None, {}, edge))
        if not variant or key + (True, ) in cells:
            entry = pairs[key]['metrics'] if key in pairs else {}
            group['rows'].append(
                _row(number, key, cells.get(base + (False, )),
                     cells.get(key + (True, )), entry.get(number.key, {}),
                     edge))
    return list(groups.values())


def _key(entry: dict) -> tuple:
    return tuple(entry[name] for name in ('dataset', 'imbalance_factor',
                                          'method', 'model', 'variant'))


def _row(number: PageNumber, key: tuple, plain: Optional[dict],
         cr: Optional[dict], entry: dict, edge: float) -> Dict[str, Any]:
    method, model, variant = (clean(text, 60) for text in key[2:])
    said = outcome(entry, number.better)
    known = is_known(entry.get('difference'))
    row = dict(
        method=method,
        model=model,
        variant=variant,
        cells=[_cell(plain, number), _cell(cr, number)],
        tone=TONES.get(said, 'clear' if said in CLEAR else 'open'),
        bar=_bar(entry, edge) if known else None)
    if not all(cell['known'] for cell in row['cells']):
        # The cells say why there is no difference; dashes would add nothing.
        return dict(
            row,
            **dict.fromkeys(
                ('difference', 'interval', 'p', 'signs', 'outcome'), ''))
    return dict(
        row,
        difference=number.show_change(entry.get('difference')),
        interval=interval(
            entry.get('low'), entry.get('high'), number.show_change),
        p=probability(entry.get('p_holm')),
        signs=signs(entry),
        outcome=said)


def _cell(cell: Optional[dict], number: PageNumber) -> Dict[str, Any]:
    """The mean with its interval, or why there is none."""
    size = _count(cell, number.key)
    if not size:
        return dict(text=cell_state(cell), notes=[], known=False)
    entry = cell['metrics'][number.key]
    ends = interval(entry['low'], entry['high'], number.show)
    notes = [] if ends == ABSENT else [ends]
    planned = sum(cell['states'].values())
    if size < planned:
        notes.append(f'{size} of {plural(planned, "seed")}')
    elif size == 1:
        notes.append('1 seed')
    return dict(text=number.show(entry['mean']), notes=notes, known=True)


def signs(entry: dict) -> str:
    """'3 of 3 up', '2 of 3 down': the larger side, equal ones in words."""
    size = entry.get('n') or 0
    if not size:
        return ABSENT
    up, down = entry['positive'], entry['negative']
    if up == down:
        return f'{up} up, {down} down' if up else 'all equal'
    return f'{max(up, down)} of {size} {"up" if up > down else "down"}'


def _count(cell: Optional[dict], key: str) -> int:
    return (cell or {}).get('metrics', {}).get(key, {}).get('n') or 0


def _bar(entry: dict, edge: float) -> Sequence[Optional[float]]:
    """Both ends and the middle between 0 and 1, with 0.5 for no difference."""
    low, middle, high = short([
        (entry.get(name) if is_known(entry.get(name)) else float('nan'))
        for name in ('low', 'difference', 'high')
    ])
    return [
        None if value is None else min(max((value / edge + 1) / 2, 0), 1)
        for value in (low, middle, high)
    ]
