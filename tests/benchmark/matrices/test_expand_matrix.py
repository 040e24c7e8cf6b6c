# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.matrices.expand_matrix import FACTOR, expand_matrix
from mmcurv.benchmark.matrices.read_matrix import read_matrix
from mmcurv.engine.config_options import UsageError
from tests.benchmark.matrix_file import CIFAR10, CONFIG, CONTENT, write_matrix

CE = CONTENT['methods'][0]


@pytest.fixture
def expand(tmp_path):
    """Runs of the small matrix with changes."""

    def call(**changes):
        return expand_matrix(
            read_matrix(write_matrix(tmp_path, **changes)), 'root')

    return call


def test_order_is_methods_data_factors_variants_cr_seeds(expand):
    variants = [dict(variant=''), dict(variant='b', options={'log_level': 1})]
    runs = expand(variants=variants, methods=[CE])
    assert [
        (r.dataset, r.imbalance_factor, r.variant, r.cr, r.seed) for r in runs
    ] == [(dataset, factor, variant, cr, seed)
          for dataset, factor in (('CIFAR-10-LT', 100), ('CIFAR-10-LT', 10),
                                  ('CIFAR-100-LT', 50))
          for variant in ('', 'b') for cr in (False, True) for seed in (0, 1)]


def test_methods_follow_each_other_in_the_order_of_the_file(expand):
    assert list(dict.fromkeys(run.method
                              for run in expand())) == ['CE', 'RIDE + CMO']


def test_folders_follow_the_rule(expand):
    variants = [
        dict(variant=''),
        dict(variant='tau=10', cr=[True], options={'log_level': 1})
    ]
    folders = [run.folder for run in expand(variants=variants, seeds=[3])]
    assert folders[:3] == [
        'root/small/ce/cifar10-lt-if100/seed3',
        'root/small/ce_cr/cifar10-lt-if100/seed3',
        'root/small/ce_cr/cifar10-lt-if100/tau=10/seed3',
    ]
    assert folders[-1] == 'root/small/ride-cmo/cifar100-lt-if50/seed3'


def test_folder_has_the_model_only_if_the_method_has_several(expand):
    methods = [
        dict(method='CE', model='ResNet-18', config=None, cr=[False]),
        dict(method='CE', model='VGG16', config=None, cr=[False]),
        dict(method='BBN', model='VGG16', config=None, cr=[False])
    ]
    runs = expand(
        methods=methods, data=[dict(dataset='X', slug='x')], seeds=[0])
    assert [run.folder for run in runs] == [
        'root/small/ce/x-resnet-18/seed0', 'root/small/ce/x-vgg16/seed0',
        'root/small/bbn/x/seed0'
    ]
    assert [run.imbalance_factor for run in runs] == [None] * 3


def test_config_and_options_belong_to_the_cell(expand):
    run = expand(
        options={
            'a': 1,
            'b': 1,
            'c': 1
        },
        methods=[dict(CE, options={
            'b': 2,
            'c': 2
        })],
        variants=[dict(variant='x', tau=20, options={'c': 3})])[2]
    assert (run.config, run.with_files, run.cr_switch) == (CONFIG, (CIFAR10, ),
                                                           True)
    assert run.options == {'a': 1, 'b': 2, 'c': 3, FACTOR: 100}
    assert (run.tau, run.seed, run.matrix) == (20, 0, 'small')


def test_data_go_before_methods_among_files_and_options(expand):
    data = {
        'dataset': 'X',
        'slug': 'x',
        'factors': [10],
        'with': ['{data}.py'],
        'options': dict(a=1, b=1)
    }
    method = dict(CE, options=dict(b=2), **{'with': ['net{factor}.py']})
    run = expand(data=[data], methods=[method])[0]
    assert run.with_files == ('x.py', 'net10.py')
    assert run.options == {FACTOR: 10, 'a': 1, 'b': 2}
    assert (run.config, run.cr_switch) == (CONFIG, False)


def test_what_the_path_of_a_config_says_is_no_switch(expand):
    config = 'configs/ce/ce_resnet32_{data}-if{factor}{cr}.py'
    run = expand(methods=[dict(CE, config=config)])[2]
    assert run.config == 'configs/ce/ce_resnet32_cifar10-lt-if100_cr.py'
    assert (run.cr, run.cr_switch, run.options) == (True, False, {})


def test_entries_can_be_kept_to_some_cells(expand):
    kept = dict(CE, data=['cifar10-lt'], factors=[10], cr=[True])
    runs = expand(methods=[kept, CONTENT['methods'][1]])
    assert {run.cell
            for run in runs if run.method == 'CE'
            } == {('CE', True, 'CIFAR-10-LT', 10, 'ResNet-32', '')}


def test_method_without_config_is_no_fault(expand):
    assert {run.config for run in expand() if run.method != 'CE'} == {None}


@pytest.mark.parametrize('changes, words', [
    (dict(cr=[False], methods=[dict(CE, cr=[True])
                               ]), "methods ('CE'): not one run comes of it"),
    (dict(methods=[dict(CE, data=['cifar10-lt'])]),
     "data ('CIFAR-100-LT'): not one run"),
    (dict(
        cr=[False], variants=[dict(variant=''),
                              dict(variant='x', cr=[True])
                              ]), "variants ('x'): not one run"),
    (dict(methods=[CE, dict(CE, method='B', factors=[20])]),
     "methods ('B'): not one run"),
    (dict(methods=[dict(CE, factors=[100, 50, 11])]),
     'factors: 11 is none of its data'),
])
def test_entry_that_gives_nothing_is_named(changes, words, expand):
    with pytest.raises(UsageError) as caught:
        expand(**changes)
    assert words in str(caught.value)


def test_two_runs_with_one_folder_are_both_named(expand):
    methods = [CE, dict(CE, method='Ce', config=None)]
    with pytest.raises(UsageError) as caught:
        expand(methods=methods)
    message = str(caught.value)
    assert 'two runs have the same folder' in message
    assert "'CE, CIFAR-10-LT if100, ResNet-32, seed 0'" in message
    assert "'Ce, CIFAR-10-LT if100, ResNet-32, seed 0'" in message


def test_two_runs_with_one_name_are_refused(expand):
    data = [
        dict(dataset='X', slug='cifar10-lt', factors=[10]),
        dict(dataset='X', slug='cifar100-lt', factors=[10])
    ]
    with pytest.raises(UsageError, match='two runs have the same name'):
        expand(data=data)


def test_two_cells_of_one_training_are_refused(expand):
    data = [
        dict(dataset='X', slug='cifar10-lt', factors=[100, 10]),
        dict(dataset='Y', slug='cifar100-lt', factors=[100, 10])
    ]
    with pytest.raises(UsageError, match='would be the same training'):
        expand(methods=[CE], data=data)


def test_variants_without_a_change_are_one_training(expand):
    with pytest.raises(UsageError, match='would be the same training'):
        expand(variants=[dict(variant=''), dict(variant='x')])
