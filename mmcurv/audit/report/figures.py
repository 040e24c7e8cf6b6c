# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of an audit and of a comparison, from their records.

Each function takes the record and returns a chart, which says in words what it
shows, for those who cannot see it.
"""
from typing import Dict, List, Sequence

import numpy as np

from mmcurv.numbers import (ABSENT, MEASURES, MOVED, clean, column, count,
                            holm_floor, interval, is_known, number, p_value,
                            percent, plural, points, signed, with_unit)
from .charts import ACCENT, ALERT, MUTED, Chart, steps, thinned

OFF_TREND = 2.  # residuals beyond this many standard deviations are named
WIDE = dict(width=600, height=250)
HALVES = {0.: '0 %', 0.5: '50 %', 1.: '100 %'}
LAYER_COLORS = dict(curvature=ALERT, separation=ACCENT, neighbor_purity=MUTED)
DIFFICULTY = dict(
    relative_spread='relative spread',
    purity='neighbour purity',
    curvature='curvature',
    loss='mean loss')
SHIFT_METHODS = dict(
    permuted='the same dealt out to the wrong classes',
    logit_adjustment='logit adjustment',
    scaling_for_mean='scaling fitted for the mean',
    scaling_for_worst='scaling fitted for the worst',
    tau_normalization='τ-normalization')
OUTCOME_COLORS = {'gained': ACCENT, 'paid': ALERT, 'unclear': MUTED}


def audit_figures(audit: dict) -> Dict[str, Chart]:
    """Every figure that an audit has the numbers for.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: Name to chart.
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
    if (audit.get('shift') or {}).get('curve'):
        figures['shift'] = plot_shift(audit)
    return figures


def comparison_figures(comparison: dict) -> Dict[str, Chart]:
    """Every figure that a comparison has the numbers for.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        dict: Name to chart.
    """
    figures = dict(
        sorted_change=plot_sorted_change(comparison),
        accuracy=plot_before_after(comparison))
    for measure in moved_measures(comparison):
        figures[measure] = plot_moved(comparison, measure)
    return figures


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


def plot_measure(audit: dict, measure: str) -> Chart:
    """One measure of every class against its accuracy.

    Classes off the trend of curvature and accuracy are marked, and named in
    the panels of the curvature.

    Args:
        audit (dict): Audit record.
        measure (str): A measure that it holds.

    Returns:
        Chart: See there.
    """
    x, y = column(audit, measure), column(audit, 'accuracy')
    label = MEASURES[measure].label
    known = np.isfinite(x + y)
    x, y = np.where(known, x, np.nan), np.where(known, y, np.nan)
    note = _correlation_note((audit.get('correlation') or {}).get(measure)
                             or {})
    chart = Chart(
        label,
        with_unit(MEASURES[measure]),
        'Accuracy',
        x,
        y,
        note,
        log=MEASURES[measure].logarithmic and bool((x[known] > 0).all()),
        y_show=_whole_percent)
    surprise = np.abs(column(audit, 'off_trend'))
    off = surprise >= OFF_TREND
    chart.scatter(x[~off], y[~off], ACCENT)
    chart.scatter(x[off], y[off], ALERT)
    if measure in ('curvature', 'log_curvature'):
        places = np.flatnonzero(off)
        for c in places[np.argsort(-surprise[places], kind='stable')]:
            chart.name(x[c], y[c], audit['classes'][c]['name'], ALERT)
    chart.words = (
        f'{label} and accuracy of {_classes(known.sum())}: {label.lower()} '
        f'from {_range(x[known], number)}, accuracy from '
        f'{_range(y[known], percent)}. {note}'.replace('\n', '; '))
    return chart


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


