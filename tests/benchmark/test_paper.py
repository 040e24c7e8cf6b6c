# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The paper's numbers beside ours, and what is said of them."""
import glob
import math
import os.path as osp
from types import SimpleNamespace

import pytest

from mmcurv.benchmark.collect import summarize
from mmcurv.benchmark.matrix import read_matrix
from mmcurv.benchmark.paper import (OF_ACCURACY, gain_verdict, objections,
                                    paper_cells, paper_target, same_name,
                                    verdict)
from tests.benchmark.synthetic_runs import (example_collection, run_record,
                                            small_specs, spec)

MATRICES = osp.join(
    osp.dirname(osp.abspath(__file__)), '..', '..', 'benchmarks', 'matrices',
    'table*.yml')
NOT_PLANNED = 'the matrix does not have it'
OVERALL = [cell for cell in paper_cells(OF_ACCURACY) if cell.key == 'overall']
C100 = ('CIFAR-100-LT', 100, 'ResNet-32')
CE = next(
    cell for cell in paper_cells('Table 1')
    if cell.method == 'Cross Entropy' and cell.imbalance_factor == 100)
nan = math.nan


def rows(specs=None,
         kind='value',
         states=None,
         shift=0.,
         epochs=200,
         **matrix):
    collection = example_collection(specs, states, shift, epochs, **matrix)
    found = summarize(collection).paper
    rows = {}
    for row in found[found.kind == kind].itertuples():
        factor = row.imbalance_factor
        factor = None if math.isnan(factor) else factor
        rows[row.method, factor, row.cr] = row._asdict()
    return rows


def test_every_number_of_the_table_is_there_once():
    found = summarize(example_collection()).paper.kind.value_counts()
    # MiSLAS and LDAM-DRW have no CR.
    assert dict(found) == dict(value=56, gain=24)


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
    row = rows(kind='gain')['Cross Entropy', 100, None]
    assert row['value'] == 2.3 and row['verdict'] == 'reproduced'
    assert row['mean'] == pytest.approx(2.3, abs=0.01) and row['n'] == 3
    row = rows(kind='gain')['Focal Loss', 100, None]
    assert row['value'] == 1.5 and row['verdict'] == 'not reproduced'


