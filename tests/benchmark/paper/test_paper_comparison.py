# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import glob
import math
import os.path as osp

import pytest

from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.matrix import read_matrix
from mmcurv.benchmark.paper.paper_comparison import NOT_PLANNED
from tests.benchmark.synthetic_runs import (example_collection, run_record,
                                            small_specs, spec)

MATRICES = osp.join(
    osp.dirname(osp.abspath(__file__)), '..', '..', '..', 'benchmarks',
    'matrices', 'table*.yml')


def rows(specs=None, key='paper', states=None, shift=0., epochs=200, **matrix):
    collection = example_collection(specs, states, shift, epochs, **matrix)
    return {
        (row['method'], row['imbalance_factor'], row.get('cr')): row
        for row in summarize(collection)[key]
    }


def test_every_number_of_the_table_is_there_once():
    collection = example_collection()
    summary = summarize(collection)
    assert len(summary['paper']) == 56
    assert len(summary['paper_gains']) == 24  # MiSLAS and LDAM-DRW have no CR


def test_our_mean_stands_beside_the_paper_s():
    row = rows()['Cross Entropy', 100, False]
    seeds = [
        run_record(spec(seed=seed))['results']['last']['metrics']['overall']
        for seed in (0, 1, 2)
    ]
    assert row['value'] == 70.3 and row['n'] == 3
    assert row['mean'] == pytest.approx(sum(seeds) / 3)
    assert row['verdict'] == 'not reproduced'
    assert 'points below the paper' in row['reason']


def test_accuracies_near_the_paper_s_are_reproduced():
    assert rows(shift=3)['Cross Entropy', 100,
                         False]['verdict'] == 'reproduced'


def test_gains_have_verdicts_of_their_own():
    row = rows(key='paper_gains')['Cross Entropy', 100, None]
    assert row['value'] == 2.3 and row['verdict'] == 'reproduced'
    assert row['mean'] == pytest.approx(2.3, abs=0.01) and row['n'] == 3
    row = rows(key='paper_gains')['Focal Loss', 100, None]
    assert row['value'] == 1.5 and row['verdict'] == 'not reproduced'


def test_a_gain_needs_both_kinds_of_runs():
    plain = [one for one in small_specs() if not one.cr]
    row = rows(plain, 'paper_gains')['Cross Entropy', 100, None]
    assert (row['verdict'], row['reason'], row['n']) == ('not run',
                                                         NOT_PLANNED, 0)
    states = {
        one.name: ('failed', 'boom')
        for one in small_specs() if not one.cr
    }
    row = rows(None, 'paper_gains', states)['Cross Entropy', 100, None]
    assert row['verdict'] == 'not run'
    assert row['reason'] == 'failed (seed 0: boom)'


def test_what_was_not_run_says_why():
    found = rows(
        states={
            one.name: ('missing', None)
            for one in small_specs() if one.method == 'Focal'
        })
    expected = {
        'MiSLAS': NOT_PLANNED,
        'BBN': 'no config',
        'Focal Loss': '',
    }
    for method, reason in expected.items():
        row = found[method, 100, False]
        assert (row['verdict'], row['reason']) == ('not run', reason)
        assert math.isnan(row['mean']) and row['n'] == 0


def test_two_seeds_are_too_few():
    row = rows(small_specs(seeds=(0, 1)))['Cross Entropy', 100, False]
    assert row['verdict'] == 'not comparable'
    assert row['reason'] == '2 of at least 3 seeds have it'


def test_a_short_schedule_is_not_comparable():
    for key, cr in (('paper', True), ('paper_gains', None)):
        row = rows(key=key, epochs=30)['Cross Entropy', 100, cr]
        assert row['verdict'] == 'not comparable'
        assert row['reason'] == 'other epochs: 30 instead of 200'


def test_another_model_stands_in_and_is_marked():
    specs = [spec(model='ResNet-20', seed=seed) for seed in range(3)]
    row = rows(specs)['Cross Entropy', 100, False]
    assert row['n'] == 3 and row['verdict'] == 'not comparable'
    assert row['reason'] == 'other model: ResNet-20 instead of ResNet-32'


