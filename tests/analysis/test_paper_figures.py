# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmcurv.analysis.paper_figures import (FIGURES, compared_runs,
                                           curvature_of_surfaces, epoch_curves,
                                           find_figure, layer_correlation,
                                           regularization_loss, run_collection,
                                           run_history, separation_of_spheres)
from mmcurv.atomic_write import write_json

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools' / 'plot_figures.py'
CURVATURE = ((3., 2., 1.), (4., 2., 1.))
CORRECT = ((2, 4, 6), (5, 7, 9))


def write_run(folder, correct=CORRECT, curvature=CURVATURE, extra=True):
    """A run of two epochs and three classes of ten test images."""
    for i, (right, values) in enumerate(zip(correct, curvature), 1):
        rows = [
            dict(name=f'c{c}', test_count=10, correct=n)
            for c, n in enumerate(right)
        ]
        geometry = dict(curvature=list(values))
        if extra:
            geometry.update(
                classes=['a', 'b', 'c'],
                log_curvature=np.log(values).tolist(),
                separation=[.1 * i, .2 * i, .4 * i],
                volume=[1., 2., 3.],
                train_loss=1. / i)
        name = f'epoch_{i:03d}.json'
        write_json(str(folder / 'geometry' / name), geometry)
        write_json(str(folder / 'class_accuracy' / name), dict(classes=rows))
    return str(folder)


def write_collection(path, runs):
    write_json(
        str(path),
        dict(schema='mmcurv.run_collection', schema_version=1, runs=runs))
    return str(path)


def entry(path, cr=False, **keys):
    return dict(
        dict(path=path, model='M', dataset='D', method='CE', cr=cr), **keys)


def run_tool(*arguments):
    return subprocess.run(
        [sys.executable, str(TOOL), *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            'PYTHONPATH': str(ROOT),
            'PATH': ''
        })


def test_measured_spheres_meet_the_closed_form():
    record = separation_of_spheres.measure(num_points=4000, distances=(0., 4.))
    for case in record['cases']:
        for points in case['curves'].values():
            for point in points:
                assert point['measured'] == pytest.approx(
                    point['true'], abs=0.05)


def test_equal_spheres_have_equal_degrees_and_the_larger_one_the_larger():
    record = separation_of_spheres.measure(num_points=50)
    equal, unequal, _ = record['cases']
    for point in equal['curves']['Algorithm 2']:
        assert point['true'][0] == pytest.approx(point['true'][1])
    for point in unequal['curves']['Algorithm 2']:
        assert point['true'][1] > point['true'][0]


def test_printed_waves_are_flat_and_the_crossed_ones_are_not():
    record = curvature_of_surfaces.measure(
        num_points=80, neighbors=(10, ), steps=2)
    truth = {s['name']: s['true'] for s in record['surfaces']}
    assert truth['printed waves'] == [0, 0]
    assert min(truth['crossed waves']) > 0
    assert all(len(s['estimates']['10']) == 2 for s in record['surfaces'])


def test_used_loss_flattens_and_the_rejected_one_curves():
    default = 'hard max, detached (default)'
    used = regularization_loss.measure_used()['variants'][default]
    rejected = regularization_loss.measure_rejected()['variants'][default]
    assert set(used['slope_moving']) == {1.}
    assert set(rejected['slope_moving']) == {-1.}


def test_gradient_through_the_max_raises_the_flattest_class():
    record = regularization_loss.measure_used()
    slopes = record['variants']['hard max with gradient']['slope_moving']
    below = np.array(record['curvature']) < 0.99
    assert set(np.array(slopes)[below]) == {-1.}


def test_loss_of_balanced_classes_is_zero_in_both_forms():
    for record in (regularization_loss.measure_used(),
                   regularization_loss.measure_rejected()):
        middle = len(record['curvature']) // 2
        curves = record['variants']['hard max, detached (default)']
        assert record['curvature'][middle] == pytest.approx(1)
        assert curves['loss'][middle] == pytest.approx(0, abs=1e-12)


