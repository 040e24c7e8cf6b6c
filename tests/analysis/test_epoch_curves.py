# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest

from mmcurv.analysis.paper_figures import (epoch_curves, find_figure,
                                           run_history)
from .paper_records import CURVATURE, write_run


def test_correlation_is_that_of_each_epoch(tmp_path):
    run, = run_history.measure([write_run(tmp_path)])['runs']
    expected = [
        np.corrcoef(x, y)[0, 1] for x, y in zip(CURVATURE, run['accuracy'])
    ]
    assert epoch_curves.correlations(run,
                                     'curvature') == pytest.approx(expected)


def test_correlation_with_a_constant_is_nan(tmp_path):
    folder = write_run(tmp_path, correct=((5, 5, 5), (5, 5, 5)))
    run, = run_history.measure([folder])['runs']
    assert np.isnan(epoch_curves.correlations(run, 'curvature')).all()


def test_correlation_needs_three_classes(tmp_path):
    folder = write_run(
        tmp_path, curvature=((1, 2, None), (1, 2, 3)), extra=False)
    run, = run_history.measure([folder])['runs']
    found = epoch_curves.correlations(run, 'curvature')
    assert math.isnan(found[0]) and not math.isnan(found[1])


@pytest.mark.parametrize('name, rows', [('fig7', 1), ('fig8', 1), ('fig9', 3),
                                        ('fig10', 1)])
def test_figures_over_epochs_have_a_column_per_run(tmp_path, name, rows):
    record = run_history.measure([write_run(tmp_path)] * 2)
    _, axes = find_figure(name).plot(record)
    assert axes.shape == (rows, 2)
    assert all(axis.lines for axis in axes.flat)


def test_eleventh_figure_shows_every_run_in_one_panel(tmp_path):
    record = run_history.measure([write_run(tmp_path)] * 2)
    _, axes = find_figure('fig11').plot(record)
    assert len(axes[0, 0].get_legend().get_texts()) == 2


def test_mean_over_classes_leaves_out_unknown_ones(tmp_path):
    folder = write_run(
        tmp_path, curvature=((1, 3, None), (1, 2, 3)), extra=False)
    _, axes = epoch_curves.plot_curvature(run_history.measure([folder]))
    assert axes[0, 0].lines[-1].get_ydata().tolist() == [2, 2]


def test_epoch_without_evaluation_has_no_correlation(tmp_path):
    folder = write_run(tmp_path)
    (tmp_path / 'class_accuracy' / 'epoch_001.json').unlink()
    run, = run_history.measure([folder])['runs']
    found = epoch_curves.correlations(run, 'curvature')
    assert math.isnan(found[0]) and not math.isnan(found[1])