def test_other_data_stand_in_and_are_marked():
    specs = [
        spec(dataset='Fashion-LT', cr=cr, seed=seed) for cr in (False, True)
        for seed in range(3)
    ]
    row = rows(specs)['Cross Entropy', 100, False]
    assert row['n'] == 3 and row['verdict'] == 'not comparable'
    assert 'other data: Fashion-LT, imbalance 100' in row['reason']
    gain = rows(specs, 'paper_gains')['Cross Entropy', 100, None]
    assert gain['n'] == 3 and gain['verdict'] == 'not comparable'
    other = rows(specs)['Cross Entropy', 50, False]
    assert other['verdict'] == 'not run'


def test_the_paper_s_own_cell_goes_before_one_that_stands_in():
    specs = [
        spec(model=model, seed=seed) for model in ('ResNet-20', 'ResNet-32')
        for seed in range(3)
    ]
    row = rows(specs, shift=3)['Cross Entropy', 100, False]
    assert row['verdict'] == 'reproduced'


def test_a_cell_of_another_imbalance_or_a_variant_does_not_stand_in():
    specs = [spec(imbalance_factor=10, seed=seed) for seed in range(3)]
    specs += [spec(variant='long', seed=seed) for seed in range(3)]
    assert rows(specs)['Cross Entropy', 100, False]['verdict'] == 'not run'


def test_doubtful_numbers_keep_their_verdict_and_are_marked():
    specs = [
        spec(
            method='RIDE (4*)',
            dataset='CIFAR-100-LT',
            imbalance_factor=50,
            cr=cr,
            seed=seed) for cr in (False, True) for seed in range(3)
    ]
    row = rows(specs, paper_table='Table 2')['RIDE (4*)', 50, False]
    assert row['verdict'] == 'not comparable'  # ten classes, not a hundred
    assert 'easier task' in row['doubtful']
    gain = rows(specs, 'paper_gains', paper_table='Table 2')
    assert 'easier task' in gain['RIDE (4*)', 50, None]['doubtful']


def test_numbers_that_the_paper_leaves_empty_stay_empty():
    specs = [spec(method='GCL', imbalance_factor=10, seed=s) for s in range(3)]
    row = rows(specs)['GCL', 10, False]
    assert math.isnan(row['value']) and row['n'] == 3
    assert row['verdict'] == 'not comparable'
    assert row['reason'] == 'the paper prints no value'


def test_variance_of_curvature_is_never_comparable():
    specs = [
        spec(
            dataset='CIFAR-100',
            imbalance_factor=None,
            model='ResNet-18',
            cr=cr,
            seed=seed) for cr in (False, True) for seed in range(3)
    ]
    collection = example_collection(
        specs, paper_table='Table 6, Table 7', protocol={})
    for run in collection['runs']:
        run['record']['split'] = dict(
            class_counts=[500] * 100, fingerprint='0')
    found = {
        (row['table'], row['dataset'], row['model'], row['cr']): row
        for row in summarize(collection)['paper']
    }
    row = found['Table 6', 'CIFAR-100', 'ResNet-18', False]
    assert row['n'] == 3 and row['verdict'] == 'not comparable'
    assert row['reason'] == 'the paper leaves tangent dimension and unit open'
    row = found['Table 7', 'CIFAR-100', 'ResNet-18', False]
    assert row['verdict'] == 'not reproduced'
    assert row['mean'] == collection_mean(collection, 'correlation')


def collection_mean(collection, key):
    values = [
        run['record']['geometry'][key] for run in collection['runs']
        if not run['cr']
    ]
    return pytest.approx(sum(values) / len(values))


def test_an_unknown_table_is_an_error():
    with pytest.raises(ValueError, match="no 'Table 8'"):
        rows([spec()], paper_table='Table 8')


@pytest.mark.parametrize('path', sorted(glob.glob(MATRICES)))
def test_shipped_matrices_have_every_number_of_their_table(path):
    specs = read_matrix(path).runs
    table = read_matrix(path).paper_table
    collection = example_collection(
        specs, {one.name: ('missing', None)
                for one in specs},
        paper_table=table)
    found = summarize(collection)['paper']
    assert found and all(row['reason'] != NOT_PLANNED for row in found)
