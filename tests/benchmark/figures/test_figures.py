# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os.path as osp

import numpy as np
import pytest

from mmcurv.benchmark.figures.figures import benchmark_figures, draw_figures
from tests.benchmark.page_example import (mixed_example, models_example,
                                          study_example, with_summary)
from tests.benchmark.synthetic_runs import (example_collection, small_specs,
                                            spec)


def names(example):
    return list(benchmark_figures(*example))


def test_only_figures_with_runs_are_drawn():
    geometry = ['differences', 'table6', 'table7']
    assert names(mixed_example()) == geometry  # one method is done
    assert names(study_example()) == ['differences', 'fig14'] + geometry[1:]
    assert names(models_example()) == ['differences', 'fig15'] + geometry[1:]
    two_methods = with_summary(example_collection())
    assert names(two_methods) == ['differences', 'fig1'] + geometry[1:]


def test_collection_without_runs_has_no_figure(tmp_path):
    one = spec()
    collection = example_collection([one], {one.name: ('missing', None)})
    assert draw_figures(collection, str(tmp_path)) == []


def test_figures_are_written_as_png_and_svg(tmp_path):
    collection, _ = mixed_example()
    paths = draw_figures(collection, str(tmp_path / 'figures'))
    assert [osp.basename(path) for path in paths] == [
        f'{name}.{ending}' for name in ('differences', 'table6', 'table7')
        for ending in ('png', 'svg')
    ]
    assert all(osp.getsize(path) > 1000 for path in paths)


def test_bars_are_means_over_seeds_without_and_with_cr():
    collection, summary = with_summary(example_collection())
    axis = benchmark_figures(collection, summary)['fig1'].axes[0, 0]
    means = [
        cell['metrics']['variance']['mean'] for cr in (False, True)
        for cell in summary['cells'] if cell['imbalance_factor'] == 100
        and cell['cr'] == cr and cell['method'] != 'BBN'
    ]
    assert [bar.get_height() for bar in axis.patches] == pytest.approx(means)
    assert axis.get_title(loc='left') == 'CIFAR-10-LT, imbalance 100'


def test_runs_of_a_sweep_are_no_repetitions_of_their_method():
    specs = small_specs() + [
        spec(cr=True, variant='tau=2', tau=2, seed=seed) for seed in range(3)
    ]
    collection, summary = with_summary(example_collection(specs))
    axis = benchmark_figures(collection, summary)['fig1'].axes[0, 0]
    assert [len(line.get_xdata()) for line in axis.lines] == [3] * 4


def test_methods_of_several_models_get_panels_of_their_own():
    specs = [
        spec(method=method, model=model, config=f'configs/{method}{model}.py')
        for method in ('CE', 'Focal') for model in ('A', 'B')
    ]
    collection, summary = with_summary(example_collection(specs))
    axes = benchmark_figures(collection, summary)['fig1'].axes
    assert [axis.get_title(loc='left') for axis in axes.flat] == [
        'CIFAR-10-LT, imbalance 100, A', 'CIFAR-10-LT, imbalance 100, B'
    ]


def test_accuracy_over_tau_is_in_per_cent():
    collection, summary = study_example()
    axis = benchmark_figures(collection, summary)['fig14'].axes[0, 0]
    mean = summary['cells'][-1]['metrics']['overall']['mean']
    assert axis.lines[0].get_xdata().tolist() == [10, 100]
    np.testing.assert_allclose(axis.lines[0].get_ydata()[-1], mean)