def plot_sorted_accuracy(audit: dict) -> Chart:
    """Accuracy of every class, best first, with its Wilson interval.

    Args:
        audit (dict): Audit record.

    Returns:
        Chart: See there.
    """
    accuracy = column(audit, 'accuracy')
    chart = _sorted_chart(
        'Accuracy of the classes, best to worst', 'accuracy', 'Accuracy',
        accuracy, column(audit, 'wilson_low'), column(audit, 'wilson_high'),
        np.argsort(-accuracy, kind='stable'),
        '95 % Wilson interval of each class, over its images')
    known = accuracy[np.isfinite(accuracy)]
    mean = audit['summary']['class_mean']['value']
    if is_known(mean):
        chart.line([0.5, max(known.size, 1) + 0.5], [mean, mean], MUTED,
                   f'class mean {100 * mean:.1f} %', True)
    chart.words = (
        f'Accuracy of {_classes(known.size)} from best to worst, '
        f'{_range(known, percent)}, class mean {percent(mean)}. The '
        'same numbers stand in the table of classes.')
    return chart


def plot_calibration(audit: dict, group: str) -> Chart:
    """Accuracy of the predictions against the confidence they came with.

    Args:
        audit (dict): Audit record with ``calibration``.
        group (str): A group that it holds.

    Returns:
        Chart: See there.
    """
    found = audit['calibration'][group]
    bins = [b for b in found['bins'] if b['count']]
    ece = found.get('ece')
    error = f', ECE {percent(ece)}' if is_known(ece) else ''
    ends = np.array([0., 1.])
    chart = Chart(
        f'{clean(group, 40).title()}{error}',
        f'Confidence ({count(found.get("entered"))} images)',
        'Accuracy',
        ends,
        ends,
        x_ticks=HALVES,
        y_show=_whole_percent)
    chart.line(ends, ends, MUTED, dashed=True)
    chart.line([b['confidence'] for b in bins], [b['accuracy'] for b in bins],
               ACCENT,
               markers=True)
    chart.words = f'Calibration, {clean(group, 40)}: ' + ', '.join(
        f'{percent(b["accuracy"])} right at confidence '
        f'{percent(b["confidence"])} ({plural(b["count"], "image")})'
        for b in bins) + '.'
    return chart


def plot_layers(audit: dict) -> Chart:
    """Correlation of each measure with accuracy, layer by layer.

    Args:
        audit (dict): Audit record with ``layers``.

    Returns:
        Chart: See there.
    """
    layers = list(audit['layers'])
    places = np.arange(len(layers), dtype=float)
    chart = Chart(
        'Correlation with accuracy, by layer',
        '',
        'Spearman ρ',
        places,
        np.array([-1., 1.]),
        x_ticks={
            place: clean(layer, 24)
            for place, layer in zip(places, layers)
        },
        **WIDE)
    chart.line(places[[0, -1]], [0, 0], MUTED)
    for measure, color in LAYER_COLORS.items():
        values = [
            ((audit['layers'][layer].get('correlation') or {}).get(measure)
             or {}).get('spearman') for layer in layers
        ]
        if any(map(is_known, values)):  # None becomes nan
            chart.line(
                places,
                np.array(values, float),
                color,
                MEASURES[measure].label,
                markers=True)
    chart.words = (
        'Spearman correlation of the measures with class accuracy at '
        f'{plural(len(layers), "layer")}; the table below has its numbers.')
    return chart


def plot_diagnosis(audit: dict) -> Chart:
    """Correlation of curvature and accuracy over k, under all settings.

    Args:
        audit (dict): Audit record with ``diagnosis``.

    Returns:
        Chart: See there.
    """
    rows = [
        row for row in audit['diagnosis']['rows']
        if is_known(row.get('spearman'))
    ]
    ks = sorted({row['k'] for row in rows})
    at = [[row['spearman'] for row in rows if row['k'] == k] for k in ks]
    default = next((row for row in rows if row.get('is_default')), None)
    chart = Chart(
        'Curvature and accuracy, by neighbours k',
        'Neighbours k',
        'Spearman ρ',
        np.array(ks, float),
        np.array([-1., 1.]),
        x_ticks={float(k): str(k)
                 for k in ks},
        **WIDE)
    chart.band(ks, [min(values) for values in at],
               [max(values) for values in at],
               'from the lowest to the highest setting')
    if ks:
        chart.line([ks[0], ks[-1]], [0, 0], MUTED)
    chart.line(
        ks, [np.median(values) for values in at],
        ACCENT,
        'median of the settings',
        markers=True)
    if default:
        chart.line([default['k']], [default['spearman']],
                   ALERT,
                   'in use',
                   markers=True)
    chart.words = (
        'Spearman correlation of curvature and class accuracy over k, under '
        f'{plural(len(rows), "setting")}: ' +
        '; '.join(f'k = {k} from {interval(min(values), max(values), signed)}'
                  for k, values in zip(ks, at)) + '.')
    return chart


