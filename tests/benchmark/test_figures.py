# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Figures of a collection."""
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from mmcurv.audit.report.style import ACCENT, ALERT, MUTED
from mmcurv.benchmark.collect import outcome, summarize
from mmcurv.benchmark.figures import (draw_figures, figure_runs,
                                      plot_curvature_correlation,
                                      plot_curvature_variance,
                                      plot_differences, plot_model_correlation,
                                      plot_tau, reach)
from tests.benchmark.page_example import (mixed_example, models_example,
                                          study_example)
from tests.benchmark.synthetic_runs import (example_collection, small_specs,
                                            spec)

nan = math.nan


def differences(*rows):
    """A summary of differences, each (method, metric, value, low, high, p)."""
    _, summary = mixed_example()
    table = pd.DataFrame(
        rows,
        columns=['method', 'metric', 'difference', 'low', 'high', 'p_holm'])
    table = table.assign(cr=True, data='Data', model='M', variant='')
    table['outcome'] = [outcome(row) for row in table.itertuples()]
    runs = summary.runs.assign(model='M')
    return summary._replace(differences=table, runs=runs)


def dots(axis):
    """Height, value, colour and fill of each difference."""
    return [(line.get_ydata()[0], line.get_xdata()[0],
             to_hex(line.get_color()), line.get_fillstyle())
            for line in axis.lines if line.get_marker() == 'o']


def test_only_figures_with_runs_are_drawn():
    geometry = ['table6', 'table7']
    for example, first in ((mixed_example(), ['differences']),
                           (study_example(), ['differences', 'fig14']),
                           (models_example(), ['differences', 'fig15'])):
        assert list(draw_figures(example[1])) == first + geometry
    two_methods = summarize(example_collection())
    assert list(
        draw_figures(two_methods)) == ['differences', 'fig1'] + geometry
    one = spec()
    nothing = example_collection([one], {one.name: ('missing', None)})
    assert draw_figures(summarize(nothing)) == {}


def test_only_clear_differences_are_filled_and_coloured():
    _, axes = plot_differences(
        differences(('A', 'overall', 2., 1., 3., 0.01),
                    ('B', 'overall', -2., -3., -1., 0.01),
                    ('C', 'overall', 2., 1., 3., 0.4),
                    ('D', 'overall', 2., nan, nan, nan)))
    assert axes.shape == (1, 1)  # no pair has the tail or the variance
    assert dots(axes[0,
                     0]) == [(1, 2., ACCENT, 'full'), (2, -2., ALERT, 'full'),
                             (3, 2., MUTED, 'none'), (4, 2., MUTED, 'none')]
    assert [text.get_text() for text in axes[0, 0].get_yticklabels()
            ] == ['Data', 'A', 'B', 'C', 'D']


def test_less_variance_is_drawn_as_better():
    _, axes = plot_differences(
        differences(('A', 'variance', -0.02, -0.03, -0.01, 0.01)))
    assert dots(axes[0, 0])[0][2] == ACCENT


def test_what_lies_outside_ends_in_an_arrow():
    rows = [(f'{i}', 'overall', 1., 0.5, 1.5, 1.) for i in range(20)]
    _, axes = plot_differences(
        differences(*rows, ('last', 'overall', -40., -50., -30., 0.01)))
    arrows = [line for line in axes[0, 0].lines if line.get_marker() in '<>']
    assert [arrow.get_marker() for arrow in arrows] == ['<']
    assert arrows[0].get_xdata()[0] == axes[0, 0].get_xlim()[0]
    assert len(dots(axes[0, 0])) == 20


def test_summary_without_differences_says_what_is_needed():
    with pytest.raises(ValueError, match='found none'):
        plot_differences(differences(('A', 'overall', nan, nan, nan, nan)))


def test_drawing_holds_few_differences_but_not_one_run_that_collapsed():

    def rows(*ends):
        return list(
            pd.DataFrame(ends, columns=['low', 'difference',
                                        'high']).itertuples())

    assert reach(rows((-14., 1., 3.))) == pytest.approx(1.06 * 14)
    assert reach(rows((nan, 1., nan))) == pytest.approx(1.06)
    assert reach(rows((nan, nan, nan))) == reach(rows((0., 0., 0.))) == 1
    many = rows(*[(-1., 1., 3.)] * 20, (-90., -50., -10.))
    assert reach(many) == pytest.approx(1.06 * 3)


def mean_of(summary, **place):
    rows = summary.means[summary.means.evaluation == 'main']
    for key, value in place.items():
        rows = rows[rows[key] == value]
    return list(rows['mean'])


