# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.paper_figures import epoch_curves, find_figure, run_history
from .paper_records import CURVATURE, write_run


@pytest.mark.parametrize('name, rows', [('fig7', 1), ('fig8', 2), ('fig9', 3),
                                        ('fig10', 1)])
def test_figures_over_epochs_have_a_column_per_run(tmp_path, name, rows):
    record = run_history.measure([write_run(tmp_path)] * 2)
    _, axes = find_figure(name).plot(record)
    assert axes.shape == (rows, 2)
    assert all(axis.lines for axis in axes.flat)


def test_mean_over_classes_leaves_out_unknown_ones(tmp_path):
    folder = write_run(
        tmp_path, curvature=((1, 3, None), (1, 2, 3)), extra=False)
    _, axes = epoch_curves.plot_curvature(run_history.measure([folder]))
    assert axes[0, 0].lines[-1].get_ydata().tolist() == [2, 2]


def test_thin_lines_are_classes_and_the_thick_one_is_their_mean(tmp_path):
    record = run_history.measure([write_run(tmp_path)])
    _, axes = epoch_curves.plot_separation(record)
    lines = axes[0, 0].lines
    assert [line.get_ydata().tolist() for line in lines[:3]] == [[.1, .2],
                                                                 [.2, .4],
                                                                 [.4, .8]]
    assert lines[3].get_ydata() == pytest.approx([.7 / 3, 1.4 / 3])


def test_curvature_times_radius_squared_is_free_of_the_unit(tmp_path):
    record = run_history.measure([write_run(tmp_path)])
    _, axes = epoch_curves.plot_curvature(record)
    # Radius 2 in every class and epoch.
    assert axes[1, 0].lines[0].get_ydata().tolist() == [12, 16]


def test_power_of_the_radius_is_the_tangent_dimension(tmp_path):
    record = run_history.measure([write_run(tmp_path)])
    record['runs'][0]['settings']['options'] = dict(tangent_dim=3)
    _, axes = epoch_curves.plot_curvature(record)
    assert axes[1, 0].lines[0].get_ydata().tolist() == [24, 32]


def test_imbalance_is_the_variance_over_the_classes(tmp_path):
    record = run_history.measure([write_run(tmp_path)])
    _, axes = epoch_curves.plot_imbalance(record)
    loss, plain, logarithmic = (
        axis.lines[0].get_ydata() for axis in axes[:, 0])
    assert loss.tolist() == [1, .5]
    assert plain == pytest.approx([np.var(row) for row in CURVATURE])
    assert logarithmic == pytest.approx(
        [np.var(np.log(row)) for row in CURVATURE])


@pytest.mark.parametrize('name, key', [('fig7', 'separation'),
                                       ('fig9', 'train_loss')])
def test_older_record_lacks_what_a_figure_needs(tmp_path, name, key):
    record = run_history.measure([write_run(tmp_path, extra=False)])
    with pytest.raises(ValueError, match=f'{key!r} .*none of 2 epochs'):
        find_figure(name).plot(record)


def test_older_record_shows_its_curvature(tmp_path):
    record = run_history.measure([write_run(tmp_path, extra=False)])
    _, axes = find_figure('fig8').plot(record)
    assert axes.shape == (1, 1)


def test_classes_are_named_only_if_all_runs_have_them(tmp_path):
    record = run_history.measure([write_run(tmp_path)] * 2)
    for changed, names in ((False, ['a', 'b', 'c', 'mean']), (True, ['mean'])):
        if changed:
            record['runs'][1] = dict(
                record['runs'][1], classes=['x', 'y', 'z'])
        figure, _ = epoch_curves.plot_separation(record)
        legend, = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == names


def test_dollars_in_names_are_no_mathematics(tmp_path):
    record = run_history.measure([write_run(tmp_path)])
    record['runs'][0].update(name='$a_1$', classes=['$x^', 'b', 'c'])
    figure, axes = epoch_curves.plot_separation(record)
    figure.savefig(tmp_path / 'x.png')  # raises if it is parsed
    assert axes[0, 0].get_title(loc='left') == '$a_1$'


def test_initial_network_has_no_place_beside_the_loss(tmp_path):
    record = run_history.measure([write_run(tmp_path)])
    record['runs'][0]['train_loss'][0] = None
    _, axes = epoch_curves.plot_imbalance(record)
    assert all(axis.lines[0].get_xdata().tolist() == [2] for axis in axes.flat)
