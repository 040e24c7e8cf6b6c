# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The paper's numbers, and its gains by CR, beside ours."""
import math
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmcurv.benchmark.collecting.alike import cell_key, plain_key
from mmcurv.benchmark.tables.mean_text import why_not_run
from .paper_match import Match, OurCells
from .paper_results import PaperCell
from .verdict import NOT_RUN, gain_verdict, verdict

NOTHING = dict(mean=math.nan, low=math.nan, high=math.nan, n=0)
NOT_PLANNED = 'the matrix does not have it'


def paper_values(collection: Dict[str, Any],
                 cells: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Every number of the paper's tables beside ours, with a verdict.

    Args:
        collection (dict): Runs of a matrix with their records; its
            ``paper_table`` says which tables.
        cells (list[dict]): Of its summary.

    Returns:
        list[dict]: The fields of ``PaperCell``, ``mean``,
        ``low``, ``high``, ``n``, ``verdict`` and ``reason``.

    Raises:
        ValueError: If the paper has no such table.
    """
    ours = OurCells(collection, cells)
    rows = []
    for paper in ours.papers:
        match = ours.match(paper)
        found = match.cell['metrics'][paper.key] if match.cell else NOTHING
        judged = verdict(paper.value, found, paper.key, len(match.runs),
                         match.objections)
        rows.append(_row(paper, found, judged, match.cell))
    return rows


def paper_gains(collection: Dict[str, Any], cells: Sequence[Dict[str, Any]],
                pairs: Sequence[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """What CR adds in the paper beside what it adds to our pairs of runs.

    Args:
        collection (dict): Runs of a matrix with their records.
        cells (list[dict]): Of its summary.
        pairs (list[dict]): Of its summary.

    Returns:
        list[dict]: As :func:`paper_values` without ``cr``; ``value`` is the
        paper's gain, and ``mean`` our mean difference. Rows that the paper
        has only without CR are left out.
    """
    ours = OurCells(collection, cells)
    by_key = {cell_key(cell): cell for cell in cells}
    differences = {cell_key(dict(pair, cr=True)): pair for pair in pairs}
    without_cr = {
        _place(paper): paper
        for paper in ours.papers if not paper.cr
    }
    rows = []
    for paper in ours.papers:
        base = without_cr.get(_place(paper))
        if not paper.cr or base is None:
            continue
        second, first = ours.match(paper), Match(None, [], [])
        found = NOTHING
        if second.cell:
            key = cell_key(second.cell)
            first = ours.judge(base, by_key.get(plain_key(key)))
            if key in differences:
                numbers = differences[key]['metrics'][paper.key]
                found = dict(numbers, mean=numbers['difference'])
        value = paper.value - base.value
        judged = gain_verdict(
            value, found, paper.key, min(len(first.runs), len(second.runs)),
            [*dict.fromkeys(first.objections + second.objections)])
        lacking = first if second.runs else second
        row = _row(paper, found, judged, lacking.cell)
        doubts = dict.fromkeys(filter(None, (base.doubtful, paper.doubtful)))
        del row['cr']
        # The printed digits, not those of the floats.
        rows.append(
            dict(row, value=round(value, 3), doubtful='; '.join(doubts)))
    return rows


def _row(paper: PaperCell, found: Dict[str, Any], judged: Tuple[str, str],
         cell: Optional[Dict[str, Any]]) -> Dict[str, Any]:
    said, reason = judged
    if said == NOT_RUN:
        reason = why_not_run(cell) if cell else NOT_PLANNED
    return dict(
        paper._asdict(),
        **{name: found[name]
           for name in NOTHING},
        verdict=said,
        reason=reason)


def _place(paper: PaperCell) -> tuple:
    return (paper.table, paper.dataset, paper.imbalance_factor, paper.model,
            paper.method, paper.metric, paper.split)