def test_history_holds_every_epoch_of_a_run(tmp_path):
    record = run_history.measure([f'my run={write_run(tmp_path)}'])
    run, = record['runs']
    assert run['name'] == 'my run'
    assert run['epochs'] == [1, 2]
    assert run['classes'] == ['a', 'b', 'c']
    assert run['accuracy'] == [[.2, .4, .6], [.5, .7, .9]]
    assert run['train_loss'] == [1, .5]


def test_history_of_older_records_has_nan_where_they_say_nothing(tmp_path):
    run = run_history.read_history(write_run(tmp_path, extra=False), 'old')
    assert run['classes'] == ['0', '1', '2']
    assert np.isnan(run_history.array(run, 'separation')).all()
    assert np.isnan(run_history.array(run, 'train_loss')).all()


def test_epoch_without_evaluation_has_nan_accuracies(tmp_path):
    folder = write_run(tmp_path)
    (tmp_path / 'class_accuracy' / 'epoch_001.json').unlink()
    run = run_history.read_history(folder, 'r')
    assert np.isnan(run_history.array(run, 'accuracy')[0]).all()
    found = epoch_curves.correlations(run, 'curvature')
    assert math.isnan(found[0]) and not math.isnan(found[1])


def test_written_history_reads_as_the_folder_does(tmp_path):
    folder = write_run(
        tmp_path / 'run', curvature=((1, 2, 3), (1, 2, None)), extra=False)
    direct = run_history.measure([folder])
    write_json(str(tmp_path / 'h.json'), direct)
    stored = run_history.measure([str(tmp_path / 'h.json')])
    for key in ('curvature', 'accuracy', 'volume'):
        assert np.array_equal(
            run_history.array(direct['runs'][0], key),
            run_history.array(stored['runs'][0], key),
            equal_nan=True)


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


def test_variance_is_shown_without_and_with_cr(tmp_path):
    write_run(tmp_path / 'a')
    write_run(tmp_path / 'b', correct=CORRECT[:1] + ((6, 6, 6), ))
    path = write_collection(
        tmp_path / 'runs.json',
        [entry('a', cr=False), entry('b', cr=True)])
    record = run_collection.measure([path])
    assert [run['variance'] for run in record['runs']
            ] == pytest.approx([np.var([.5, .7, .9]), 0])
    _, axes = compared_runs.plot_bias_of_methods(record)
    assert [bar.get_height() for bar in axes[0, 0].patches
            ] == pytest.approx([np.var([.5, .7, .9]), 0])


def test_repetitions_are_averaged_and_shown(tmp_path):
    write_run(tmp_path / 'a')
    write_run(tmp_path / 'b', correct=CORRECT[:1] + ((6, 6, 6), ))
    path = write_collection(tmp_path / 'runs.json', [entry('a'), entry('b')])
    record = run_collection.measure([path])
    _, axes = compared_runs.plot_bias_of_models(record)
    mean = np.var([.5, .7, .9]) / 2
    assert axes[0, 0].patches[0].get_height() == pytest.approx(mean)
    assert len(axes[0, 0].lines[0].get_ydata()) == 2


def test_final_numbers_do_not_depend_on_where_the_run_is_read_from(tmp_path):
    folder = write_run(tmp_path / 'run')
    write_json(str(tmp_path / 'history.json'), run_history.measure([folder]))
    final = run_collection.measure([
        write_collection(tmp_path / 'c.json',
                         [entry('run'), entry('history.json')])
    ])['runs']
    assert final[0] == pytest.approx(final[1], nan_ok=True)


def test_run_without_geometry_has_no_correlation(tmp_path):
    write_run(tmp_path / 'run')
    for path in (tmp_path / 'run' / 'geometry').iterdir():
        path.unlink()
    (tmp_path / 'run' / 'geometry').rmdir()
    path = write_collection(tmp_path / 'c.json', [entry('run')])
    assert math.isnan(run_collection.measure([path])['runs'][0]['pearson'])