def test_bars_are_means_over_seeds_without_and_with_cr():
    summary = summarize(example_collection())
    axis = draw_figures(summary)['fig1'].axes[0, 0]
    means = [
        mean for cr in (False, True) for mean in mean_of(
            summary, metric='variance', cr=cr, imbalance_factor=100)
        if not math.isnan(mean)
    ]
    assert [bar.get_height() for bar in axis.patches] == pytest.approx(means)
    assert axis.get_title(loc='left') == 'CIFAR-10-LT, imbalance 100'


def test_runs_of_a_sweep_are_no_repetitions_of_their_method():
    specs = small_specs() + [
        spec(cr=True, variant='tau=2', tau=2, seed=seed) for seed in range(3)
    ]
    summary = summarize(example_collection(specs))
    axis = draw_figures(summary)['fig1'].axes[0, 0]
    assert [len(line.get_xdata()) for line in axis.lines] == [3] * 4


def test_methods_of_several_models_get_panels_of_their_own():
    specs = [
        spec(method=method, model=model, config=f'configs/{method}{model}.py')
        for method in ('CE', 'Focal') for model in ('A', 'B')
    ]
    axes = draw_figures(summarize(example_collection(specs)))['fig1'].axes
    assert [axis.get_title(loc='left') for axis in axes.flat] == [
        'CIFAR-10-LT, imbalance 100, A', 'CIFAR-10-LT, imbalance 100, B'
    ]


def test_accuracy_over_tau_is_in_per_cent():
    _, summary = study_example()
    axis = draw_figures(summary)['fig14'].axes[0, 0]
    mean = mean_of(summary, metric='overall', variant='tau=100', cr=True)
    assert axis.lines[0].get_xdata().tolist() == [10, 100]
    np.testing.assert_allclose(axis.lines[0].get_ydata()[-1], mean)
    with pytest.raises(ValueError, match='sweep over tau'):
        plot_tau(summary.runs[summary.runs.tau.isna()])


def test_correlations_of_models_stand_by_data_set():
    collection, summary = models_example()
    runs = pd.DataFrame(figure_runs(collection)['runs'])
    _, axes = plot_model_correlation(runs)
    bars = [bar.get_height() for bar in axes[0, 0].patches]
    means = runs.groupby(['data', 'model'], sort=False).correlation.mean()
    assert bars == pytest.approx(list(means))
    with pytest.raises(ValueError, match='GeometryMonitorHook'):
        plot_model_correlation(runs.assign(correlation=nan))


def dots_of_size(axis, size):
    return [line for line in axis.lines if line.get_markersize() == size]


@pytest.mark.parametrize('plot, keys',
                         [(plot_curvature_variance,
                           ('curvature_variance', 'log_curvature_variance')),
                          (plot_curvature_correlation,
                           ('correlation', 'log_correlation'))])
def test_dots_are_runs_and_means_without_and_with_cr(plot, keys):
    _, summary = mixed_example()
    done = summary.runs[summary.runs.state == 'done']
    _, axes = plot(done)
    for axis, key in zip(axes.flat, keys):
        for cr in (0, 1):
            own = done[key][done.cr == bool(cr)]
            np.testing.assert_allclose(
                dots_of_size(axis, 2.5)[cr].get_xdata(), own)
            np.testing.assert_allclose(
                dots_of_size(axis, 5)[cr].get_xdata(),
                mean_of(summary, metric=key, method='CE', cr=bool(cr)))
    labels = [text.get_text() for text in axes[0, 0].get_yticklabels()]
    assert labels == [
        'CIFAR-10-LT, imbalance 100', 'CE', 'CIFAR-10-LT, imbalance 10', 'CE'
    ]


def test_variants_have_lines_and_other_sizes_a_logarithmic_scale():
    runs = study_example()[1].runs
    _, axes = plot_curvature_variance(runs)
    labels = [text.get_text() for text in axes[0, 0].get_yticklabels()]
    assert labels[1:] == ['CE', 'CE: tau=10', 'CE: tau=100']
    assert axes[0, 0].get_xscale() == 'linear'
    runs.loc[0, 'curvature_variance'] *= 1e4
    _, axes = plot_curvature_variance(runs)
    assert [axis.get_xscale() for axis in axes.flat] == ['log', 'linear']
    with pytest.raises(ValueError, match='GeometryMonitorHook'):
        plot_curvature_correlation(runs.assign(curvature_variance=nan))
