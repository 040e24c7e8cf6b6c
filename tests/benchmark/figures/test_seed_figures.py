# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest

from mmcurv.benchmark.figures.figure_runs import figure_runs
from mmcurv.benchmark.figures.seed_figures import (plot_curvature_correlation,
                                                   plot_curvature_variance)
from tests.benchmark.page_example import mixed_example, study_example


def large_dots(axis):
    return [line for line in axis.lines if line.get_markersize() == 5]


def small_dots(axis):
    return [line for line in axis.lines if line.get_markersize() == 2.5]


@pytest.mark.parametrize('plot, keys',
                         [(plot_curvature_variance,
                           ('curvature_variance', 'log_curvature_variance')),
                          (plot_curvature_correlation,
                           ('correlation', 'log_correlation'))])
def test_dots_are_runs_and_means_without_and_with_cr(plot, keys):
    collection, summary = mixed_example()
    _, axes = plot(figure_runs(collection))
    for axis, key in zip(axes.flat, keys):
        for cr, (dots,
                 means) in enumerate(zip(small_dots(axis), large_dots(axis))):
            cells = [
                cell['metrics'][key] for cell in summary['cells']
                if cell['method'] == 'CE' and cell['cr'] == cr
            ]
            np.testing.assert_allclose(
                dots.get_xdata(), np.ravel([cell['values'] for cell in cells]))
            np.testing.assert_allclose(means.get_xdata(),
                                       [cell['mean'] for cell in cells])
    labels = [text.get_text() for text in axes[0, 0].get_yticklabels()]
    assert labels == [
        'CIFAR-10-LT, imbalance 100', 'CE', 'CIFAR-10-LT, imbalance 10', 'CE'
    ]


def test_variants_have_lines_of_their_own():
    collection, _ = study_example()
    _, axes = plot_curvature_variance(figure_runs(collection))
    labels = [text.get_text() for text in axes[0, 0].get_yticklabels()]
    assert labels[1:] == ['CE', 'CE: tau=10', 'CE: tau=100']


def test_variances_of_other_sizes_are_drawn_to_a_logarithmic_scale():
    collection, _ = study_example()
    record = figure_runs(collection)
    _, axes = plot_curvature_variance(record)
    assert axes[0, 0].get_xscale() == 'linear'
    assert axes[0, 0].get_xlim()[0] == 0
    record['runs'][0]['curvature_variance'] *= 1e4
    _, axes = plot_curvature_variance(record)
    assert [axis.get_xscale() for axis in axes.flat] == ['log', 'linear']


def test_runs_without_geometry_are_not_drawn():
    collection, _ = study_example()
    record = figure_runs(collection)
    record['runs'][0].update(curvature_variance=math.nan)
    _, axes = plot_curvature_variance(record)
    assert len(small_dots(axes[0, 0])[0].get_xdata()) == 2
    for run in record['runs']:
        run['curvature_variance'] = math.nan
    with pytest.raises(ValueError, match='GeometryMonitorHook'):
        plot_curvature_correlation(record)
