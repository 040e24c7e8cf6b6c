# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A matrix file: what it may hold, the runs it stands for, their choice."""
import time

import pytest
import yaml

from mmcurv.arguments import UsageError
from mmcurv.benchmark.matrix import (FACTOR, missing_configs, read_matrix,
                                     select_runs, slug)
from tests.benchmark.matrix_file import CIFAR10, CONFIG, CONTENT, write_matrix
from tests.benchmark.synthetic_runs import small_specs, spec

CE = CONTENT['methods'][0]
NONE = dict(CE, config=None)
RUNS = small_specs()  # CE, Focal, BBN at 100 and 10, with and without CR


@pytest.fixture
def expand(tmp_path):
    """Runs of the small matrix with changes."""

    def call(**changes):
        return read_matrix(write_matrix(tmp_path, **changes), 'root').runs

    return call


@pytest.fixture
def refusal(tmp_path):
    """What is said of the small matrix with changes."""

    def call(**changes):
        return fault(write_matrix(tmp_path, **changes))

    return call


def fault(path):
    with pytest.raises(UsageError) as caught:
        read_matrix(str(path))
    return str(caught.value)


def test_matrix_has_its_texts_and_runs(tmp_path):
    path = write_matrix(
        tmp_path,
        about='Why.\n',
        paper_table='Table 1',
        protocol=dict(epochs=200))
    matrix = read_matrix(path)
    assert matrix[:6] == ('small', 'A small matrix', 'Why.', 'Table 1',
                          dict(epochs=200), path)
    assert len(matrix.runs) == 3 * 2 * 2 + 3 * 2
    assert len({run.name for run in matrix.runs}) == len(matrix.runs)
    assert matrix.runs[0].folder == (
        'work_dirs/benchmark/small/ce/cifar10-lt-if100/seed0')


def test_order_is_methods_data_factors_variants_cr_seeds(expand):
    variants = [
        dict(variant=''),
        dict(variant='b', options={'log_level': 'INFO'})
    ]
    runs = expand(variants=variants, methods=[CE])
    assert [
        (r.dataset, r.imbalance_factor, r.variant, r.cr, r.seed) for r in runs
    ] == [(dataset, factor, variant, cr, seed)
          for dataset, factor in (('CIFAR-10-LT', 100), ('CIFAR-10-LT', 10),
                                  ('CIFAR-100-LT', 50))
          for variant in ('', 'b') for cr in (False, True) for seed in (0, 1)]
    methods = [run.method for run in expand()]
    assert list(dict.fromkeys(methods)) == ['CE', 'RIDE + CMO']


