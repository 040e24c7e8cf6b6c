# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.audit.audit_record import audit_layers
from mmcurv.benchmark.collect import read_collection, summarize
from mmcurv.files import write_json
from mmcurv.paper_figures import over_runs
from tests.audit.sphere_bank import sphere_bank
from .paper_records import write_audit

nan = math.nan


def run(**changes):
    """A row as the record of a figure has it."""
    return dict(
        dict(
            method='CE',
            cr=False,
            data='D',
            model='M',
            variant='',
            tau=nan,
            overall=60.,
            variance=0.02,
            correlation=-0.3), **changes)


def test_repetitions_are_averaged_and_shown_without_and_with_cr():
    runs = [run(), run(variance=0.04), run(cr=True, variance=0.01)]
    runs.append(run(cr=True, variance=9., variant='tau=10'))
    for plot in (over_runs.plot_bias_of_methods,
                 over_runs.plot_bias_of_models):
        _, axes = plot(dict(runs=runs))
        assert [bar.get_height()
                for bar in axes[0, 0].patches] == pytest.approx([0.03, 0.01])
        assert len(axes[0, 0].lines[0].get_ydata()) == 2


def test_models_are_shown_for_each_data_set():
    runs = [run(model=m, data=d) for m in ('A', 'B') for d in 'XYZ']
    _, axes = over_runs.plot_model_correlation(dict(runs=runs))
    assert len(axes[0, 0].containers) == 3
    assert len(axes[0, 0].get_xticks()) == 2
    with pytest.raises(ValueError, match='GeometryMonitorHook'):
        over_runs.plot_model_correlation(dict(runs=[run(correlation=nan)]))


@pytest.mark.parametrize('taus, scale', [((20., 180.), 'linear'),
                                         ((3., 1e6), 'log')])
def test_wide_range_of_tau_goes_by_its_logarithm(taus, scale):
    runs = [run(cr=True, variant=f'tau={tau}', tau=tau) for tau in taus[::-1]]
    _, axes = over_runs.plot_tau(dict(runs=runs))
    assert axes[0, 0].lines[0].get_xdata().tolist() == list(taus)
    assert axes[0, 0].get_xscale() == scale


def test_collection_without_what_is_drawn_says_so():
    with pytest.raises(ValueError, match='"tau"'):
        over_runs.plot_tau(dict(runs=[run()]))
    with pytest.raises(ValueError, match='finished runs .*found none'):
        over_runs.plot_tau(dict(runs=[]))


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
