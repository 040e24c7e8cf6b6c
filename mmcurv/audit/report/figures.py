# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of an audit and of a comparison, from their records.

Each function takes the record and returns (figure, axes). What a figure shows
stands in words in its label, for those who cannot see it.
"""
from typing import Dict, List, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter, ScalarFormatter

from mmcurv.numbers import (ABSENT, MEASURES, MOVED, clean, column, count,
                            holm_floor, interval, is_known, number, p_value,
                            percent, plural, points, signed, with_unit)
from .style import (ACCENT, ALERT, MUTED, panel, save_figure, set_heading,
                    set_legend)

Drawn = Tuple[Figure, Axes]

OFF_TREND = 2.  # residuals beyond this many standard deviations are named
NAMED = 6  # names that fit into a small panel
TOO_NEAR = (0.35, 0.055)  # width and height of a name, fractions of a panel
RASTER_ABOVE = 1500  # dots that would make a drawing slow to show
LAYER_COLORS = dict(curvature=ALERT, separation=ACCENT, neighbor_purity=MUTED)
OUTCOME_COLORS = {'gained': ACCENT, 'paid': ALERT, 'unclear': MUTED}


def audit_figures(audit: dict) -> Dict[str, Drawn]:
    """Every figure that an audit has the numbers for.

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
    if len(audit.get('layers') or {}) > 1:
        figures['layers'] = plot_layers(audit)
    if (audit.get('diagnosis') or {}).get('rows'):
        figures['diagnosis'] = plot_diagnosis(audit)
    return figures


def comparison_figures(comparison: dict) -> Dict[str, Drawn]:
    """Every figure that a comparison has the numbers for.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        dict: Name to (figure, axes).
    """
    figures = dict(
        sorted_change=plot_sorted_change(comparison),
        accuracy=plot_before_after(comparison))
    for measure in moved_measures(comparison):
        figures[measure] = plot_moved(comparison, measure)
    return figures


def write_figures(figures: Dict[str, Drawn], folder: str) -> List[str]:
    """Write figures as PNG and SVG; the page needs no such files.

    Args:
        figures (dict): Of :func:`audit_figures`.
        folder (str): Made if it is missing.

    Returns:
        list[str]: Paths of the files.
    """
    return [
        path for name, (figure, _) in figures.items()
        for path in save_figure(figure, folder, name)
    ]


def drawn_measures(audit: dict) -> List[str]:
    """Measures that differ between classes of known accuracy, in order.

    The curvature has a logarithmic axis, so that its logarithm is not drawn.
    """
    known = np.isfinite(column(audit, 'accuracy'))
    drawn = []
    for key in MEASURES:
        if key == 'log_curvature' and 'curvature' in drawn:
            continue
        values = column(audit, key)[known]
        if np.unique(values[np.isfinite(values)]).size > 1:
            drawn.append(key)
    return drawn


def plot_measure(audit: dict, measure: str) -> Drawn:
    """One measure of every class against its accuracy.

    Classes off the trend of curvature and accuracy are marked, and named in
    the panels of the curvature.

    Args:
        audit (dict): Audit record.
        measure (str): A measure that it holds.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.9, 3.1)
    x, y = column(audit, measure), column(audit, 'accuracy')
    label = MEASURES[measure].label
    known = np.isfinite(x + y)
    if MEASURES[measure].logarithmic and (x[known] > 0).all():
        axes.set_xscale('log')
        if measure == 'train_count':
            axes.xaxis.set_major_formatter(ScalarFormatter())
            axes.xaxis.set_minor_formatter(NullFormatter())
    surprise = np.abs(column(audit, 'off_trend'))
    off = surprise >= OFF_TREND
    _draw_dots(axes, x[~off], y[~off], ACCENT)
    _draw_dots(axes, x[off], y[off], ALERT)
    if measure in ('curvature', 'log_curvature'):
        places = np.flatnonzero(off)
        places = places[np.argsort(-surprise[places], kind='stable')]
        _name_dots(axes, audit['classes'], places, x, y, ALERT)
    note = _correlation_note((audit.get('correlation') or {}).get(measure)
                             or {})
    set_heading(axes, label, note)
    axes.set_xlabel(with_unit(MEASURES[measure]))
    axes.set_ylabel('Accuracy')
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.set_label(
        f'{label} and accuracy of {_classes(known.sum())}: {label.lower()} '
        f'from {_range(x[known], number)}, accuracy from '
        f'{_range(y[known], percent)}. {note}'.replace('\n', '; '))
    return figure, axes


def _correlation_note(found: dict) -> str:
    if not is_known(found.get('spearman')):
        return ''
    ends = interval(
        found.get('spearman_low'), found.get('spearman_high'), signed)
    note = f'Spearman {signed(found["spearman"])}'
    if ends != ABSENT:
        note += f' ({ends})'
    if is_known(found.get('holm_p')):
        note += f', Holm {p_value(found["holm_p"], holm_floor(found))}'
    if is_known(found.get('partial_spearman')):
        given = ', '.join(
            MEASURES[key].label.lower() if key in MEASURES else key
            for key in found.get('given') or ['training images'])
        note += f'\ngiven {given}: {signed(found["partial_spearman"])}'
    return note


def plot_sorted_accuracy(audit: dict) -> Drawn:
    """Accuracy of every class, best first, with its Wilson interval.

    Args:
        audit (dict): Audit record.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    accuracy = column(audit, 'accuracy')
    _draw_sorted(axes, accuracy, column(audit, 'wilson_low'),
                 column(audit, 'wilson_high'),
                 np.argsort(-accuracy, kind='stable'),
                 '95 % Wilson interval of each class, over its images')
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
    known = accuracy[np.isfinite(accuracy)]
    figure.set_label(
        f'Accuracy of {_classes(known.size)} from best to worst, '
        f'{_range(known, percent)}, class mean {percent(mean)}. The '
        'same numbers stand in the table of classes.')
    return figure, axes