def test_folders_follow_the_rule(expand):
    variants = [
        dict(variant=''),
        dict(variant='tau=10', cr=[True], options={'log_level': 'INFO'})
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


@pytest.mark.parametrize('name, expected', [
    ('LDAM-DRW', 'ldam-drw'),
    ('RIDE (4*)', 'ride-4'),
    ('RIDE + CMO', 'ride-cmo'),
    ('tau=2.5', 'tau=2.5'),
    ('max_mode=hard, m=1', 'max_mode=hard-m=1'),
    ('../..', ''),
])
def test_slug_is_a_part_of_a_path(name, expected):
    assert slug(name) == expected


def test_config_and_options_belong_to_the_cell(expand):
    variant = dict(variant='x', tau=20, options=dict(c=3))
    method = dict(CE, options=dict(b=2, c=2))
    run = expand(
        options=dict(a=1, b=1, c=1), methods=[method], variants=[variant])[2]
    assert (run.config, run.with_files, run.cr_switch) == (CONFIG, (CIFAR10, ),
                                                           True)
    assert run.options == {'a': 1, 'b': 2, 'c': 3, FACTOR: 100}
    assert (run.tau, run.seed, run.matrix) == (20, 0, 'small')


def test_data_go_before_methods_among_files_and_options(expand):
    data = {
        'dataset': 'X',
        'slug': 'cifar10_lt'.replace('_', '-'),
        'factors': [10],
        'with': [CIFAR10],
        'options': dict(a=1, b=1)
    }
    over = 'configs/_base_/recipes/cifar_200e.py'
    method = dict(CE, options=dict(b=2), **{'with': [over]})
    run = expand(data=[data], methods=[method])[0]
    assert run.with_files == (CIFAR10, over)
    varied = {'variant': 'x', 'with': ['configs/_base_/curvature.py']}
    assert expand(
        data=[data], methods=[method],
        variants=[varied])[0].with_files == (CIFAR10, over, *varied['with'])
    assert run.options == {FACTOR: 10, 'a': 1, 'b': 2}
    assert (run.config, run.cr_switch) == (CONFIG, False)


def test_what_the_path_of_a_config_says_is_no_switch(expand, tmp_path):
    for factor in (100, 10, 50):
        for data in ('cifar10-lt', 'cifar100-lt'):
            for cr in ('', '_cr'):
                (tmp_path / f'{data}-if{factor}{cr}.py').touch()
    config = f'{tmp_path}/{{data}}-if{{factor}}{{cr}}.py'
    run = expand(methods=[dict(CE, config=config)])[2]
    assert run.config == f'{tmp_path}/cifar10-lt-if100_cr.py'
    assert (run.cr, run.cr_switch, run.options) == (True, False, {})


@pytest.mark.parametrize('config, words', [
    ('{date}.py', "'date' has no value"),
    ('{}.py', 'placeholders are'),
    ('{data.py', 'placeholders are'),
    ('{factor:d}.py', 'placeholders are'),
])
def test_bad_placeholder_is_named(config, words, refusal):
    assert words in refusal(methods=[dict(CE, config=config)])


def test_balanced_data_have_no_factor(refusal):
    message = refusal(
        methods=[dict(CE, config='{data}-{factor}.py')],
        data=[dict(dataset='X', slug='x')])
    assert "'factor' has no value for the data 'x'" in message


def test_entries_can_be_kept_to_some_cells(expand):
    kept = dict(CE, data=['cifar10-lt'], factors=[10], cr=[True])
    runs = expand(methods=[kept, CONTENT['methods'][1]])
    assert {run.cell
            for run in runs if run.method == 'CE'
            } == {('CE', True, 'CIFAR-10-LT', 10, 'ResNet-32', '')}
    assert {run.config for run in runs if run.method != 'CE'} == {None}


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
     "methods ('B'): factors: 20: not one run"),
    (dict(methods=[dict(CE, factors=[100, 50, 11])]),
     'factors: 11: not one run comes of it'),
    (dict(methods=[CE, dict(CE, method='Ce', config=None)]),
     'two runs have the same folder: '
     "'CE, CIFAR-10-LT if100, ResNet-32, seed 0'"),
    (dict(data=[
        dict(dataset='X', slug='cifar10-lt', factors=[10]),
        dict(dataset='X', slug='cifar100-lt', factors=[10])
    ]), 'two runs have the same name'),
    (dict(
        methods=[CE],
        data=[
            dict(dataset='X', slug='cifar10-lt', factors=[100, 10]),
            dict(dataset='Y', slug='cifar100-lt', factors=[100, 10])
        ]), 'two runs have the same training: '),
    (dict(variants=[dict(variant=''), dict(variant='x')]),
     'two runs have the same training: '),
])
def test_entries_that_give_no_run_or_one_run_twice_are_refused(
        changes, words, refusal):
    message = refusal(**changes)
    assert 'small.yml: ' in message and words in message


@pytest.mark.parametrize('entry, key, value', [
    (None, 'seeds', []),
    (None, 'seeds', [0.5]),
    (None, 'seeds', [True]),
    (None, 'seeds', [-1]),
    (None, 'seeds', [2**32]),
    (None, 'seeds', 3),
    (None, 'cr', [0, 1]),
    (None, 'cr', True),
    (None, 'title', False),
    (None, 'paper_table', 1),
    (None, 'protocol', dict(epoch=200)),
    (None, 'protocol', dict(epochs=0)),
    (None, 'options', dict(train_cfg=dict(max_epochs=2))),
    (None, 'options', {1: 2}),
    (None, 'options', dict(a=[[dict(b=1)]])),
    (None, 'methods', []),
    ('data', 'slug', 'CIFAR_10'),
    ('data', 'slug', 'cifar_10'),
    ('data', 'factors', [0.01]),
    ('data', 'factors', [float('inf')]),
    ('methods', 'method', '+'),
    ('methods', 'method', '_'),
    ('methods', 'config', ''),
    ('methods', 'with', 'a.py'),
    ('variants', 'variant', 'Seed0'),
    ('variants', 'tau', 1),
])  # yapf: disable
def test_value_that_does_not_fit_is_named(entry, key, value, refusal):
    place = ''
    changes = {key: value}
    if entry:
        first = dict(CONTENT.get(entry, [dict(variant='')])[0], **changes)
        place = f'{entry}, entry 1 ({next(iter(first.values()))!r}): '
        changes = {entry: [first]}
    message = refusal(**changes)
    assert f'small.yml: {place}{key}' in message
    inside = isinstance(value, (list, dict))  # then it may be an item of it
    assert 'got ' in message and (inside or message.endswith(repr(value)))