def plot_shift(audit: dict) -> Chart:
    """What the worst tenth gains over what all images pay, by strength.

    Args:
        audit (dict): Audit record with ``shift``.

    Returns:
        Chart: See there.
    """
    shift = audit['shift']
    own, rival = shift['measure'], shift['recommended']
    if rival == own:
        rival = 'scaling_for_worst'
    colors = {own: ACCENT, rival: ALERT, 'permuted': MUTED}
    curves = {}
    for method in colors:
        cost, gain = (
            100 * np.array(shift['curve'][method][f'{number}_change'], float)
            for number in ('overall', 'worst_tenth'))
        # Only what costs little is of use; the rest would hide it.
        shown = cost >= 1000 * -shift['max_cost']
        curves[method] = (cost[shown], gain[shown])
    across, up = map(np.concatenate, zip(*curves.values()))
    chart = Chart('Worst tenth against all test images',
                  'Change over all test images, points', 'Worst tenth, points',
                  across, up, **WIDE)
    for method, (cost, gain) in curves.items():
        chart.line(cost, gain, colors[method], shift_method(method, own),
                   method == 'permuted', method == own)
    ends = next((row for row in shift['methods'] if row['method'] == own), {})
    chart.words = (
        'Change of the accuracy of the worst tenth over that of all test '
        f'images, at strengths 0 to {max(shift["curve"][own]["strength"]):g}; '
        f'at the chosen one, {shift["strength"]:g}, '
        f'{points(ends.get("worst_tenth_change"))} at '
        f'{points(ends.get("overall_change"))} points. The table has the '
        'numbers of all methods.')
    return chart


def shift_method(method: str, measure: str) -> str:
    """What a method of the shift is called on the page."""
    words = DIFFICULTY.get(method, 'given numbers')
    return SHIFT_METHODS.get(method) or (f'difficulty by {words}'
                                         if method == measure else method)


def plot_sorted_change(comparison: dict) -> Chart:
    """Change of every class accuracy with its interval, lowest first.

    Args:
        comparison (dict): Record of :func:`mmcurv.audit.compare.compare`.

    Returns:
        Chart: See there.
    """
    change = column(comparison, 'change')
    chart = _sorted_chart(
        'Change of class accuracy, largest loss to largest gain', 'change',
        'B − A', change, column(comparison, 'low'), column(comparison, 'high'),
        np.argsort(change, kind='stable'),
        '95 % interval of each class, over its images')
    known = change[np.isfinite(change)]
    chart.line([0.5, max(known.size, 1) + 0.5], [0, 0], MUTED)
    chart.words = (
        f'Change of the accuracy of {_classes(known.size)}, from '
        f'{_range(known, points)} points. The same numbers stand in the '
        'table of classes.')
    return chart


def plot_before_after(comparison: dict) -> Chart:
    """Accuracy of every class in B against that in A.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        Chart: See there.
    """
    ends = np.array([0., 1.])
    chart = Chart(
        'Accuracy in A and B',
        'Accuracy in A',
        'Accuracy in B',
        ends,
        ends,
        x_ticks=HALVES,
        y_show=_whole_percent)
    chart.line(ends, ends, MUTED, dashed=True)
    x, y = (column(comparison, f'accuracy_{side}') for side in 'ab')
    _draw_outcomes(chart, comparison, x, y)
    known = np.isfinite(x + y)
    chart.words = (
        f'Accuracy of {_classes(known.sum())} in A, '
        f'{_range(x[known], percent)}, and in B, {_range(y[known], percent)}; '
        f'{int((y > x).sum()):,} are higher in B, {int((y < x).sum()):,} '
        'lower.')
    return chart


