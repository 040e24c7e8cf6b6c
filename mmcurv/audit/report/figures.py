# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of an audit; each takes the record and returns (figure, axes)."""
import os.path as osp
from typing import Dict, List, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullFormatter, PercentFormatter, ScalarFormatter

from .numbers import (MEASURES, clean, column, count, interval, is_known,
                      p_value, percent, signed, with_unit)
from .style import (ACCENT, ALERT, INK, MUTED, panel, save_figure, set_heading,
                    set_legend)

NAMED = 6  # names that fit into a small panel
TOO_NEAR = (0.35, 0.055)  # width and height of a name, fractions of a panel
RASTER_ABOVE = 1500  # dots that would make a drawing slow to show


def draw_dots(axes: Axes, x: np.ndarray, y: np.ndarray, color) -> None:
    """One dot for each class; nan is left out.

    Args:
        axes (Axes): Where to draw.
        x (np.ndarray): (C,).
        y (np.ndarray): (C,).
        color (str | list[str]): Of all, or of each.
    """
    many = len(x) > RASTER_ABOVE
    axes.scatter(
        x,
        y,
        s=3 if many else 14,
        c=[color] * len(x) if isinstance(color, str) else color,
        alpha=0.4 if many else 0.75,
        linewidth=0,
        rasterized=many)


def name_dots(axes: Axes, rows: Sequence[dict], places: Sequence[int],
              x: np.ndarray, y: np.ndarray, color: str) -> None:
    """Names beside dots, on the side where there is room.

    Args:
        axes (Axes): With its dots.
        rows (Sequence[dict]): Classes of the record.
        places (Sequence[int]): Which of them, the most important first; up
            to ``NAMED``, without those whose name would lie on another.
        x (np.ndarray): (C,).
        y (np.ndarray): (C,).
        color (str): Of the names.
    """
    to_panel = axes.transData + axes.transAxes.inverted()
    taken = []
    for c in places:
        if len(taken) == NAMED:
            break
        if not np.isfinite(x[c] + y[c]):
            continue
        at = to_panel.transform((x[c], y[c]))  # (2,) fractions of the panel
        if any((np.abs(at - other) < TOO_NEAR).all() for other in taken):
            continue
        taken.append(at)
        left = at[0] > 0.5
        axes.annotate(
            clean(rows[c]['name'], 18), (x[c], y[c]),
            xytext=(-5 if left else 5, 0),
            textcoords='offset points',
            ha='right' if left else 'left',
            va='center',
            fontsize=7.5,
            color=color,
            parse_math=False)


def draw_sorted(axes: Axes, values: np.ndarray, low: np.ndarray,
                high: np.ndarray, order: np.ndarray, label: str) -> None:
    """Draw fractions class by class with their intervals.

    Args:
        axes (Axes): To draw on.
        values (np.ndarray): Shape (C,); unknown classes are left out.
        low (np.ndarray): Lower ends, shape (C,), nan where unknown.
        high (np.ndarray): Upper ends, the same.
        order (np.ndarray): Classes from left to right, shape (C,).
        label (str): What the intervals are.
    """
    order = order[np.isfinite(values[order])]
    place = np.arange(1, len(order) + 1)
    if np.isfinite(low[order]).any():
        axes.fill_between(
            place,
            low[order],
            high[order],
            step='mid',
            color=ACCENT,
            alpha=0.22,
            linewidth=0,
            rasterized=len(order) > RASTER_ABOVE,
            label=label)
    axes.step(place, values[order], where='mid', color=ACCENT, linewidth=1.5)
    axes.set_xlim(0.5, max(len(order), 1) + 0.5)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


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
        measure (str): One of :data:`mmcurv.audit.report.numbers.MEASURES`.

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


VARIANT = ('normal', 'fit', 'reduction', 'scale')
LAYER_COLORS = dict(curvature=ALERT, separation=ACCENT, volume=MUTED)


def diagnosis_variants(audit: dict) -> List[tuple]:
    """The variants that a diagnosis holds, each over all of k and m.

    Args:
        audit (dict): Audit record.

    Returns:
        list[tuple]: Values of ``VARIANT``, in the order of the rows.
    """
    rows = (audit.get('diagnosis') or {}).get('rows', [])
    return list(dict.fromkeys(tuple(map(row.get, VARIANT)) for row in rows))


