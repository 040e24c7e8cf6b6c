# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of a collection, each drawn from the runs that it needs.

Fig. 1, 4, 14 and 15 are those of Ma et al., *Predicting and Enhancing the
Fairness of DNNs with the Curvature of Perceptual Manifolds*; bars are means
over seeds, dots the single runs. Table 6 and 7 are drawn as figures: their
tables print one number a cell, here small dots are runs and large ones means.
"""
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mmcurv.audit.report.style import (ACCENT, ALERT, INK, MUTED, color,
                                       literal, outer_legend, panels,
                                       set_heading, set_legend, wrapped_panels)
from mmcurv.numbers import NUMBERS, clean, is_known
from .collect import BETTER, METRICS, WORSE, Summary, run_table
from .tables import row_label

LABELS = ('without CR', 'with CR')
DIFFERENCES = ('overall', 'tail', 'variance')
COLORS = {BETTER: ACCENT, WORSE: ALERT}
APART = 0.16  # of the two heights in one line
LOG_FROM = 20  # largest over smallest value; the paper's own range is narrower
ROW = 0.22  # inches
WIDEST = 44  # characters


class Drawn(NamedTuple):
    """A figure, its axes (rows, columns), and what it shows."""
    caption: str
    figure: Figure
    axes: np.ndarray


def draw_figures(summary: Summary) -> Dict[str, Drawn]:
    """Draw what the finished runs allow, and nothing else, by file name.

    Fig. 1 needs several methods, Fig. 15 several models, Fig. 14 runs of a
    sweep over tau, Table 6 and 7 a measured curvature.
    """
    done = summary.runs[summary.runs.state == 'done']
    plain = done[done.variant == '']
    swept = done[done.tau.notna()]
    measured = done[done.curvature_variance.notna()]
    known = summary.differences.difference.notna()
    wanted = {
        'differences':
        (summary.differences.metric[known].isin(DIFFERENCES).any(),
         'With CR minus without, paired by seed, with 95 % intervals.',
         lambda: plot_differences(summary)),
        'fig1':
        (plain.method.nunique()
         > 1, 'As Fig. 1 of the paper: variance of class accuracy of each '
         'method; dots are seeds.', lambda: plot_methods(plain)),
        'fig15': (plain.model.nunique() > 1,
                  'As Fig. 15 of the paper: variance of class accuracy of '
                  'each model; dots are seeds.', lambda: plot_models(plain)),
        'fig14': (swept.tau.nunique()
                  > 1, 'As Fig. 14 of the paper: accuracy over tau; dots are '
                  'seeds.', lambda: plot_tau(swept)),
        'table6': (len(measured) > 0,
                   'What Table 6 of the paper prints: how far the classes’ '
                   'curvatures lie apart. Small dots are seeds, large ones '
                   'their means.', lambda: plot_curvature_variance(measured)),
        'table7': (len(measured)
                   > 0, 'What Table 7 of the paper prints: correlation of the '
                   'classes’ curvature and accuracy. Small dots are seeds, '
                   'large ones their means.',
                   lambda: plot_curvature_correlation(measured)),
    }
    return {
        name: Drawn(caption, *draw())
        for name, (enough, caption, draw) in wanted.items() if enough
    }


def figure_runs(collection: Dict[str, Any]) -> Dict[str, List[dict]]:
    """What the figures of the paper take of a collection: ``runs``, a row for
    each that is done."""
    runs = run_table(collection['runs'])
    names = ['name', 'method', 'cr', 'data', 'model', 'variant', 'tau', 'seed']
    runs = runs.loc[runs.state == 'done', names + list(METRICS)]
    return dict(runs=runs.to_dict('records'))


def plot_methods(runs: pd.DataFrame) -> Tuple[Figure, np.ndarray]:
    """Fig. 1: variance of class accuracy of each method, without and with CR.

    Args:
        runs (DataFrame): Finished runs, as those of :func:`figure_runs`.

    Returns:
        tuple: Figure and axes, one for each data set (and model), at most
        three in a row.
    """
    return _without_and_with(runs, 'method', 'model')


def plot_models(runs: pd.DataFrame) -> Tuple[Figure, np.ndarray]:
    """Fig. 15: the same of each model, an axes for each data set (and
    method)."""
    return _without_and_with(runs, 'model', 'method')


def plot_model_correlation(runs: pd.DataFrame) -> Tuple[Figure, np.ndarray]:
    """Fig. 4 B: correlation of curvature and accuracy, models by data sets, in
    one axes; ValueError if no run has one."""
    _check_measured(runs, 'correlation')
    models, groups = runs.model.unique(), list(
        runs.groupby('data', sort=False))
    figure, axes = panels(1, 1, width=max(4, 0.9 * len(models)), height=3.2)
    axis = axes[0, 0]
    for i, (data, own) in enumerate(groups):
        _bars(axis, models, i, len(groups), data,
              [own.correlation[own.model == model] for model in models])
    axis.axhline(0, color=INK, lw=0.6)
    axis.set_ylim(-1, 1)
    axis.set_ylabel("Pearson's correlation of\ncurvature and accuracy")
    set_legend(axis)
    return figure, axes


def plot_tau(runs: pd.DataFrame) -> Tuple[Figure, np.ndarray]:
    """Fig. 14: accuracy over tau, an axes for each data set (method and
    model); ValueError if no run has ``tau``."""
    runs = runs[runs.tau.notna()]
    if runs.empty:
        raise ValueError('expected runs of a sweep over tau in the '
                         'collection, got none. Give each variant of the '
                         'matrix its "tau".')
    groups = list(_apart(runs, 'method', 'model'))
    figure, axes = wrapped_panels(len(groups), 3, width=4.2, height=3.2)
    for i, (axis, (data, own)) in enumerate(zip(axes.flat, groups)):
        mean = own.groupby('tau').overall.mean()
        axis.plot(mean.index, mean, color=color(i))
        axis.plot(own.tau, own.overall, 'o', ms=4, color=color(i))
        if own.tau.max() > LOG_FROM * own.tau.min():
            axis.set_xscale('log')  # the strength goes by its logarithm
        axis.set_xlabel('tau')
        axis.set_ylabel('accuracy (%)')
        set_heading(axis, data)
    return figure, axes


def _without_and_with(runs: pd.DataFrame, key: str,
                      other: str) -> Tuple[Figure, np.ndarray]:
    groups = list(_apart(runs, other))
    figure, axes = wrapped_panels(len(groups), 3, width=4.2, height=3.2)
    for axis, (data, own) in zip(axes.flat, groups):
        names = own[key].unique()
        for i, label in enumerate(LABELS):
            _bars(axis, names, i, 2, label, [
                own.variance[(own[key] == name) & (own.cr == bool(i))]
                for name in names
            ])
        axis.set_ylabel('variance of class accuracy')
        set_heading(axis, data)
    outer_legend(figure, *axes[0, 0].get_legend_handles_labels(),
                 'outside upper right', 2)
    return figure, axes


def _apart(runs: pd.DataFrame, *keys: str):
    """Runs by data set, and by what else differs: those of another model are
    no repetitions."""
    label = runs.data
    for key in keys:
        if runs[key].nunique() > 1:
            label = label + ', ' + runs[key]
    return runs.groupby(label, sort=False)


def _bars(axis: Axes, names: Sequence[str], i: int, of: int, label: str,
          values: Sequence[pd.Series]) -> None:
    """The i-th of ``of`` bars at each name; none where there is no run."""
    width = 0.8 / of
    place = np.arange(len(names)) + (i - (of - 1) / 2) * width
    known = [own.dropna() for own in values]
    axis.bar(
        place, [own.mean() for own in known],
        0.92 * width,
        color=color(i),
        label=literal(label))
    for x, own in zip(place, known):
        if len(own) > 1:
            axis.plot([x] * len(own), own, 'o', color=INK, ms=2.5)
    axis.set_xticks(
        np.arange(len(names)),
        map(literal, names),
        rotation=25,
        ha='right',
        fontsize=8)


def plot_differences(summary: Summary) -> Tuple[Figure, np.ndarray]:
    """With CR minus without: overall and tail accuracy, and the variance.

    Filled and coloured: clear after Holm's correction. Open and grey: not
    clear. What lies outside the panel is an arrow at its edge. A number that
    no pair has gets no panel; ValueError if no difference is known.
    """
    known = summary.differences[summary.differences.difference.notna()]
    shown = [key for key in DIFFERENCES if (known.metric == key).any()]
    if not shown:
        raise ValueError('expected a method whose run without CR and whose '
                         'run with CR are done with one seed, found none.')
    known = known[known.metric.isin(shown)]
    name = row_label(summary, cr=False)
    places, ticks = _lines([(row.data, name(row))
                            for row in known.itertuples()])
    figure, axes = _row_panels(ticks, len(shown), 3.2)
    for axis, key in zip(axes.flat, shown):
        own = list(known[known.metric == key].itertuples())
        edge = reach(own)
        axis.axvline(0, color=MUTED, linewidth=0.9)
        axis.set_xlim(-edge, edge)
        for row in own:
            _interval(axis, row, places[row.data, name(row)], edge)
        set_heading(
            axis, NUMBERS[key].label + ' accuracy' *
            (NUMBERS[key].group == 'Accuracy'))
        axis.set_xlabel(f'with CR minus without ({NUMBERS[key].unit})')
    handles = [
        Line2D([], [],
               color=shade,
               marker='o',
               markersize=5,
               linewidth=1.6,
               fillstyle='none' if shade == MUTED else 'full')
        for shade in (ACCENT, ALERT, MUTED)
    ]
    outer_legend(figure, handles, [BETTER, WORSE, 'not clear'],
                 'outside lower right', 3)
    return figure, axes


def _interval(axis: Axes, row: Any, y: float, edge: float) -> None:
    shade = COLORS.get(row.outcome, MUTED)
    ends = [row.low, row.high] if is_known(row.low) else [row.difference] * 2
    if is_known(row.low):
        axis.plot(np.clip(ends, -edge, edge), [y, y], color=shade, lw=1.6)
    for side, marker, end in ((-1, '<', ends[0]), (1, '>', ends[1])):
        if side * end > edge:
            axis.plot([side * edge], [y],
                      marker,
                      color=shade,
                      markersize=4,
                      clip_on=False)
    if abs(row.difference) <= edge:
        axis.plot([row.difference], [y],
                  'o',
                  color=shade,
                  markersize=5,
                  fillstyle='none' if shade == MUTED else 'full')


def reach(rows: Sequence[Any]) -> float:
    """How far a drawing of differences of one metric has to go on both sides
    of 0.

    The interval of two seeds can be a hundred times as long as that of three,
    and a training that collapsed lies far from all others. Beside them nothing
    could be seen, so up to a tenth of the ends may lie outside. Few
    differences are all inside with their intervals.
    """
    ends = np.abs([(row.low, row.difference, row.high) for row in rows])
    ends = ends[np.isfinite(ends)]
    if not ends.size:
        return 1.
    return 1.06 * float(np.quantile(ends, 0.9, method='higher')) or 1.


def plot_curvature_variance(runs: pd.DataFrame) -> Tuple[Figure, np.ndarray]:
    """Table 6: variance of the classes' curvature, and of its logarithm, side
    by side; ValueError if the curvature was measured in no run."""
    figure, axes = _by_seed(
        runs, dict.fromkeys(['curvature_variance', 'log_curvature_variance']))
    for axis in axes.flat:
        values = np.concatenate([line.get_xdata() for line in axis.lines])
        if values.min() > 0 and values.max() > LOG_FROM * values.min():
            axis.set_xscale('log')
        else:
            axis.set_xlim(left=0)
    return figure, axes


def plot_curvature_correlation(
        runs: pd.DataFrame) -> Tuple[Figure, np.ndarray]:
    """Table 7: correlation of the classes' curvature and accuracy; as
    :func:`plot_curvature_variance`."""
    figure, axes = _by_seed(
        runs,
        dict(
            correlation='Correlation with accuracy',
            log_correlation='The same of log curvature'))
    for axis in axes.flat:
        axis.axvline(0, color=MUTED, linewidth=0.9)
        axis.set_xlim(-1.04, 1.04)
        axis.set_xlabel('Pearson’s r')
    return figure, axes


def _by_seed(runs: pd.DataFrame,
             shown: Dict[str, Any]) -> Tuple[Figure, np.ndarray]:
    _check_measured(runs, 'curvature_variance')
    runs = runs[runs.curvature_variance.notna()]
    names = runs.method + (', ' +
                           runs.model if runs.model.nunique() > 1 else '')
    names += np.where(runs.variant == '', '', ': ' + runs.variant)
    rows = list(zip(runs.data, names))
    places, ticks = _lines(rows)
    figure, axes = _row_panels(ticks, len(shown), 4)
    for axis, (key, heading) in zip(axes.flat, shown.items()):
        for cr, label in enumerate(LABELS):
            own = runs[key].where(runs.cr == bool(cr)).dropna()
            heights = pd.Series([places[row] for row in rows], runs.index)
            if own.empty:
                continue
            below = (2 * cr - 1) * APART
            axis.plot(
                own,
                heights[own.index] + below,
                'o',
                color=color(cr),
                markersize=2.5,
                alpha=0.6)
            means = own.groupby(heights[own.index]).mean()
            axis.plot(
                means,
                means.index + below,
                'o',
                color=color(cr),
                markersize=5,
                label=label)
        set_heading(axis, heading or NUMBERS[key].label)
    outer_legend(figure, *axes[0, 0].get_legend_handles_labels(),
                 'outside lower right', 2)
    return figure, axes


def _check_measured(runs: pd.DataFrame, key: str) -> None:
    if not runs[key].notna().any():
        raise ValueError(
            'expected runs whose curvature was measured, got none among '
            f'{len(runs)}. Train them with the hook '
            'mmcurv.GeometryMonitorHook.')


def _lines(rows: Sequence[Tuple[str, str]]) -> Tuple[dict, List[tuple]]:
    """A line for each heading and, below it, for each of its labels.

    Returns:
        tuple: (heading, label) to its height, 0 for the first line; and of
        each line its text and whether it is a heading.
    """
    places, ticks = {}, []
    for heading in dict.fromkeys(heading for heading, _ in rows):
        ticks.append((heading, True))
        for row in dict.fromkeys(row for row in rows if row[0] == heading):
            places[row] = len(ticks)
            ticks.append((row[1], False))
    return places, ticks


def _row_panels(ticks: List[tuple], columns: int,
                width: float) -> Tuple[Figure, np.ndarray]:
    """Axes beside each other that share lines, named at the left."""
    figure, axes = panels(1, columns, width, ROW * len(ticks) + 1)
    for i, axis in enumerate(axes.flat):
        texts = [clean(text, WIDEST) if i == 0 else '' for text, _ in ticks]
        axis.set_yticks(range(len(ticks)), texts, parse_math=False)
        axis.set_ylim(len(ticks) - 0.4, -0.6)
        axis.grid(False, axis='y')
        axis.spines['left'].set_visible(False)
    for label, (_, heading) in zip(axes[0, 0].get_yticklabels(), ticks):
        if heading:
            label.set(weight='bold', color=INK)
    return figure, axes