@pytest.mark.parametrize('changes, words', [
    (dict(seed=[0]), "small.yml: unknown key 'seed': did you mean 'seeds'"),
    (dict(methods=[dict(CE, confg='x')]),
     "methods, entry 1 ('CE'): unknown key 'confg': did you mean 'config'"),
    (dict(methods=[dict(CE, data=['cifar10-it'])]),
     "did you mean 'cifar10-lt'?"),
    (dict(paper_table='Table 1, Tabel 6'),
     "the paper has no 'Tabel 6': did you mean"),
    (dict(methods=[CE, None]), 'methods, entry 2: Input should be'),
    (dict(seeds=[0, 1, 0]), 'each of them once, got [0, 1, 0]'),
    (dict(cr=[True, True]),
     'cr: expected at least one, and each of them once'),
    (dict(methods=[dict(CE, data=['cifar10-lt'] * 2)]),
     'data: expected at least one, and each of them once'),
    (dict(data=[dict(dataset='X', slug='x', factors=[10, 10.])]),
     'each of them once, got [10, 10.0]'),
    (dict(options={'randomness.seed': 1}),
     'randomness.seed is set for each run'),
    (dict(data=[dict(dataset='X', slug='x', options={'work_dir': 'x'})]),
     'work_dir is set for each run'),
    (dict(variants=[
        dict(
            variant='tau=10', tau=20, options={'custom_hooks.0.loss.tau': 10})
    ]), 'tau is 20, but its option custom_hooks.0.loss.tau is 10'),
    (dict(schema_version=2, new_key=1), "found ('mmcurv.matrix', 2)"),
])
def test_fault_is_told_with_its_place_and_what_was_meant(
        changes, words, refusal):
    assert words in refusal(**changes)


@pytest.mark.parametrize('key', ['name', 'title', 'seeds', 'data', 'methods'])
def test_missing_key_is_named(key, tmp_path):
    path = tmp_path / 'small.yml'
    content = {name: CONTENT[name] for name in CONTENT if name != key}
    path.write_text(yaml.safe_dump(content))
    assert f"the key '{key}' is missing" in fault(path)


def test_all_faults_are_told_at_once(refusal):
    message = refusal(seeds=3, titel='x', methods=[dict(CE, confg='x')])
    assert [line.split(': ')[1] for line in message.splitlines()
            ] == ['seeds', "methods, entry 1 ('CE')", "unknown key 'titel'"]


@pytest.mark.parametrize('text, words', [
    ('name: [small\n', 'expected YAML, but'),
    ('seeds: [0]\nseeds: [1]\n', "the key 'seeds' stands here twice"),
    ('[1, 2]', "with 'schema: mmcurv.matrix'"),
    ('schema: mmcurv.run', "with 'schema: mmcurv.matrix'"),
    ('', "with 'schema: mmcurv.matrix'"),
])
def test_other_files_are_no_matrix(text, words, tmp_path):
    path = tmp_path / 'small.yml'
    path.write_text(text)
    assert words in fault(path)
    assert 'found none at' in fault(tmp_path / 'no.yml')
    path.write_text(yaml.safe_dump(dict(CONTENT, name='other')))
    assert "name: expected 'small'" in fault(path)


def bomb(item):
    """Ten levels, each of ten times the one before."""
    lines = [f'a0: &a0 {item}']
    lines += [
        f'a{i}: &a{i} [{", ".join([f"*a{i - 1}"] * 10)}]'
        for i in range(1, 10)
    ]
    return '\n'.join(lines)


MERGES = 'a0: &a0 {x: 1}\n' + '\n'.join(
    f'a{i}: &a{i}\n  <<: [{", ".join([f"*a{i - 1}"] * 10)}]'
    for i in range(1, 10))


@pytest.mark.parametrize('text, words', [
    (bomb('[1, 2]'), 'more than 20,000 values'),
    (MERGES, 'more than 20,000 values'),
    ('a: &a [*a]', '30 levels'),
    ('a: ' + '[' * 50000, '30 levels'),
    ('a: ' + '[' * 40 + ']' * 40, '30 levels'),
    ('\n'.join(f'{" " * i}a:' for i in range(400)), '30 levels'),
    ('seeds: [' + '9' * 5001 + ']', 'line 1 has a number of 5,001 digits'),
    ('seeds: [0x' + '9' * 5001 + ']', 'a number of 5,003 digits'),
    ('seeds: [1' + ':1' * 5000 + ']', 'a number of 10,001 digits'),
    ('x: "' + 'x' * 100_001 + '"', 'more than 100,000 bytes'),
    ('[]\n' * 30_000, 'expected'),
], ids=range(11))  # yapf: disable
def test_yaml_that_grows_without_end_is_refused_at_once(text, words, tmp_path):
    path = tmp_path / 'small.yml'
    path.write_text(text)
    began = time.process_time()
    assert words in fault(path)
    # Less than one on the machine that it was written on.
    assert time.process_time() - began < 2


