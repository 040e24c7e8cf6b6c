# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest

from mmcurv.paper_figures import epoch_correlations, find_figure, run_history
from .paper_records import CURVATURE, write_run


def test_correlation_is_that_of_each_epoch(tmp_path):
    run, = run_history.measure([write_run(tmp_path)])['runs']
    expected = [
        np.corrcoef(x, y)[0, 1] for x, y in zip(CURVATURE, run['accuracy'])
    ]
    assert epoch_correlations.correlations(
        run, 'curvature') == pytest.approx(expected)


def test_correlation_with_a_constant_is_nan(tmp_path):
    folder = write_run(tmp_path, correct=((5, 5, 5), (5, 5, 5)))
    run, = run_history.measure([folder])['runs']
    assert np.isnan(epoch_correlations.correlations(run, 'curvature')).all()


def test_correlation_needs_three_classes(tmp_path):
    folder = write_run(
        tmp_path, curvature=((1, 2, None), (1, 2, 3)), extra=False)
    run, = run_history.measure([folder])['runs']
    found = epoch_correlations.correlations(run, 'curvature')
    assert math.isnan(found[0]) and not math.isnan(found[1])


def test_epoch_without_evaluation_has_no_correlation(tmp_path):
    folder = write_run(tmp_path)
    (tmp_path / 'class_accuracy' / 'epoch_001.json').unlink()
    run, = run_history.measure([folder])['runs']
    found = epoch_correlations.correlations(run, 'curvature')
    assert math.isnan(found[0]) and not math.isnan(found[1])


def test_lines_of_the_tenth_figure_are_the_correlations(tmp_path):
    record = run_history.measure([write_run(tmp_path)])
    _, axes = epoch_correlations.plot_correlation(record)
    lines = {line.get_label(): line for line in axes[0, 0].lines}
    for label, key in (('separation', 'separation'),
                       ('curvature', 'curvature'), ('log curvature',
                                                    'log_curvature')):
        assert lines[label].get_xdata().tolist() == [1, 2]
        assert lines[label].get_ydata() == pytest.approx(
            epoch_correlations.correlations(record['runs'][0], key))


def test_eleventh_figure_shows_every_run_in_one_panel(tmp_path):
    record = run_history.measure([write_run(tmp_path)] * 2)
    _, axes = find_figure('fig11').plot(record)
    assert len(axes[0, 0].get_legend().get_texts()) == 2


@pytest.mark.parametrize('name', ['fig10', 'fig11'])
def test_run_that_was_never_evaluated_is_named(tmp_path, name):
    folder = write_run(tmp_path)
    for path in (tmp_path / 'class_accuracy').iterdir():
        path.unlink()
    record = run_history.measure([f'my run={folder}'])
    with pytest.raises(ValueError, match="'accuracy' .*run 'my run'"):
        find_figure(name).plot(record)


def test_chance_exceeds_the_band_as_often_as_it_says():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 20000, 10))
    found = np.array([np.corrcoef(*pair)[0, 1] for pair in zip(x, y)])
    band = epoch_correlations.chance_band(10)
    assert (np.abs(found) > band).mean() == pytest.approx(.05, abs=.006)


def test_two_classes_have_no_band():
    assert math.isnan(epoch_correlations.chance_band(2))