def rows_of_variant(audit: dict, variant: tuple) -> List[dict]:
    """The settings of one variant.

    Args:
        audit (dict): Audit record with ``diagnosis``.
        variant (tuple): One of :func:`diagnosis_variants`.

    Returns:
        list[dict]: Rows of the record.
    """
    return [
        row for row in audit['diagnosis']['rows']
        if tuple(map(row.get, VARIANT)) == variant
    ]


def variant_name(variant: tuple) -> str:
    """'smallest normal, symmetric fit, mean, raw features'."""
    normal, fit, reduction, scale = (None if value is None else clean(
        value, 24) for value in variant)
    parts = (normal and f'{normal} normal', fit
             and f'{fit} fit', reduction, scale and f'{scale} features')
    return ', '.join(part for part in parts if part)


def plot_diagnosis(audit: dict, variant: tuple) -> Tuple[Figure, Axes]:
    """Correlation of curvature and accuracy over neighbours and dimension.

    Args:
        audit (dict): Audit record with ``diagnosis``.
        variant (tuple): One of :func:`diagnosis_variants`.

    Returns:
        tuple: Figure and its axes.
    """
    rows = rows_of_variant(audit, variant)
    ks = sorted({row['k'] for row in rows})
    ms = sorted({row['tangent_dim'] for row in rows})
    grid = np.full((len(ms), len(ks)), np.nan)
    for row in rows:
        if row.get('pearson') is not None:
            place = ms.index(row['tangent_dim']), ks.index(row['k'])
            grid[place] = row['pearson']
    figure, axes = panel(3.9, 2.6)
    axes.grid(False)
    for (i, j), value in np.ndenumerate(grid):
        # Opacity, not a colour scale: it is read on light and dark paper.
        if np.isfinite(value):
            color = ALERT if value < 0 else ACCENT
            axes.add_patch(
                _cell(j, i, color=color, alpha=0.75 * abs(value), linewidth=0))
        axes.text(
            j,
            i,
            signed(value),
            ha='center',
            va='center',
            fontsize=8,
            color=INK)
    for row in rows:
        if row.get('is_default'):
            place = ks.index(row['k']), ms.index(row['tangent_dim'])
            axes.add_patch(
                _cell(
                    *place,
                    fill=False,
                    edgecolor=INK,
                    linewidth=1.6,
                    clip_on=False))
    axes.set_xlim(-0.5, len(ks) - 0.5)
    axes.set_ylim(len(ms) - 0.5, -0.5)
    axes.set_xticks(range(len(ks)), ks)
    axes.set_yticks(range(len(ms)), ms)
    set_heading(axes, 'Pearson r', variant_name(variant))
    axes.set_xlabel('Neighbours k')
    axes.set_ylabel('Tangent dimension m')
    return figure, axes


def plot_layers(audit: dict) -> Tuple[Figure, Axes]:
    """Correlation of each measure with accuracy, layer by layer.

    Args:
        audit (dict): Audit record with ``layers``.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    layers = list(audit['layers'])
    for measure, color in LAYER_COLORS.items():
        values = [(audit['layers'][layer].get('correlation')
                   or {}).get(measure, {}).get('pearson') for layer in layers]
        axes.plot(
            range(len(layers)),
            np.array(values, float),  # None becomes nan
            color=color,
            marker='o',
            markersize=4,
            label=MEASURES[measure].label)
    names = [clean(layer, 24) for layer in layers]
    axes.set_xticks(range(len(layers)), names, parse_math=False)
    axes.axhline(0, color=MUTED, linewidth=0.9)
    axes.set_ylim(-1, 1)
    set_heading(axes, 'Correlation with accuracy, by layer')
    axes.set_ylabel('Pearson r')
    set_legend(axes)
    return figure, axes


def _cell(column: int, row: int, **look) -> Rectangle:
    return Rectangle((column - 0.5, row - 0.5), 1, 1, **look)


def study_figures(audit: dict) -> Dict[str, Tuple[Figure, Axes]]:
    """The figures of layers and diagnosis, where the record has them.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: File name without ending to (figure, axes).
    """
    figures = {}
    if len(audit.get('layers') or {}) > 1:
        figures['layers'] = plot_layers(audit)
    for variant in diagnosis_variants(audit):
        name = '_'.join(str(part) for part in variant if part is not None)
        figures[f'diagnosis_{name}'] = plot_diagnosis(audit, variant)
    return figures


def plot_sorted_accuracy(audit: dict) -> Tuple[Figure, Axes]:
    """Accuracy of every class, best first, with its Wilson interval.

    Args:
        audit (dict): Audit record.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    accuracy = column(audit, 'accuracy')
    draw_sorted(axes, accuracy, column(audit, 'wilson_low'),
                column(audit, 'wilson_high'),
                np.argsort(-accuracy, kind='stable'),
                '95 % Wilson interval of each class')
    mean = audit['summary']['class_mean']['value']
    if is_known(mean):
        axes.axhline(
            mean,
            color=MUTED,
            linewidth=0.9,
            linestyle=(0, (4, 3)),
            label=f'class mean {100 * mean:.1f} %')
    axes.set_ylim(0, 1)
    set_heading(axes, 'Accuracy of the classes, best to worst')
    axes.set_xlabel('Classes in order of accuracy')
    axes.set_ylabel('Accuracy')
    set_legend(axes, 'upper right')
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
    error = f', ECE {percent(ece)}' if is_known(ece) else ''
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


