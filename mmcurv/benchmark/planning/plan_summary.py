# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What all runs of a plan come to, for the terminal."""
from typing import List, Optional, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from mmcurv.audit.report.numbers import clean, plural
from mmcurv.benchmark.running.time_left import duration
from mmcurv.benchmark.states.run_state import OPEN
from .plan_cells import PlanRun, Total, total
from .plan_table import STYLES, states_text

TROUBLE = ('failed', 'unreadable', 'other run')


def plan_summary(runs: Sequence[PlanRun],
                 speed: Optional[str] = None) -> RenderableType:
    """Totals, where the times come from, and what went wrong.

    Args:
        runs (Sequence[PlanRun]): Of all matrices.
        speed (str, optional): Sentence on the machine's speed. Defaults to
            None, where no estimate needed it.

    Returns:
        RenderableType: Lines of text.
    """
    summed = total(runs)
    lines = [
        Text.assemble((f'{plural(len(runs), "run")}: ', 'bold'),
                      states_text(summed.states))
    ]
    if summed.open:
        lines.append(Text(_time_sentence(summed)))
    sources = [
        run.estimate.source for run in runs
        if run.state.kind in OPEN and run.estimate.source
    ]
    if sources:
        parts = [
            f'{sources.count(source):,} from {source}'
            for source in dict.fromkeys(sources)
        ]
        lines.append(Text(f'Times: {", ".join(parts)}.'))
    if speed:
        lines.append(Text(speed))
    return Group(*lines, *_troubles(runs))


def _time_sentence(summed: Total) -> str:
    known = summed.open - summed.unknown
    text = f'{plural(summed.open, "run")} to train: '
    if not known:
        return f'{text}their time is not known.'
    text += f'about {duration(summed.seconds)}, one after another'
    if summed.unknown:
        text += f', and {plural(summed.unknown, "run")} of unknown time'
    return f'{text}.'


def _troubles(runs: Sequence[PlanRun]) -> List[Text]:
    lines = []
    for run in runs:
        if run.state.kind not in TROUBLE:
            continue
        label = run.state.kind.upper()
        lines.append(
            Text.assemble(('\n' + label, STYLES[run.state.kind]),
                          f' {clean(run.spec.matrix)}: {run.spec.name}'))
        details = [('Reason', run.state.reason), ('Log', run.state.log),
                   ('Folder', run.spec.folder)]
        lines += [
            Text(f'  {name}: {clean(text, 1000)}') for name, text in details
            if text and not (name == 'Folder' and run.state.log)
        ]
    return lines