def plot_calibration(audit: dict, group: str) -> Drawn:
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
    figure.set_label(f'Calibration, {clean(group, 40)}: ' + ', '.join(
        f'{percent(b["accuracy"])} right at confidence '
        f'{percent(b["confidence"])} ({plural(b["count"], "image")})'
        for b in bins) + '.')
    return figure, axes


def plot_layers(audit: dict) -> Drawn:
    """Correlation of each measure with accuracy, layer by layer.

    Args:
        audit (dict): Audit record with ``layers``.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    layers = list(audit['layers'])
    for measure, color in LAYER_COLORS.items():
        values = [
            ((audit['layers'][layer].get('correlation') or {}).get(measure)
             or {}).get('spearman') for layer in layers
        ]
        if not any(map(is_known, values)):
            continue
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
    axes.set_ylabel('Spearman ρ')
    set_legend(axes)
    figure.set_label(
        'Spearman correlation of the measures with class accuracy at '
        f'{plural(len(layers), "layer")}; the table below has its numbers.')
    return figure, axes


def plot_diagnosis(audit: dict) -> Drawn:
    """Correlation of curvature and accuracy over k, under all settings.

    Args:
        audit (dict): Audit record with ``diagnosis``.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    rows = [
        row for row in audit['diagnosis']['rows']
        if is_known(row.get('spearman'))
    ]
    ks = sorted({row['k'] for row in rows})
    at = [[row['spearman'] for row in rows if row['k'] == k] for k in ks]
    default = next((row for row in rows if row.get('is_default')), None)
    axes.fill_between(
        ks, [min(values) for values in at], [max(values) for values in at],
        color=ACCENT,
        alpha=0.22,
        linewidth=0,
        label='from the lowest to the highest setting')
    axes.plot(
        ks, [np.median(values) for values in at],
        color=ACCENT,
        marker='o',
        markersize=4,
        label='median of the settings')
    if default:
        axes.plot([default['k']], [default['spearman']],
                  'D',
                  color=ALERT,
                  markersize=6,
                  label='default')
    axes.axhline(0, color=MUTED, linewidth=0.9)
    axes.set_ylim(-1, 1)
    set_heading(axes, 'Curvature and accuracy, by neighbours k')
    axes.set_xlabel('Neighbours k')
    axes.set_ylabel('Spearman ρ')
    set_legend(axes)
    figure.set_label(
        'Spearman correlation of curvature and class accuracy over k, under '
        f'{plural(len(rows), "setting")}: ' +
        '; '.join(f'k = {k} from {interval(min(values), max(values), signed)}'
                  for k, values in zip(ks, at)) + '.')
    return figure, axes