def test_models_are_shown_for_each_data_set(tmp_path):
    write_run(tmp_path / 'run')
    runs = [
        entry('run', model=m, dataset=d) for m in ('A', 'B') for d in 'XYZ'
    ]
    record = run_collection.measure(
        [write_collection(tmp_path / 'c.json', runs)])
    _, axes = compared_runs.plot_model_correlation(record)
    assert len(axes[0, 0].containers) == 3
    assert len(axes[0, 0].get_xticks()) == 2


def test_accuracy_is_shown_over_tau(tmp_path):
    write_run(tmp_path / 'run')
    runs = [entry('run', cr=True, tau=tau) for tau in (100, 50)]
    record = run_collection.measure(
        [write_collection(tmp_path / 'c.json', runs)])
    _, axes = compared_runs.plot_tau(record)
    assert axes[0, 0].lines[0].get_xdata().tolist() == [50, 100]


def test_collection_without_tau_says_so(tmp_path):
    write_run(tmp_path / 'run')
    record = run_collection.measure(
        [write_collection(tmp_path / 'c.json', [entry('run')])])
    with pytest.raises(ValueError, match='"tau"'):
        compared_runs.plot_tau(record)


def write_audit(path, pearson):
    layers = {
        name: dict(correlation=dict(curvature=dict(pearson=value)))
        for name, value in pearson.items()
    }
    write_json(str(path), dict(layers=layers))
    return str(path)


def test_layers_show_size_and_sign_of_their_correlation(tmp_path):
    path = write_audit(tmp_path / 'audit.json',
                       dict(first=.3, second=None, last=-.6))
    record = layer_correlation.measure([f'net={path}'])
    assert record['models'][0]['name'] == 'net'
    _, axes = layer_correlation.plot(record)
    heights = [bar.get_height() for bar in axes[0, 0].patches]
    assert heights[0] == .3 and math.isnan(heights[1]) and heights[2] == .6
    assert axes[0, 0].patches[0].get_facecolor()[3] == 0
    assert axes[0, 0].patches[2].get_facecolor()[3] == 1


@pytest.mark.parametrize('name, words', [
    ('fig7', 'GeometryMonitorHook'),
    ('fig1', 'run_collection'),
    ('fig6', '--layers'),
])
def test_missing_records_say_what_to_run(tmp_path, name, words):
    for paths in ([], [str(tmp_path / 'none')]):
        with pytest.raises(FileNotFoundError, match=words):
            find_figure(name).measure(paths)


def test_wrong_file_is_named(tmp_path):
    write_json(str(tmp_path / 'x.json'), dict(schema='other'))
    for name in ('fig7', 'fig14'):
        with pytest.raises(FileNotFoundError, match="'other'"):
            find_figure(name).measure([str(tmp_path / 'x.json')])


def test_single_layer_audit_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='several layers'):
        layer_correlation.measure([write_audit(tmp_path / 'audit.json', {})])


def test_closed_forms_take_no_input():
    with pytest.raises(ValueError, match='Leave them out'):
        find_figure('fig3').measure(['run'])


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="'figure7'.*Did you mean 'fig7'"):
        find_figure('figure7')
    with pytest.raises(ValueError, match="got 'zzz'.$"):
        find_figure('zzz')


def test_tool_writes_picture_and_record(tmp_path):
    done = run_tool('fig13', '--out-dir', tmp_path)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ['fig13.json', 'fig13.png', 'fig13.svg']
    assert 'variants' in json.loads((tmp_path / 'fig13.json').read_text())


def test_tool_explains_missing_records_without_a_traceback():
    done = run_tool('fig9')
    assert done.returncode == 2
    assert 'tools/train.py' in done.stderr
    assert 'Traceback' not in done.stderr


def test_help_lists_every_figure():
    text = run_tool('--help').stdout
    assert all(name in text for name in FIGURES)
