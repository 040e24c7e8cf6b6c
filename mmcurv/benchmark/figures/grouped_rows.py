# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Rows of a figure under headings, from top to bottom."""
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from matplotlib.figure import Figure

from mmcurv.audit.report.numbers import clean
from mmcurv.audit.report.style import INK, panels

ROW = 0.22  # inches
WIDEST = 44  # characters


class GroupedRows(NamedTuple):
    """Where each row lies.

    Attributes:
        places (dict): (heading, label) to its height, 0 for the first line.
        ticks (list[tuple]): Height, text, and whether it is a heading.
    """
    places: Dict[Tuple[str, str], int]
    ticks: List[Tuple[int, str, bool]]


def group_rows(rows: Sequence[Tuple[str, str]]) -> GroupedRows:
    """Give each row a line under its heading.

    Args:
        rows (Sequence[tuple]): Heading and label of each; the same pair comes
            once.

    Returns:
        GroupedRows: In the order in which headings and labels come first.
    """
    places, ticks = {}, []
    for heading in dict.fromkeys(heading for heading, _ in rows):
        ticks.append((len(ticks), heading, True))
        for row in dict.fromkeys(row for row in rows if row[0] == heading):
            places[row] = len(ticks)
            ticks.append((len(ticks), row[1], False))
    return GroupedRows(places, ticks)


def row_panels(rows: GroupedRows, columns: int,
               width: float) -> Tuple[Figure, np.ndarray]:
    """Axes beside each other that share the rows, named at the left.

    Args:
        rows (GroupedRows): The lines.
        columns (int): Number of axes.
        width (float): Of one of them, in inches.

    Returns:
        tuple: Figure and axes (1, columns).
    """
    height = ROW * len(rows.ticks) + 1
    figure, axes = panels(1, columns, width, height)
    at = [place for place, _, _ in rows.ticks]
    for i, axis in enumerate(axes.flat):
        texts = [clean(text, WIDEST) if i == 0 else '' for _, text, _ in
                 rows.ticks]  # yapf: disable
        axis.set_yticks(at, texts, parse_math=False)
        axis.set_ylim(len(at) - 0.4, -0.6)
        axis.grid(False, axis='y')
        axis.spines['left'].set_visible(False)
    for label, (_, _, heading) in zip(axes[0, 0].get_yticklabels(),
                                      rows.ticks):
        if heading:
            label.set(weight='bold', color=INK)
    return figure, axes