def test_aliases_of_a_usual_size_are_welcome(tmp_path):
    path = tmp_path / 'small.yml'
    text = yaml.safe_dump(dict(CONTENT, methods=[CE]), sort_keys=False)
    path.write_text(
        text.replace('seeds:', 'options: &o {log_level: INFO}\nseeds:') +
        'variants: [{variant: "", options: *o}]\n')
    assert {run.options['log_level']
            for run in read_matrix(str(path)).runs} == {'INFO'}


def test_all_configs_that_do_not_exist_are_listed(refusal):
    config = 'configs/ce/ce_resnet31_cifar100-lt-if{factor}.py'
    method = dict(CE, config=config, **{'with': ['configs/{cr}.py']})
    lines = refusal(methods=[method]).splitlines()
    assert len(lines) == 1 + 3 + 2
    assert lines[1] == (
        '  configs/ce/ce_resnet31_cifar100-lt-if100.py: no such file: did you '
        "mean 'configs/ce/ce_resnet32_cifar100-lt-if100.py'?")


def test_missing_config_in_a_missing_folder_has_a_nearest_one(
        tmp_path, monkeypatch):
    assert missing_configs([spec(), spec(config=None)]) == []
    wrong = 'configs/cee/ce_resnet32_cifar100-lt-if100.py'
    ((_, reason), ) = missing_configs([spec(config=wrong)])
    assert "'configs/ce/ce_resnet32_cifar100-lt-if100.py'" in reason
    monkeypatch.chdir(tmp_path)
    assert missing_configs([spec()]) == []  # a shipped one
    ((_, reason), ) = missing_configs([spec(config='nowhere/x.py')])
    assert reason == f'no such file; the current folder is {str(tmp_path)!r}'


@pytest.mark.parametrize('only, number', [
    ([], 36),
    (['method=CE'], 12),
    (['method=ce', 'method=BBN'], 24),
    (['cr=true'], 18),
    (['cr=true', 'seed=0', 'factor=100', 'method=Focal'], 1),
    (['factor=100.0'], 18),
    (['dataset=CIFAR-10-LT'], 36),
    (['model=ResNet-32', 'variant='], 36),
])
def test_conditions_of_one_key_are_alternatives(only, number):
    chosen = select_runs(RUNS, only)
    assert len(chosen) == number
    assert chosen == [run for run in RUNS if run in chosen]  # their order
    assert select_runs([]) == []


def test_one_run_can_be_left_out():
    words = ['method=CE', 'cr=true', 'factor=10', 'seed=2']
    kept = select_runs(RUNS, without=[words])
    assert [run for run in RUNS if run not in kept] == select_runs(RUNS, words)
    assert len(kept) == 35
    kept = select_runs(RUNS, ['seed=0'], [words, ['method=BBN']])
    assert len(kept) == 8
    with pytest.raises(UsageError, match='--without: no run is left'):
        select_runs(RUNS, ['cr=true'], [['cr=true']])


def test_value_may_hold_an_equals_sign_and_a_factor_be_none():
    runs = [spec(), spec(variant='tau=10')]
    assert select_runs(runs, ['variant=tau=10']) == runs[1:]
    runs = [spec(), spec(imbalance_factor=None)]
    assert select_runs(runs, ['factor=none']) == runs[1:]


@pytest.mark.parametrize('condition, words', [
    ('method', "expected KEY=VALUE, got 'method'"),
    ('methd=CE', "expected KEY=VALUE, got 'methd=CE': did you mean 'method'?"),
    ('method=Focall', "unknown method 'Focall': did you mean 'Focal'?"),
    ('cr=yes', "unknown cr 'yes': expected 'false', 'true'"),
    ('factor=50', "unknown factor '50': expected '100', '10'"),
    ('seed=7', "unknown seed '7': expected '0', '1', '2'"),
])
def test_unknown_word_names_the_nearest(condition, words):
    with pytest.raises(UsageError) as caught:
        select_runs(RUNS, [condition])
    assert f'--only: {words}' in str(caught.value)
    with pytest.raises(UsageError) as caught:
        select_runs(RUNS, without=[[condition]])
    assert f'--without: {words}' in str(caught.value)


def test_conditions_that_nothing_fits_are_refused():
    runs = [spec(), spec(method='BBN', seed=1)]
    with pytest.raises(UsageError, match='no run fits all of method=CE, '):
        select_runs(runs, ['method=CE', 'seed=1'])
