# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of an audit; each takes the record and returns (figure, axes)."""
import os.path as osp
from typing import Dict, List, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter, ScalarFormatter

from .figure_style import panel, save_figure, set_heading, set_legend
from .measures import MEASURES, column, with_unit
from .palette import ACCENT, ALERT, MUTED
from .study_figures import study_figures
from .words import clean, count, interval, is_known, probability, signed

OFF_TREND = 2.  # residuals beyond this many standard deviations are named
NAMED = 6  # names that fit into a small panel
RASTER_ABOVE = 1500  # dots that would make a drawing slow to show


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
    figure, axes = panel(3.9, 3.1)
    x, y = column(audit, measure), column(audit, 'accuracy')
    if MEASURES[measure].logarithmic:
        x = np.where(x > 0, x, np.nan)
        axes.set_xscale('log')
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
    with np.errstate(invalid='ignore'):
        off = np.abs(column(audit, 'off_trend')) >= OFF_TREND
    _dots(axes, x[~off], y[~off], ACCENT)
    _dots(axes, x[off], y[off], ALERT)
    if measure in ('curvature', 'log_curvature'):
        _name_classes(axes, audit, off, x, y)
    found = (audit.get('correlation') or {}).get(measure) or {}
    set_heading(axes, MEASURES[measure].label, _correlation_note(found))
    axes.set_xlabel(with_unit(MEASURES[measure]))
    axes.set_ylabel('Accuracy')
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure, axes


def plot_sorted_accuracy(audit: dict) -> Tuple[Figure, Axes]:
    """Accuracy of every class, best first, with its Wilson interval.

    Args:
        audit (dict): Audit record.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    accuracy = column(audit, 'accuracy')
    order = np.argsort(-accuracy, kind='stable')
    order = order[np.isfinite(accuracy[order])]
    place = np.arange(1, len(order) + 1)
    low, high = (
        column(audit, f'wilson_{end}')[order] for end in ('low', 'high'))
    if np.isfinite(low).any():
        axes.fill_between(
            place,
            low,
            high,
            step='mid',
            color=ACCENT,
            alpha=0.22,
            linewidth=0,
            rasterized=len(order) > RASTER_ABOVE,
            label='95 % Wilson interval of each class')
    axes.step(place, accuracy[order], where='mid', color=ACCENT, linewidth=1.5)
    mean = audit['summary']['class_mean']['value']
    if mean is not None:
        axes.axhline(
            mean,
            color=MUTED,
            linewidth=0.9,
            linestyle=(0, (4, 3)),
            label=f'class mean {100 * mean:.1f} %')
    axes.set_ylim(0, 1)
    axes.set_xlim(0.5, max(len(order), 1) + 0.5)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    set_heading(axes, 'Accuracy of the classes, best to worst')
    axes.set_xlabel('Classes in order of accuracy')
    axes.set_ylabel('Accuracy')
    set_legend(axes, 'lower left')
    return figure, axes


def plot_calibration(audit: dict, group: str) -> Tuple[Figure, Axes]:
    """Accuracy of the predictions against the confidence they came with.

    Args:
        audit (dict): Audit record with ``calibration``.
        group (str): A group that it holds.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.2, 3.2)
    found = audit['calibration'][group]
    bins = [b for b in found['bins'] if b['count']]
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, dashes=(4, 3))
    axes.plot([b['confidence'] for b in bins], [b['accuracy'] for b in bins],
              color=ACCENT,
              marker='o',
              markersize=4,
              linewidth=1.5)
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    ece = found.get('ece')
    error = '' if ece is None else f', ECE {100 * ece:.1f} %'
    set_heading(axes, f'{group.title()}{error}')
    axes.set_xlabel(f'Confidence ({count(found.get("entered"))} images)')
    axes.set_ylabel('Accuracy')
    return figure, axes


def all_figures(audit: dict) -> Dict[str, Tuple[Figure, Axes]]:
    """Every figure that the record has the numbers for.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: File name without ending to (figure, axes).
    """
    figures = {
        f'accuracy_by_{measure}': plot_measure(audit, measure)
        for measure in drawn_measures(audit)
    }
    figures['sorted_accuracy'] = plot_sorted_accuracy(audit)
    for group, found in (audit.get('calibration') or {}).items():
        if found:
            figures[f'calibration_{group}'] = plot_calibration(audit, group)
    figures.update(study_figures(audit))
    return figures


def write_figures(audit: dict, out_dir: str) -> List[str]:
    """Draw every figure as PNG and SVG.

    Args:
        audit (dict): Audit record.
        out_dir (str): The audit's folder; the files go to its ``figures``.

    Returns:
        list[str]: Paths of the files.
    """
    folder = osp.join(out_dir, 'figures')
    return [
        path for name, (figure, _) in all_figures(audit).items()
        for path in save_figure(figure, folder, name)
    ]


def _correlation_note(found: dict) -> str:
    if not is_known(found.get('pearson')):
        return ''
    lines = []
    for kind in ('pearson', 'spearman'):
        ends = interval(
            found.get(f'{kind}_low'), found.get(f'{kind}_high'), signed)
        text = (f'{kind.title()} {signed(found.get(kind))} ({ends}), '
                f'p {probability(found.get(f"{kind}_p"))}')
        if is_known(found.get(f'partial_{kind}')):
            text += f', given size {signed(found[f"partial_{kind}"])}'
        lines.append(text)
    return '\n'.join(lines)


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray, color: str) -> None:
    many = len(x) > RASTER_ABOVE
    axes.scatter(
        x,
        y,
        s=3 if many else 14,
        color=color,
        alpha=0.4 if many else 0.75,
        linewidth=0,
        rasterized=many)


def _name_classes(axes: Axes, audit: dict, which: np.ndarray, x: np.ndarray,
                  y: np.ndarray) -> None:
    surprise = np.abs(column(audit, 'off_trend'))
    named = np.flatnonzero(which & np.isfinite(x + y))
    named = named[np.argsort(-surprise[named], kind='stable')][:NAMED]
    middle = np.nanmean(axes.get_xlim())
    for c in named:
        left = x[c] > middle
        axes.annotate(
            clean(audit['classes'][c]['name'], 18), (x[c], y[c]),
            xytext=(-5 if left else 5, 0),
            textcoords='offset points',
            ha='right' if left else 'left',
            va='center',
            fontsize=7.5,
            color=ALERT,
            parse_math=False)
