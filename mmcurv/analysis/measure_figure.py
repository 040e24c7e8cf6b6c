# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A measure of every class against its accuracy."""
from typing import List, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter, ScalarFormatter

from .class_dots import draw_dots, name_dots
from .figure_style import panel, set_heading
from .measures import MEASURES, column, with_unit
from .palette import ACCENT, ALERT
from .words import interval, is_known, p_value, signed

OFF_TREND = 2.  # residuals beyond this many standard deviations are named


def drawn_measures(audit: dict) -> List[str]:
    """Measures that differ between classes of known accuracy, in order."""
    known = np.isfinite(column(audit, 'accuracy'))
    drawn = []
    for key in MEASURES:
        values = column(audit, key)[known]
        if np.unique(values[np.isfinite(values)]).size > 1:
            drawn.append(key)
    return drawn


def plot_measure(audit: dict, measure: str) -> Tuple[Figure, Axes]:
    """One measure of every class against its accuracy.

    Classes off the trend of curvature and accuracy are marked, and named in
    the panels of curvature.

    Args:
        audit (dict): Audit record.
        measure (str): One of :data:`mmcurv.analysis.measures.MEASURES`.

    Returns:
        tuple: Figure and its axes.

    Raises:
        KeyError: If the measure is unknown.
    """
    figure, axes = panel(3.9, 3.2)
    x, y = column(audit, measure), column(audit, 'accuracy')
    if MEASURES[measure].logarithmic:
        x = np.where(x > 0, x, np.nan)
        axes.set_xscale('log')
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
    surprise = np.abs(column(audit, 'off_trend'))
    off = surprise >= OFF_TREND
    draw_dots(axes, x[~off], y[~off], ACCENT)
    draw_dots(axes, x[off], y[off], ALERT)
    if measure in ('curvature', 'log_curvature'):
        places = np.flatnonzero(off)
        places = places[np.argsort(-surprise[places], kind='stable')]
        name_dots(axes, audit['classes'], places, x, y, ALERT)
    found = (audit.get('correlation') or {}).get(measure) or {}
    set_heading(axes, MEASURES[measure].label, _correlation_note(found))
    axes.set_xlabel(with_unit(MEASURES[measure]))
    axes.set_ylabel('Accuracy')
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure, axes


def _correlation_note(found: dict) -> str:
    if not is_known(found.get('pearson')):
        return ''
    kinds = ('pearson', 'spearman')
    lines = []
    for kind in kinds:
        ends = interval(
            found.get(f'{kind}_low'), found.get(f'{kind}_high'), signed)
        lines.append(f'{kind.title()} {signed(found.get(kind))} ({ends}), '
                     f'{p_value(found.get(f"{kind}_p"))}')
    partial = [found.get(f'partial_{kind}') for kind in kinds]
    if is_known(partial[0]):
        values = ' and '.join(map(signed, partial))
        lines.append(f'given log training count: {values}')
    return '\n'.join(lines)