def plot_sorted_change(comparison: dict) -> Drawn:
    """Change of every class accuracy with its interval, lowest first.

    Args:
        comparison (dict): Record of :func:`mmcurv.audit.compare.compare`.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(8, 3.1)
    change = column(comparison, 'change')
    _draw_sorted(axes, change, column(comparison, 'low'),
                 column(comparison, 'high'), np.argsort(change, kind='stable'),
                 '95 % interval of each class, over its images')
    axes.axhline(0, color=MUTED, linewidth=0.9)
    set_heading(axes, 'Change of class accuracy, largest loss to largest gain')
    axes.set_xlabel('Classes in order of change')
    axes.set_ylabel('B − A')
    set_legend(axes, 'upper left')
    known = change[np.isfinite(change)]
    figure.set_label(
        f'Change of the accuracy of {_classes(known.size)}, from '
        f'{_range(known, points)} points. The same numbers stand in the '
        'table of classes.')
    return figure, axes


def plot_before_after(comparison: dict) -> Drawn:
    """Accuracy of every class in B against that in A.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.9, 3.1)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, dashes=(4, 3))
    x, y = (column(comparison, f'accuracy_{side}') for side in 'ab')
    _draw_outcomes(axes, comparison, x, y)
    set_heading(axes, 'Accuracy in A and B')
    axes.set_xlabel('Accuracy in A')
    axes.set_ylabel('Accuracy in B')
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    known = np.isfinite(x + y)
    figure.set_label(
        f'Accuracy of {_classes(known.sum())} in A, '
        f'{_range(x[known], percent)}, and in B, {_range(y[known], percent)}; '
        f'{int((y > x).sum()):,} are higher in B, {int((y < x).sum()):,} '
        'lower.')
    return figure, axes


def moved_measures(comparison: dict) -> List[str]:
    """Measures whose change is known for some class of known change."""
    change = column(comparison, 'change')
    return [
        measure for measure in MOVED
        if measure in comparison['geometry'] and np.isfinite(
            column(comparison, f'{measure}_change') + change).any()
    ]


def plot_moved(comparison: dict, measure: str) -> Drawn:
    """Change of a measure of every class against its change of accuracy.

    Args:
        comparison (dict): Record of a comparison.
        measure (str): One of :func:`moved_measures`.

    Returns:
        tuple: Figure and its axes.
    """
    figure, axes = panel(3.9, 3.1)
    x, y = (column(comparison, key) for key in (f'{measure}_change', 'change'))
    axes.axhline(0, color=MUTED, linewidth=0.9)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    _draw_outcomes(axes, comparison, x, y)
    note = _correlation_note(comparison['geometry'][measure])
    label = MEASURES[measure].label
    set_heading(axes, f'{label} and accuracy', note)
    axes.set_xlabel(f'Change of {label.lower()}')
    axes.set_ylabel('Change of accuracy')
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    known = np.isfinite(x + y)
    figure.set_label(
        f'Change of {label.lower()}, {_range(x[known], number)}, and of '
        f'accuracy, {_range(100 * y[known], number)} points, of '
        f'{_classes(known.sum())}. {note}')
    return figure, axes


def _draw_outcomes(axes: Axes, comparison: dict, x: np.ndarray,
                   y: np.ndarray) -> None:
    rows = comparison['classes']
    _draw_dots(axes, x, y,
               [OUTCOME_COLORS.get(row['outcome'], MUTED) for row in rows])
    size = [abs(row['change'] or 0) for row in rows]
    for outcome in ('gained', 'paid'):
        places = [c for c, row in enumerate(rows) if row['outcome'] == outcome]
        places.sort(key=lambda c: -size[c])
        _name_dots(axes, rows, places[:NAMED // 2], x, y,
                   OUTCOME_COLORS[outcome])


def _draw_dots(axes: Axes, x: np.ndarray, y: np.ndarray, color) -> None:
    """One dot for each class, (C,) both; one colour, or one of each."""
    many = len(x) > RASTER_ABOVE
    axes.scatter(
        x,
        y,
        s=3 if many else 14,
        c=[color] * len(x) if isinstance(color, str) else color,
        alpha=0.4 if many else 0.75,
        linewidth=0,
        rasterized=many)


def _name_dots(axes: Axes, rows: Sequence[dict], places: Sequence[int],
               x: np.ndarray, y: np.ndarray, color: str) -> None:
    """Names beside dots, where there is room; the first of ``places`` first.

    Up to ``NAMED``, without those whose name would lie on another.
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


def _draw_sorted(axes: Axes, values: np.ndarray, low: np.ndarray,
                 high: np.ndarray, order: np.ndarray, label: str) -> None:
    """Fractions (C,) class by class in an order, with their intervals."""
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


def _classes(size: int) -> str:
    return plural(int(size), 'class', 'classes')


def _range(values: np.ndarray, show) -> str:
    return interval(values.min(), values.max(),
                    show) if values.size else ('unknown')
