# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What configs need, as a table for the terminal."""
import os.path as osp
from typing import Dict, Optional, Sequence, Tuple

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mmcurv.audit.report.numbers import ABSENT, count, number
from .cost_estimate import CostEstimate

PUBLISHED = '*'
COUNTED = (
    'Multiply-adds: one image, forward; convolutions and matrix products. '
    'Pool, cache and work: bytes of each process, beside weights, gradients, '
    'optimizer state and activations; work is the search for neighbours, at '
    'most. CR of a step: distances, Gram matrices, eigenvectors and fit, over '
    'these and three forward passes of the batch; operations, not time.')
TOTAL = (f'{PUBLISHED} From the published total, not from the data: with '
         'classes all alike, the least that CR can cost. --read-data counts.')
UNKNOWN = (f'{ABSENT} of the data: the classes are known only from the files. '
           '--read-data counts them.')
NO_MODEL = (f'{ABSENT} of the model: the config has none, or it cannot be '
            'built, which training it will explain.')


def cost_table(costs: Sequence[Tuple[str, CostEstimate]]) -> RenderableType:
    """One line for each config.

    Args:
        costs (Sequence[tuple[str, CostEstimate]]): Paths of configs and what
            they need.

    Returns:
        RenderableType: A table, and below it what was counted.
    """
    rows = [_row(*cost) for cost in costs]
    table = Table(box=box.SIMPLE_HEAD)
    for name in rows[0] if rows else ():
        left = name == 'Config'
        table.add_column(
            name,
            justify='left' if left else 'right',
            overflow='fold',
            no_wrap=not left)
    for row in rows:
        table.add_row(*row.values())
    notes = [COUNTED]
    data = [cost.data for _, cost in costs]
    if any(one and one.counts is None for one in data):
        notes.append(TOTAL)
    if None in data:
        notes.append(UNKNOWN)
    if any(cost.model is None for _, cost in costs):
        notes.append(NO_MODEL)
    return Group(table, *(Text(note, style='dim') for note in notes))


def bytes_text(size: Optional[int]) -> str:
    """Bytes as people read them, '945 MB'."""
    if size is None:
        return ABSENT
    for unit in ('B', 'kB', 'MB'):
        if size < 1000:
            return f'{number(size)} {unit}'
        size = size / 1000
    return f'{number(size)} GB'


def share_text(share: Optional[float]) -> str:
    """A small fraction in per cent, '0.041 %'."""
    return ABSENT if share is None else f'{number(100 * share, 2)}\u00a0%'


def _row(path: str, cost: CostEstimate) -> Dict[str, str]:
    model, data, memory = cost.model, cost.data, cost.memory
    mark = PUBLISHED if data and data.counts is None else ''
    added = model and model.multiply_adds
    least = '≥\u00a0' if mark and cost.share else ''
    without = '' if cost.regularized else 'no CR'
    return {
        'Config': osp.splitext(osp.basename(path))[0],
        'Parameters': count(model and model.parameters),
        'Multiply-adds': f'{added / 1e6:,.0f}\u00a0M' if added else ABSENT,
        'Images': count(data and data.images) + mark,
        'Classes': count(data and data.classes),
        'Pool': without or bytes_text(memory and memory.pool),
        'Cache': '' if without else bytes_text(memory and memory.cache),
        'Work': '' if without else bytes_text(memory and memory.work),
        'CR of a step': '' if without else least + share_text(cost.share),
    }
