# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How the runs of a matrix stand, as a table for the terminal."""
from typing import Any, Dict, Iterable, List, Optional, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mmcurv.audit.report.numbers import ABSENT, clean
from mmcurv.benchmark.matrix import Matrix
from mmcurv.benchmark.running.time_left import duration
from .plan_cells import PlanRun, Total, by_cell, number_ranges, total

UNKNOWN = '?'
STYLES = {
    'done': 'green',
    'running': 'cyan',
    'partial': 'yellow',
    'failed': 'bold red',
    'unreadable': 'bold red',
    'other run': 'bold red',
    'missing': '',
    'no config': 'dim'
}
MEMORY = 'Pool + weights'
RIGHT = ('IF', 'Epochs', 'Seed', 'Trained', 'Time left', MEMORY)
SHARED = ('Data', 'IF', 'Model', 'Seeds', 'Epochs')
WRAPPED = dict(Variant=12, State=12)  # to so many characters at least


def cell_table(matrix: Matrix, runs: Sequence[PlanRun]) -> RenderableType:
    """One line for each cell of a matrix.

    Args:
        matrix (Matrix): Says the title.
        runs (Sequence[PlanRun]): Some or all of its runs, at least one.

    Returns:
        RenderableType: A table; what all lines share stands above.
    """
    rows = []
    for cell in by_cell(runs):
        summed = total(cell)
        seeds = number_ranges([run.spec.seed for run in cell])
        rows.append({
            **_what(cell[0]), 'Seeds': seeds,
            'Epochs': _epochs(cell),
            'State': states_text(summed.states),
            'Time left': time_text(summed),
            MEMORY: _memory(cell[0], summed)
        })
    return _table(matrix, rows)


def run_table(matrix: Matrix, runs: Sequence[PlanRun]) -> RenderableType:
    """One line for each run of a matrix.

    Args:
        matrix (Matrix): Says the title.
        runs (Sequence[PlanRun]): Some or all of its runs, at least one.

    Returns:
        RenderableType: A table; what all lines share stands above.
    """
    rows = []
    for run in runs:
        state, trained = run.state, ABSENT
        if state.epochs:
            trained = f'{state.epoch or 0} of {state.epochs}'
        rows.append({
            **_what(run), 'Seed': str(run.spec.seed),
            'Trained': trained,
            'State': Text(state.kind, style=STYLES[state.kind]),
            'Time left': time_text(total([run])),
            MEMORY: _memory(run, total([run]))
        })
    return _table(matrix, rows)


def states_text(states: Dict[str, int]) -> Text:
    """'2 done, 1 failed' in colours."""
    parts = [
        Text(f'{count:,} {kind}', style=STYLES[kind])
        for kind, count in states.items()
    ]
    return Text(', ').join(parts)


def time_text(summed: Total) -> str:
    """Time left, '> 2 h 0 min' if only a part of it is known."""
    if summed.unknown == summed.open:
        return UNKNOWN if summed.open else ABSENT
    known = duration(summed.seconds)
    return f'> {known}' if summed.unknown else known


def memory_text(size: Optional[int]) -> str:
    """'1.2 GB'; decimal units, as of disks."""
    if size is None:
        return UNKNOWN
    for unit, factor in (('GB', 1e9), ('MB', 1e6)):
        if size >= factor:
            return f'{size / factor:.1f} {unit}'
    return f'{size / 1e3:.1f} kB'


def _what(run: PlanRun) -> Dict[str, str]:
    spec, factor = run.spec, run.spec.imbalance_factor
    return {
        'Method': clean(spec.method + (' + CR' if spec.cr else '')),
        'Data': clean(spec.dataset),
        'IF': '' if factor is None else f'{factor:g}',
        'Model': clean(spec.model),
        'Variant': clean(spec.variant)
    }


def _memory(run: PlanRun, summed: Total) -> str:
    if run.spec.config is None:
        return ABSENT
    return memory_text(summed.pool_and_weights)


def _epochs(cell: Iterable[PlanRun]) -> str:
    found = dict.fromkeys(run.state.epochs for run in cell)
    return ', '.join(ABSENT if n is None else str(n) for n in found)


def _table(matrix: Matrix, rows: List[Dict[str, Any]]) -> RenderableType:
    shared = [
        name for name in SHARED
        if name in rows[0] and len({row[name]
                                    for row in rows}) == 1
    ]
    columns = [
        name for name in rows[0]
        if name not in shared and any(str(row[name]) for row in rows)
    ]
    told = ', '.join(f'{name} {rows[0][name]}' for name in shared
                     if rows[0][name] not in ('', ABSENT))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in columns:
        table.add_column(
            name,
            justify='right' if name in RIGHT else 'left',
            no_wrap=name not in WRAPPED,
            min_width=WRAPPED.get(name))
    for row in rows:
        cells = [row[name] for name in columns]
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell)
                        for cell in cells))
    return Group(
        Text(clean(matrix.title), style='bold'),
        *map(Text, filter(None, (matrix.file, told))), table)
