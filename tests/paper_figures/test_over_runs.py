# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest

from mmcurv.audit.audit_record import audit_banks, audit_layers
from mmcurv.benchmark.collect import read_collection, summarize
from mmcurv.files import write_json
from mmcurv.paper_figures import histories, over_runs
from tests.audit.sphere_bank import sphere_bank
from .paper_records import (CORRECT, entry, write_audit, write_collection,
                            write_run)


def test_variance_is_shown_without_and_with_cr(tmp_path):
    write_run(tmp_path / 'a')
    write_run(tmp_path / 'b', correct=CORRECT[:1] + ((6, 6, 6), ))
    path = write_collection(
        tmp_path / 'runs.json',
        [entry('a', cr=False), entry('b', cr=True)])
    record = over_runs.measure_runs([path])
    assert [run['variance'] for run in record['runs']
            ] == pytest.approx([np.var([.5, .7, .9]), 0])
    _, axes = over_runs.plot_bias_of_methods(record)
    assert [bar.get_height() for bar in axes[0, 0].patches
            ] == pytest.approx([np.var([.5, .7, .9]), 0])


def test_repetitions_are_averaged_and_shown(tmp_path):
    write_run(tmp_path / 'a')
    write_run(tmp_path / 'b', correct=CORRECT[:1] + ((6, 6, 6), ))
    path = write_collection(tmp_path / 'runs.json', [entry('a'), entry('b')])
    record = over_runs.measure_runs([path])
    _, axes = over_runs.plot_bias_of_models(record)
    mean = np.var([.5, .7, .9]) / 2
    assert axes[0, 0].patches[0].get_height() == pytest.approx(mean)
    assert len(axes[0, 0].lines[0].get_ydata()) == 2