def test_a_gain_needs_both_kinds_of_runs():
    plain = [one for one in small_specs() if not one.cr]
    row = rows(plain, 'gain')['Cross Entropy', 100, None]
    assert (row['verdict'], row['reason'], row['n']) == ('not run',
                                                         NOT_PLANNED, 0)
    states = {
        one.name: ('failed', 'boom')
        for one in small_specs() if not one.cr
    }
    row = rows(None, 'gain', states)['Cross Entropy', 100, None]
    assert row['verdict'] == 'not run'
    assert row['reason'] == 'failed'


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
    for kind, cr in (('value', True), ('gain', None)):
        row = rows(kind=kind, epochs=30)['Cross Entropy', 100, cr]
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
    gain = rows(specs, 'gain')['Cross Entropy', 100, None]
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
    gain = rows(specs, 'gain', paper_table='Table 2')
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
    paper = summarize(collection).paper
    found = {
        (row.table, row.dataset, row.model, row.cr): row._asdict()
        for row in paper[paper.kind == 'value'].itertuples()
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
    found = summarize(collection).paper
    assert len(found) and not (found.reason == NOT_PLANNED).any()


def ours(*specs, states=None, table='Table 1', **place):
    """The verdict, seeds and reason beside one number of the paper."""
    collection = example_collection(list(specs), states, paper_table=table)
    found = summarize(collection).paper
    found = found[found.kind == 'value']
    for key, value in dict(
            dict(method='Cross Entropy', cr=False, imbalance_factor=100),
            **place).items():
        if value is not None:
            found = found[found[key] == value]
    row = found.iloc[0]
    return row.verdict, row.n, row.reason


@pytest.mark.parametrize('changes', [
    dict(method='Focal'),
    dict(cr=True),
    dict(imbalance_factor=10),
    dict(variant='long'),
    dict(dataset='Fashion-LT', imbalance_factor=10),
])
def test_another_cell_is_not_taken(changes):
    assert ours(spec(**changes)) == ('not run', 0, NOT_PLANNED)


def test_what_stands_in_is_as_like_as_can_be():
    _, n, reason = ours(
        spec(dataset='Fashion-LT', model='ResNet-20'),
        spec(dataset='Fashion-LT'), spec(model='ResNet-20'))
    assert n == 1 and reason == (
        'other model: ResNet-20 instead of ResNet-32; 1 of at least 3 seeds '
        'have it')


def test_only_finished_runs_stand_in():
    one = spec(model='ResNet-20')
    states = {one.name: ('missing', None)}
    assert ours(one, states=states) == ('not run', 0, NOT_PLANNED)


def test_the_paper_s_own_cell_is_taken_even_if_it_was_not_run():
    states = {spec().name: ('missing', None)}
    assert ours(
        spec(model='ResNet-20'), spec(), states=states) == ('not run', 0, '')


def test_data_of_another_row_of_the_table_do_not_stand_in():
    place = dict(
        table='Table 5',
        dataset='ImageNet',
        model='ResNet-18',
        method=None,
        imbalance_factor=None)
    one = spec(dataset='CIFAR-100', imbalance_factor=None, model='ResNet-18')
    assert ours(one, **place) == ('not run', 0, NOT_PLANNED)
    other = one._replace(dataset='Fashion-LT', imbalance_factor=100)
    assert ours(other, **place)[1] == 1


@pytest.mark.parametrize('paper, ours', [
    ('Cross Entropy', 'CE'),
    ('Focal Loss', 'Focal'),
    ('CB Loss', 'CB'),
    ('De-c-TDE', 'De-confound-TDE'),
    ('RIDE (4*)', 'RIDE (4 experts)'),
    ('RIDE + CMO', 'RIDE+CMO'),
    ('LDAM-DRW', 'ldam-drw'),
    ('VGG16', 'VGG-16'),
    ('iNaturalist2018', 'iNaturalist 2018'),
    ('ImageNet', 'ImageNet-1k'),
])
def test_spellings_of_one_thing_are_one_name(paper, ours):
    assert same_name(paper, ours)


@pytest.mark.parametrize('paper, ours', [
    ('LDAM', 'LDAM-DRW'),
    ('RIDE (4*)', 'RIDE (3 experts)'),
    ('RIDE (4*)', 'RIDE + CMO'),
    ('CIFAR-100', 'CIFAR-100-LT'),
    ('ResNet-18', 'ResNet-101'),
    ('ImageNet', 'ImageNet-LT'),
    ('VGG-16', 'VGG-19'),
])
def test_different_things_are_different_names(paper, ours):
    assert not same_name(paper, ours)


def asked(cell=None, paper=CE, protocol=(), **record):
    run = example_collection([spec()])['runs'][0]
    for section, changes in record.items():
        run['record'][section] = changes and dict(run['record'][section], **
                                                  changes)
    return objections(paper, SimpleNamespace(**dict(run, **(cell or {}))),
                      [run['record']], dict(protocol))


def test_runs_of_the_paper_have_no_objection():
    assert asked() == []
    assert asked(protocol=dict(epochs=200)) == []


@pytest.mark.parametrize('cell, words', [
    (dict(model='ResNet-20'), 'other model: ResNet-20 instead of ResNet-32'),
    (dict(dataset='Fashion-LT'), 'other data: Fashion-LT, imbalance 100 '
     'instead of CIFAR-10-LT, imbalance 100'),
    (dict(imbalance_factor=50), 'other data: CIFAR-10-LT, imbalance 50 '
     'instead of CIFAR-10-LT, imbalance 100'),
])
def test_names_of_another_cell_are_told(cell, words):
    assert asked(cell) == [words]


@pytest.mark.parametrize('counts, words', [
    ([5000] * 9 + [100], '100 images of the smallest class instead of 50'),
    ([500] * 9 + [5], '500 images of the largest class instead of 5,000'),
    ([5000, 50], '2 classes instead of 10'),
])
def test_fewer_images_under_the_same_name_are_other_data(counts, words):
    assert asked(split=dict(class_counts=counts)) == [f'other data: {words}']


def test_a_smallest_class_that_was_rounded_is_the_same():
    paper = CE._replace(dataset='CIFAR-100-LT', imbalance_factor=200.)
    cell = dict(dataset='CIFAR-100-LT', imbalance_factor=200)
    for smallest in (2, 3):  # 500 / 200 = 2.5
        counts = dict(class_counts=[500] * 99 + [smallest])
        assert asked(cell, paper, split=counts) == []


def test_an_unknown_split_is_told():
    assert asked(split=None) == ['the train split is not known']


def test_other_epochs_are_told():
    assert asked(protocol=dict(epochs=100)) == [
        'other epochs: 200 instead of 100'
    ]
    run = example_collection([spec()], epochs=30)['runs'][0]
    assert objections(CE, SimpleNamespace(**run), [run['record']],
                      {}) == ['other epochs: 30 instead of 200']
    del run['record']['protocol']['epochs']
    assert objections(CE, SimpleNamespace(**run), [run['record']], {}) == [
        'other epochs: a number of iterations instead of 200'
    ]


def test_other_groups_matter_to_the_groups_alone():
    run = example_collection([spec()])['runs'][0]
    run['record']['protocol']['head_above'] = 50
    assert objections(CE, SimpleNamespace(**run), [run['record']], {}) == []
    found = objections(
        CE._replace(split='tail'), SimpleNamespace(**run), [run['record']], {})
    assert found == [
        'other groups: head above 50, tail below 20 instead of '
        '100 and 20'
    ]


def test_every_data_set_of_the_paper_is_known():
    every = paper_cells(', '.join(f'Table {i}' for i in range(1, 8)))
    run = example_collection([spec()])['runs'][0]
    for paper in every:
        cell = SimpleNamespace(
            dataset=paper.dataset,
            imbalance_factor=paper.imbalance_factor,
            model=paper.model)
        found = objections(paper, cell, [run['record']], {})
        same = (
            paper.dataset == 'CIFAR-10-LT' and paper.imbalance_factor == 100)
        assert bool(found) != same


def test_every_accuracy_of_the_paper_is_found_by_its_own_names():
    assert len(OVERALL) > 180
    for cell in OVERALL:
        found = paper_target(cell.dataset, cell.imbalance_factor, cell.model,
                             cell.method, cell.cr)
        assert found == (None if math.isnan(cell.value) else cell)


@pytest.mark.parametrize('config, value', [
    ((*C100, 'Cross Entropy', False), 38.2),
    ((*C100, 'CE', True), 40.5),
    (('cifar-10-lt', 200., 'resnet32', 'ce', False), 65.6),
    (('ImageNet', None, 'VGG-16', 'CE', True), 72.7),
])
def test_spelling_does_not_matter(config, value):
    assert paper_target(*config).value == value


@pytest.mark.parametrize('config', [
    ('CIFAR-100-LT', 20, 'ResNet-32', 'CE', False),
    ('CIFAR-100-LT', None, 'ResNet-32', 'CE', False),
    ('CIFAR-100-LT', 100, 'ResNet-20', 'CE', False),
    ('CIFAR-100-LT (class folders)', 50, 'ResNet-32', 'CE', False),
    ('Fashion-MNIST-LT', 100, 'ResNet-32', 'CE', False),
    (*C100, 'Balanced Softmax', False),
    (*C100, 'LDAM-DRW', True),
])
def test_what_the_paper_does_not_have_is_no_target(config):
    assert paper_target(*config) is None


def test_number_that_the_paper_leaves_out_is_no_target():
    assert paper_target('CIFAR-10-LT', 10, 'ResNet-32', 'GCL', True) is None


def test_doubtful_number_keeps_its_reason():
    cell = paper_target('CIFAR-100-LT', 50, 'ResNet-32', 'RIDE (4*)', False)
    assert cell.value == 59.0
    assert 'imbalance 10' in cell.doubtful


def mean_of(mean, half=0.5, n=3):
    return dict(mean=mean, low=mean - half, high=mean + half, n=n)


def test_no_finished_run_is_not_run_whatever_else_holds():
    assert verdict(70, mean_of(nan, n=0), 'overall', 0,
                   ['other data']) == ('not run', '')


@pytest.mark.parametrize('mean', [69, 69.5, 70, 70.7, 71])
def test_a_mean_within_a_point_is_reproduced(mean):
    assert verdict(70, mean_of(mean), 'overall', 3, [])[0] == 'reproduced'


@pytest.mark.parametrize('mean', [68.98, 71.02])
def test_a_mean_beyond_a_point_is_not(mean):
    said, reason = verdict(70, mean_of(mean), 'overall', 3, [])
    assert said == 'not reproduced'
    side = 'below' if mean < 70 else 'above'
    assert reason == f'1.02 points {side} the paper'


def test_rounding_does_not_decide_about_one_point():
    assert 64.4 - 63.4 > 1  # as floats
    assert verdict(63.4, mean_of(64.4), 'overall', 3, [])[0] == 'reproduced'


def test_a_number_in_a_narrow_interval_is_reproduced():
    said, reason = verdict(70, mean_of(71.9, 1.95), 'overall', 3, [])
    assert said == 'reproduced' and 'which our interval holds' in reason


def test_a_number_in_a_wide_interval_is_not():
    assert verdict(70, mean_of(71.9, 2.1), 'overall', 3,
                   [])[0] == 'not reproduced'


@pytest.mark.parametrize('mean, said', [(-0.55, 'reproduced'),
                                        (-0.66, 'not reproduced')])
def test_a_correlation_has_to_be_within_a_tenth(mean, said):
    # Its interval, which holds the number, has no say.
    assert verdict(-0.45, mean_of(mean, 0.3), 'correlation', 3, [])[0] == said


@pytest.mark.parametrize('value, found, metric, objections, reason', [
    (70, mean_of(70), 'overall', ['other data: x instead of y'
                                  ], 'other data: x'),
    (70, mean_of(70, n=2), 'overall', [], '2 of at least 3 seeds'),
    (25, mean_of(25), 'curvature_variance', [], 'tangent dimension and unit'),
    (nan, mean_of(70), 'overall', [], 'the paper prints no value'),
])
def test_what_is_not_comparable_says_why(value, found, metric, objections,
                                         reason):
    said, words = verdict(value, found, metric, 3, objections)
    assert said == 'not comparable' and reason in words


def test_all_reasons_are_told():
    _, words = verdict(nan, mean_of(70, n=1), 'overall', 1, ['a', 'b'])
    assert words == ('a; b; 1 of at least 3 seeds have it; the paper prints '
                     'no value')


@pytest.mark.parametrize('value, mean, half, said', [
    (0.8, 0.8, 0.5, 'reproduced'),
    (0.8, 0.8, 0.9, 'not reproduced'),
    (0.8, -0.1, 0.05, 'not reproduced'),
    (-0.6, -0.8, 0.5, 'reproduced'),
    (-0.6, 0.3, 0.1, 'not reproduced'),
    (2.5, 0.8, 0.5, 'not reproduced'),
])
def test_a_gain_must_be_near_and_told_from_none(value, mean, half, said):
    assert gain_verdict(value, mean_of(mean, half), 'overall', 3,
                        [])[0] == said


def test_a_gain_that_could_be_none_says_so():
    reason = gain_verdict(0.8, mean_of(0.8, 0.9), 'overall', 3, [])[1]
    assert reason.endswith('but cannot be told from no gain')


def test_gain_that_was_not_run_is_not_run():
    assert gain_verdict(0.8, mean_of(nan, n=0), 'overall', 0,
                        [])[0] == 'not run'
