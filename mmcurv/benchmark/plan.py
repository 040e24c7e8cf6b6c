# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How the runs of a matrix stand and how long the rest will take."""
import statistics
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mmcurv.numbers import ABSENT, clean, plural
from .configs import spec_hash
from .matrix import Matrix, RunSpec
from .progress import duration
from .run_folder import STATES, RunState

UNKNOWN = '?'
RIGHT = ('IF', 'Epochs', 'Seed', 'Trained', 'Time left')
SHARED = ('Data', 'IF', 'Model', 'Seeds', 'Epochs')
WRAPPED = dict(Variant=12, State=12)  # to so many characters at least


class PlanRun(NamedTuple):
    """A run, how it stands, and the seconds that it still takes: 0 if no one
    will train it, None if no run of its config has ended yet."""
    spec: RunSpec
    state: RunState
    seconds_left: Optional[float]


def plan_runs(runs: Sequence[RunSpec],
              states: Dict[str, RunState]) -> List[PlanRun]:
    """Say what runs take: as long as ended runs of the same config, in the
    mean, branches as long as such from the same epoch. ``states`` are those of
    these runs and others, by folder."""
    took: Dict[tuple, List[float]] = {}
    for run in runs:
        state = states[run.folder]
        if state.kind == 'done':
            took.setdefault(_training(run), []).append(state.seconds)
    return [
        PlanRun(run, states[run.folder],
                _seconds_left(run, states[run.folder], took)) for run in runs
    ]


def _seconds_left(run: RunSpec, state: RunState,
                  took: Dict[tuple, List[float]]) -> Optional[float]:
    if not STATES[state.kind].is_open:
        return 0.
    ended = took.get(_training(run))
    if ended is None or (state.epoch and not state.epochs):
        return None
    begin = run.branch.epoch if run.branch else 0
    share = (state.epoch - begin) / (state.epochs -
                                     begin) if state.epoch else 0.
    return statistics.fmean(ended) * max(0., 1 - share)


def _training(run: RunSpec) -> tuple:
    return spec_hash(run), run.branch and run.branch.epoch


def plan_table(matrix: Matrix,
               runs: Sequence[PlanRun],
               by_run: bool = False) -> RenderableType:
    """One line for each cell of a matrix, or for each run; what all lines
    share stands above."""
    groups: Dict[Any, List[PlanRun]] = {}
    for run in runs:
        key = run.spec.folder if by_run else run.spec.cell
        groups.setdefault(key, []).append(run)
    rows = []
    for own in groups.values():
        state, spec = own[0].state, own[0].spec
        epochs = dict.fromkeys(run.state.epochs for run in own)
        factor = spec.imbalance_factor
        row: Dict[str, Any] = {
            'Method': clean(spec.method + (' + CR' if spec.cr else '')),
            'Data': clean(spec.dataset),
            'IF': '' if factor is None else f'{factor:g}',
            'Model': clean(spec.model),
            'Variant': clean(spec.variant)
        }
        if by_run:
            row['Seed'] = str(spec.seed)
            row['Trained'] = f'{state.epoch or 0} of {state.epochs}' if (
                state.epochs) else ABSENT
            look = STATES[state.kind]
            row['State'] = Text(look.words, style=look.style)
        else:
            row['Seeds'] = number_ranges([run.spec.seed for run in own])
            row['Epochs'] = ', '.join(
                ABSENT if n is None else str(n) for n in epochs)
            row['State'] = _states_text(own)
        rows.append(dict(row, **{'Time left': _time_text(own)}))
    return _table(matrix, rows)


def plan_summary(runs: Sequence[PlanRun]) -> RenderableType:
    """Totals, where the times come from, and what went wrong."""
    lines = [
        Text.assemble((f'{plural(len(runs), "run")}: ', 'bold'),
                      _states_text(runs))
    ]
    left = [run.seconds_left for run in runs if STATES[run.state.kind].is_open]
    known = [seconds for seconds in left if seconds is not None]
    if left:
        text = f'{plural(len(left), "run")} to train: '
        if not known:
            text += 'their time is not known, as no run of a config of theirs'
            text += ' has ended.'
        else:
            text += f'about {duration(sum(known))}, one after another, as '
            text += 'long as ended runs of the same config'
            if len(known) < len(left):
                text += (f', and {plural(len(left) - len(known), "run")} of '
                         'unknown time')
            text += '.'
        lines.append(Text(text))
    for run in runs:
        look = STATES[run.state.kind]
        if not look.is_trouble:
            continue
        lines.append(
            Text.assemble((f'\n{look.words.upper()}', look.style),
                          f' {clean(run.spec.matrix)}: {run.spec.name}'))
        place = (('Log', run.state.log) if run.state.log else
                 ('Folder', run.spec.folder))
        lines += [
            Text(f'  {name}: {clean(text, 1000)}')
            for name, text in (('Reason', run.state.reason), place) if text
        ]
    return Group(*lines)


def number_ranges(numbers: Sequence[int]) -> str:
    """Whole numbers with neighbours joined, in ascending order: '0–2, 5'."""
    spans: List[List[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ', '.join(
        str(first) if first == last else f'{first}–{last}'
        for first, last in spans)


def _states_text(runs: Sequence[PlanRun]) -> Text:
    """'2 done, 1 failed' in colours."""
    kinds = [run.state.kind for run in runs]
    return Text(', ').join(
        Text(f'{kinds.count(kind):,} {state.words}', style=state.style)
        for kind, state in STATES.items() if kind in kinds)


def _time_text(runs: Sequence[PlanRun]) -> str:
    """Time left, '> 2 h 0 min' if only a part of it is known."""
    left = [run.seconds_left for run in runs if STATES[run.state.kind].is_open]
    known = [seconds for seconds in left if seconds is not None]
    if not known:
        return UNKNOWN if left else ABSENT
    text = duration(sum(known))
    return text if len(known) == len(left) else f'> {text}'


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
