# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest

from mmcurv.paper_figures import find_figure, histories, over_epochs
from .paper_records import CURVATURE, write_run


@pytest.mark.parametrize('name, rows', [('fig7', 1), ('fig8', 2), ('fig9', 3),
                                        ('fig10', 1)])
def test_figures_over_epochs_have_a_column_per_run(tmp_path, name, rows):
    record = histories.measure([write_run(tmp_path)] * 2)
    _, axes = find_figure(name).plot(record)
    assert axes.shape == (rows, 2)
    assert all(axis.lines for axis in axes.flat)


def test_mean_over_classes_leaves_out_unknown_ones(tmp_path):
    folder = write_run(
        tmp_path, curvature=((1, 3, None), (1, 2, 3)), extra=False)
    _, axes = over_epochs.plot_curvature(histories.measure([folder]))
    assert axes[0, 0].lines[-1].get_ydata().tolist() == [2, 2]


def test_thin_lines_are_classes_and_the_thick_one_is_their_mean(tmp_path):
    record = histories.measure([write_run(tmp_path)])
    _, axes = over_epochs.plot_separation(record)
    lines = axes[0, 0].lines
    assert [line.get_ydata().tolist() for line in lines[:3]] == [[.1, .2],
                                                                 [.2, .4],
                                                                 [.4, .8]]
    assert lines[3].get_ydata() == pytest.approx([.7 / 3, 1.4 / 3])


def test_curvature_times_radius_squared_is_free_of_the_unit(tmp_path):
    record = histories.measure([write_run(tmp_path)])
    _, axes = over_epochs.plot_curvature(record)
    # Radius 2 in every class and epoch.
    assert axes[1, 0].lines[0].get_ydata().tolist() == [12, 16]


def test_power_of_the_radius_is_the_tangent_dimension(tmp_path):
    record = histories.measure([write_run(tmp_path)])
    record['runs'][0]['settings']['options'] = dict(tangent_dim=3)
    _, axes = over_epochs.plot_curvature(record)
    assert axes[1, 0].lines[0].get_ydata().tolist() == [24, 32]


def test_imbalance_is_the_variance_over_the_classes(tmp_path):
    record = histories.measure([write_run(tmp_path)])
    _, axes = over_epochs.plot_imbalance(record)
    loss, plain, logarithmic = (
        axis.lines[0].get_ydata() for axis in axes[:, 0])
    assert loss.tolist() == [1, .5]
    assert plain == pytest.approx([np.var(row) for row in CURVATURE])
    assert logarithmic == pytest.approx(
        [np.var(np.log(row)) for row in CURVATURE])


@pytest.mark.parametrize('name, key', [('fig7', 'separation'),
                                       ('fig9', 'train_loss')])
def test_older_record_lacks_what_a_figure_needs(tmp_path, name, key):
    record = histories.measure([write_run(tmp_path, extra=False)])
    with pytest.raises(ValueError, match=f'{key!r} .*none of 2 epochs'):
        find_figure(name).plot(record)


def test_older_record_shows_its_curvature(tmp_path):
    record = histories.measure([write_run(tmp_path, extra=False)])
    _, axes = find_figure('fig8').plot(record)
    assert axes.shape == (1, 1)


def test_classes_are_named_only_if_all_runs_have_them(tmp_path):
    record = histories.measure([write_run(tmp_path)] * 2)
    for changed, names in ((False, ['a', 'b', 'c', 'mean']), (True, ['mean'])):
        if changed:
            record['runs'][1] = dict(
                record['runs'][1], classes=['x', 'y', 'z'])
        figure, _ = over_epochs.plot_separation(record)
        legend, = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == names


def test_dollars_in_names_are_no_mathematics(tmp_path):
    record = histories.measure([write_run(tmp_path)])
    record['runs'][0].update(name='$a_1$', classes=['$x^', 'b', 'c'])
    figure, axes = over_epochs.plot_separation(record)
    figure.savefig(tmp_path / 'x.png')  # raises if it is parsed
    assert axes[0, 0].get_title(loc='left') == '$a_1$'


def test_initial_network_has_no_place_beside_the_loss(tmp_path):
    record = histories.measure([write_run(tmp_path)])
    record['runs'][0]['train_loss'][0] = None
    _, axes = over_epochs.plot_imbalance(record)
    assert all(axis.lines[0].get_xdata().tolist() == [2] for axis in axes.flat)


def test_correlation_is_that_of_each_epoch(tmp_path):
    run, = histories.measure([write_run(tmp_path)])['runs']
    expected = [
        np.corrcoef(x, y)[0, 1] for x, y in zip(CURVATURE, run['accuracy'])
    ]
    assert over_epochs.correlations(run,
                                    'curvature') == pytest.approx(expected)


def test_correlation_with_a_constant_is_nan(tmp_path):
    folder = write_run(tmp_path, correct=((5, 5, 5), (5, 5, 5)))
    run, = histories.measure([folder])['runs']
    assert np.isnan(over_epochs.correlations(run, 'curvature')).all()


def test_correlation_needs_three_classes(tmp_path):
    folder = write_run(
        tmp_path, curvature=((1, 2, None), (1, 2, 3)), extra=False)
    run, = histories.measure([folder])['runs']
    found = over_epochs.correlations(run, 'curvature')
    assert math.isnan(found[0]) and not math.isnan(found[1])


def test_epoch_without_evaluation_has_no_correlation(tmp_path):
    folder = write_run(tmp_path)
    (tmp_path / 'class_accuracy' / 'epoch_001.json').unlink()
    run, = histories.measure([folder])['runs']
    found = over_epochs.correlations(run, 'curvature')
    assert math.isnan(found[0]) and not math.isnan(found[1])


def test_lines_of_the_tenth_figure_are_the_correlations(tmp_path):
    record = histories.measure([write_run(tmp_path)])
    _, axes = over_epochs.plot_correlation(record)
    lines = {line.get_label(): line for line in axes[0, 0].lines}
    for label, key in (('separation', 'separation'),
                       ('curvature', 'curvature'), ('log curvature',
                                                    'log_curvature')):
        assert lines[label].get_xdata().tolist() == [1, 2]
        assert lines[label].get_ydata() == pytest.approx(
            over_epochs.correlations(record['runs'][0], key))


def test_eleventh_figure_shows_every_run_in_one_panel(tmp_path):
    record = histories.measure([write_run(tmp_path)] * 2)
    _, axes = find_figure('fig11').plot(record)
    assert len(axes[0, 0].get_legend().get_texts()) == 2


@pytest.mark.parametrize('name', ['fig10', 'fig11'])
def test_run_that_was_never_evaluated_is_named(tmp_path, name):
    folder = write_run(tmp_path)
    for path in (tmp_path / 'class_accuracy').iterdir():
        path.unlink()
    record = histories.measure([f'my run={folder}'])
    with pytest.raises(ValueError, match="'accuracy' .*run 'my run'"):
        find_figure(name).plot(record)


def test_chance_exceeds_the_band_as_often_as_it_says():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 20000, 10))
    found = np.array([np.corrcoef(*pair)[0, 1] for pair in zip(x, y)])
    band = over_epochs.chance_band(10)
    assert (np.abs(found) > band).mean() == pytest.approx(.05, abs=.006)


def test_two_classes_have_no_band():
    assert math.isnan(over_epochs.chance_band(2))
