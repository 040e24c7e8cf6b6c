# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The paper's numbers beside those of a collection, as texts."""
from typing import Any, Dict, List

from mmcurv.audit.report.compare_page import signed_number
from mmcurv.audit.report.numbers import (ABSENT, clean, fixed, interval,
                                         is_known, number, plural, signed)
from mmcurv.benchmark.figures.figure_runs import data_label
from mmcurv.benchmark.paper.verdict import NOT_REPRODUCED, REPRODUCED, VERDICTS

TONES = {REPRODUCED: 'better', NOT_REPRODUCED: 'worse'}
# Name of a number, and how the paper's and ours are shown.
NUMBERS = dict(
    top1=('Accuracy', fixed(1), fixed(2)),
    curvature_variance=('Variance of curvature', number, number),
    pcc_curvature_accuracy=('Correlation', signed, signed))
GAINS = dict(
    top1=('Accuracy', lambda value: signed(value, 1), signed),
    curvature_variance=('Variance of curvature', signed_number, signed_number),
    pcc_curvature_accuracy=('Correlation', signed, signed))


def verdict_counts(paper: List[dict],
                   gains: List[dict]) -> List[Dict[str, str]]:
    """How many numbers of the paper, and how many gains, have each verdict.

    Args:
        paper (list[dict]): Of a summary.
        gains (list[dict]): Its ``paper_gains``.

    Returns:
        list[dict]: ``label``, ``value`` and, of the gains, ``note``.
    """
    found, added = ([row['verdict'] for row in rows]
                    for rows in (paper, gains))
    return [
        dict(
            label=name.capitalize(),
            value=f'{found.count(name):,} of {len(found):,}',
            note=f'and {added.count(name):,} of {len(added):,} gains by CR'
            if added else '') for name in VERDICTS
    ]


def paper_groups(rows: List[dict], gains: bool = False) -> List[dict]:
    """Every number of the paper, without and with CR beside each other.

    Args:
        rows (list[dict]): ``paper`` or ``paper_gains`` of a summary.
        gains (bool): Whether they are gains by CR. Defaults to False.

    Returns:
        list[dict]: ``title`` (table, data set, imbalance factor) and
        ``rows``: ``method``, ``model``, ``number``, and ``cells``: those
        without and with CR, None where the paper has none; of gains the only
        one.
    """
    groups: Dict[tuple, Dict[tuple, list]] = {}
    for row in rows:
        title = (row['table'], row['dataset'], row['imbalance_factor'])
        key = (row['method'], row['model'], row['metric'], row['split'])
        cells = groups.setdefault(title, {}).setdefault(
            key, [None] if gains else [None, None])
        place = 0 if gains else int(bool(row['cr']))
        cells[place] = _cell(row, GAINS if gains else NUMBERS)
    return [
        dict(
            title=f'{clean(table)}: {clean(data_label(dataset, factor))}',
            rows=[
                dict(
                    method=clean(method, 60),
                    model=clean(model, 60),
                    number=_number_name(metric, split),
                    cells=cells)
                for (method, model, metric, split), cells in found.items()
            ]) for (table, dataset, factor), found in groups.items()
    ]


def _number_name(metric: str, split: str) -> str:
    name = NUMBERS[metric][0]
    return f'{name}, {clean(split)}' if metric == 'top1' else name


def _cell(cell: dict, shown: Dict[str, tuple]) -> Dict[str, Any]:
    _, printed, measured = shown[cell['metric']]
    ends = interval(cell['low'], cell['high'], measured)
    notes = [] if ends == ABSENT else [ends]
    if cell['n']:
        notes.append(plural(cell['n'], 'seed'))
    return dict(
        paper=printed(cell['value'])
        if is_known(cell['value']) else 'not printed',
        doubtful=clean(cell['doubtful'], 400),
        ours=measured(cell['mean']),
        notes=notes,
        verdict=cell['verdict'],
        tone=TONES.get(cell['verdict'], 'open'),
        reason=clean(cell['reason'], 400))