def moved_measures(comparison: dict) -> List[str]:
    """Measures whose change is known for some class of known change."""
    change = column(comparison, 'change')
    return [
        measure for measure in MOVED
        if measure in comparison['geometry'] and np.isfinite(
            column(comparison, f'{measure}_change') + change).any()
    ]


def plot_moved(comparison: dict, measure: str) -> Chart:
    """Change of a measure of every class against its change of accuracy.

    Args:
        comparison (dict): Record of a comparison.
        measure (str): One of :func:`moved_measures`.

    Returns:
        Chart: See there.
    """
    x, y = (column(comparison, key) for key in (f'{measure}_change', 'change'))
    known = np.isfinite(x + y)
    note = _correlation_note(comparison['geometry'][measure])
    label = MEASURES[measure].label
    across, up = (np.append(values[known], 0.) for values in (x, y))
    chart = Chart(
        f'{label} and accuracy',
        f'Change of {label.lower()}',
        'Change of accuracy',
        across,
        up,
        note,
        y_show=_whole_percent)
    chart.line([across.min(), across.max()], [0, 0], MUTED)
    chart.line([0, 0], [up.min(), up.max()], MUTED)
    _draw_outcomes(chart, comparison, x, y)
    chart.words = (
        f'Change of {label.lower()}, {_range(x[known], number)}, and of '
        f'accuracy, {_range(100 * y[known], number)} points, of '
        f'{_classes(known.sum())}. {note}').replace('\n', '; ')
    return chart


def _draw_outcomes(chart: Chart, comparison: dict, x: np.ndarray,
                   y: np.ndarray) -> None:
    rows = comparison['classes']
    colors = np.array(
        [OUTCOME_COLORS.get(row['outcome'], MUTED) for row in rows])
    for color in dict.fromkeys((MUTED, *OUTCOME_COLORS.values())):
        chart.scatter(x[colors == color], y[colors == color], color)
    size = [abs(row['change'] or 0) for row in rows]
    for outcome in ('gained', 'paid'):
        places = [c for c, row in enumerate(rows) if row['outcome'] == outcome]
        for c in sorted(places, key=lambda c: -size[c])[:3]:
            chart.name(x[c], y[c], rows[c]['name'], OUTCOME_COLORS[outcome])


def _sorted_chart(title: str, what: str, y_label: str, values: np.ndarray,
                  low: np.ndarray, high: np.ndarray, order: Sequence[int],
                  label: str) -> Chart:
    """Fractions (C,) class by class in an order, with their intervals."""
    order = order[np.isfinite(values[order])]
    has_ends = np.isfinite(low[order]).any()
    x, middle, low, high = thinned(values[order], low[order], high[order])
    reach = [0., 1.] if what == 'accuracy' else [middle, low, high, [0.]]
    chart = Chart(
        title,
        f'Classes in order of {what}',
        y_label,
        np.array([1., max(len(order), 2)]),
        np.hstack(reach),
        x_show=lambda value: f'{value:,.0f}' if value == int(value) else '',
        y_show=_whole_percent,
        **WIDE)
    if has_ends:
        across, below = steps(x, low)
        chart.band(across, below, steps(x, high)[1], label)
    chart.line(*steps(x, middle), ACCENT)
    return chart


def _whole_percent(value: float) -> str:
    return f'{100 * value:.0f} %'.replace('-', '−')


def _classes(size: int) -> str:
    return plural(int(size), 'class', 'classes')


def _range(values: np.ndarray, show) -> str:
    return interval(values.min(), values.max(),
                    show) if values.size else ('unknown')