MOVED = ('log_curvature', 'separation', 'volume')
OUTCOME_COLORS = {
    'gained': ACCENT,
    'paid': ALERT,
    'unclear': MUTED,
    None: MUTED
}


def plot_sorted_change(comparison: dict) -> Tuple[Figure, Axes]:
    """Change of every class accuracy with its interval, lowest first.

    Args:
        comparison (dict): Record of :func:`mmcurv.audit.compare.compare`.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    change = column(comparison, 'change')
    draw_sorted(axes, change, column(comparison, 'low'),
                column(comparison, 'high'), np.argsort(change, kind='stable'),
                '95 % interval of each class')
    axes.axhline(0, color=MUTED, linewidth=0.9)
    set_heading(axes, 'Change of class accuracy, largest loss to largest gain')
    axes.set_xlabel('Classes in order of change')
    axes.set_ylabel('B − A')
    set_legend(axes, 'upper left')
    return figure, axes


def plot_before_after(comparison: dict) -> Tuple[Figure, Axes]:
    """Accuracy of every class in B against that in A.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.9, 3.1)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, dashes=(4, 3))
    x, y = (column(comparison, f'accuracy_{side}') for side in 'ab')
    _dots(axes, comparison, x, y)
    set_heading(axes, 'Accuracy in A and B')
    axes.set_xlabel('Accuracy in A')
    axes.set_ylabel('Accuracy in B')
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure, axes


def plot_moved(comparison: dict, measure: str) -> Tuple[Figure, Axes]:
    """Change of a measure of every class against its change of accuracy.

    Args:
        comparison (dict): Record of a comparison.
        measure (str): One of ``MOVED``.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.9, 3.1)
    x, y = (column(comparison, key) for key in (f'{measure}_change', 'change'))
    axes.axhline(0, color=MUTED, linewidth=0.9)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    _dots(axes, comparison, x, y)
    found = comparison['geometry'][measure]
    note = ''
    if is_known(found['pearson']):
        ends = interval(found['pearson_low'], found['pearson_high'], signed)
        note = (f'Pearson {signed(found["pearson"])} ({ends}), '
                f'{p_value(found["pearson_p"])}')
    label = MEASURES[measure].label
    set_heading(axes, f'{label} and accuracy', note)
    axes.set_xlabel(f'Change of {label.lower()}')
    axes.set_ylabel('Change of accuracy')
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure, axes


def moved_measures(comparison: dict) -> List[str]:
    """Measures whose change is known for some class of known change."""
    change = column(comparison, 'change')
    return [
        measure for measure in MOVED
        if np.isfinite(column(comparison, f'{measure}_change') + change).any()
    ]


def _dots(axes: Axes, comparison: dict, x: np.ndarray, y: np.ndarray) -> None:
    rows = comparison['classes']
    draw_dots(axes, x, y, [OUTCOME_COLORS[row['outcome']] for row in rows])
    size = [abs(row['change'] or 0) for row in rows]
    for outcome in ('gained', 'paid'):
        places = [c for c, row in enumerate(rows) if row['outcome'] == outcome]
        places.sort(key=lambda c: -size[c])
        name_dots(axes, rows, places[:NAMED // 2], x, y,
                  OUTCOME_COLORS[outcome])