def test_final_numbers_do_not_depend_on_where_the_run_is_read_from(tmp_path):
    folder = write_run(tmp_path / 'run')
    write_json(str(tmp_path / 'history.json'), histories.measure([folder]))
    final = over_runs.measure_runs([
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
    assert math.isnan(over_runs.measure_runs([path])['runs'][0]['pearson'])


def test_models_are_shown_for_each_data_set(tmp_path):
    write_run(tmp_path / 'run')
    runs = [
        entry('run', model=m, dataset=d) for m in ('A', 'B') for d in 'XYZ'
    ]
    record = over_runs.measure_runs(
        [write_collection(tmp_path / 'c.json', runs)])
    _, axes = over_runs.plot_model_correlation(record)
    assert len(axes[0, 0].containers) == 3
    assert len(axes[0, 0].get_xticks()) == 2


def test_accuracy_is_shown_over_tau(tmp_path):
    write_run(tmp_path / 'run')
    runs = [entry('run', cr=True, tau=tau) for tau in (100, 50)]
    record = over_runs.measure_runs(
        [write_collection(tmp_path / 'c.json', runs)])
    _, axes = over_runs.plot_tau(record)
    assert axes[0, 0].lines[0].get_xdata().tolist() == [50, 100]


@pytest.mark.parametrize('taus, scale', [((20, 180), 'linear'),
                                         ((3, 1e6), 'log')])
def test_wide_range_of_tau_goes_by_its_logarithm(taus, scale):
    runs = [
        dict(entry('run', cr=True, dataset='a'), tau=tau, overall=0.6)
        for tau in taus
    ]
    _, axes = over_runs.plot_tau(dict(runs=runs))
    assert axes[0, 0].get_xscale() == scale


def test_collection_without_tau_says_so(tmp_path):
    write_run(tmp_path / 'run')
    record = over_runs.measure_runs(
        [write_collection(tmp_path / 'c.json', [entry('run')])])
    with pytest.raises(ValueError, match='"tau"'):
        over_runs.plot_tau(record)


def test_correlation_is_that_of_the_evaluated_epoch_or_none(tmp_path):
    write_run(tmp_path / 'run')
    (tmp_path / 'run' / 'geometry' / 'epoch_002.json').unlink()
    path = write_collection(tmp_path / 'c.json', [entry('run')])
    record = over_runs.measure_runs([path])
    assert math.isnan(record['runs'][0]['pearson'])
    with pytest.raises(ValueError, match='GeometryMonitorHook'):
        over_runs.plot_model_correlation(record)


def test_last_epoch_is_the_last_by_number(tmp_path):
    write_run(tmp_path / 'run')
    for kind in ('geometry', 'class_accuracy'):
        folder = tmp_path / 'run' / kind
        (folder / 'epoch_001.json').rename(folder / 'epoch_1000.json')
    path = write_collection(tmp_path / 'c.json', [entry('run')])
    run, = over_runs.measure_runs([path])['runs']
    assert run['overall'] == pytest.approx(.4)


def test_audits_serve_as_runs(tmp_path):
    write_json(
        str(tmp_path / 'audit.json'),
        dict(
            schema='mmcurv.audit',
            summary={},
            classes=[
                dict(accuracy=.5, test_count=30),
                dict(accuracy=.9, test_count=10),
                dict(accuracy=None, test_count=0)
            ],
            correlation=dict(curvature=dict(pearson=-.4))))
    path = write_collection(tmp_path / 'c.json', [entry('audit.json')])
    run, = over_runs.measure_runs([path])['runs']
    assert run['overall'] == pytest.approx(.6)
    assert run['variance'] == pytest.approx(.04)
    assert run['pearson'] == -.4


def test_run_that_lacks_a_key_is_named(tmp_path):
    broken = entry('run')
    del broken['dataset'], broken['cr']
    path = write_collection(tmp_path / 'c.json', [entry('run'), broken])
    write_run(tmp_path / 'run')
    with pytest.raises(ValueError, match='run 2 lacks dataset, cr'):
        over_runs.measure_runs([path])


def test_run_without_evaluations_says_what_it_needs(tmp_path):
    (tmp_path / 'run').mkdir()
    for name, words in (('run', 'mmcurv.ClassFairness'), ('none', 'nothing')):
        path = write_collection(tmp_path / 'c.json', [entry(name)])
        with pytest.raises(FileNotFoundError, match=words):
            over_runs.measure_runs([path])


def test_numbers_of_an_audit_are_its_own(tmp_path):
    made = audit_banks(sphere_bank())
    write_json(str(tmp_path / 'audit.json'), made)
    path = write_collection(tmp_path / 'c.json', [entry('audit.json')])
    run, = over_runs.measure_runs([path])['runs']
    summary = made['summary']
    assert run['overall'] == pytest.approx(summary['overall']['value'])
    assert run['variance'] == pytest.approx(summary['variance']['value'])
    assert run['pearson'] == made['correlation']['curvature']['pearson']


def test_layers_show_size_and_sign_of_their_correlation(tmp_path):
    path = write_audit(tmp_path / 'audit.json',
                       dict(first=.3, second=None, last=-.6))
    record = over_runs.measure_layers([f'net={path}'])
    assert record['models'][0]['name'] == 'net'
    _, axes = over_runs.plot_layers(record)
    heights = [bar.get_height() for bar in axes[0, 0].patches]
    assert heights[0] == .3 and math.isnan(heights[1]) and heights[2] == .6
    assert axes[0, 0].patches[0].get_facecolor()[3] == 0
    assert axes[0, 0].patches[2].get_facecolor()[3] == 1


def test_single_layer_audit_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='several layers'):
        over_runs.measure_layers([write_audit(tmp_path / 'audit.json', {})])


def test_layers_that_differ_between_models_are_all_named(tmp_path):
    paths = [
        write_audit(tmp_path / f'{name}.json', {
            name: .1,
            'head.fc': -.2
        }) for name in ('layer2', 'features')
    ]
    figure, axes = over_runs.plot_layers(over_runs.measure_layers(paths))
    legend, = figure.legends
    assert [text.get_text()
            for text in legend.get_texts()] == ['layer2, features', 'head.fc']
    assert len(axes[0, 0].patches) == 4


def test_audit_of_several_layers_is_what_the_figure_reads(tmp_path):
    made = audit_layers(
        dict(early=sphere_bank(p=8, seed=3), last=sphere_bank()), 'last')
    write_json(str(tmp_path / 'audit.json'), made)
    record = over_runs.measure_layers([f'net={tmp_path}'])
    expected = [
        layer['correlation']['curvature']['pearson']
        for layer in made['layers'].values()
    ]
    assert record['models'] == [
        dict(name='net', layers=['early', 'last'], pearson=expected)
    ]
    assert all(math.isfinite(value) for value in expected)


def test_what_collect_writes_is_drawn_as_it_is():
    kept = 'benchmarks/records/cr_study_fashion.json'
    summary = summarize(read_collection(kept))
    means = summary.means[(summary.means.evaluation == 'main')
                          & (summary.means.variant == '')]
    record = over_runs.measure_runs([kept])
    _, axes = over_runs.plot_bias_of_methods(record)
    assert [bar.get_height() for bar in axes[0, 0].patches] == pytest.approx(
        list(means['mean'][means.metric == 'variance']))
    _, axes = over_runs.plot_tau(record)
    swept = summary.runs.dropna(subset='tau')
    assert axes[0, 0].lines[0].get_xdata().tolist() == sorted(set(swept.tau))
    assert axes[0,
                0].lines[1].get_ydata() == pytest.approx(list(swept.overall))
