# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The config of a run, its faults, and the command line that trains it."""
import math
import sys

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mmengine.config import Config

from mmcurv.arguments import UsageError
from mmcurv.benchmark.configs import (broken_configs, check_configs,
                                      meta_model, option_arguments,
                                      read_option_arguments, spec_config,
                                      spec_epochs, spec_hash, train_command)
from mmcurv.engine.config_options import merged_config
from mmcurv.engine.provenance import config_hash
from tests.benchmark.fake_runs import make_spec
from tests.benchmark.matrix_file import CIFAR10, CONFIG
from tests.benchmark.synthetic_runs import spec
from tests.tools.tool_runs import load_tool, prepare


def test_switches_and_options_make_the_config_and_its_hash():
    run = spec(cr=True, options={'train_cfg.max_epochs': 7})
    cfg = merged_config(run.config, run.options, run.with_files, cr=True)
    assert spec_hash(run) == config_hash(cfg) != spec_hash(spec(cr=True))
    assert spec_hash(spec()) != spec_hash(spec(cr=True))
    assert spec_epochs(run) == spec_config(run).train_cfg.max_epochs == 7
    assert spec_config(run).data_preprocessor.num_classes == 10


def test_seeds_share_hash_and_config():
    assert spec_hash(spec(seed=1)) == spec_hash(spec(seed=2))
    assert spec_config(spec(seed=1)) is spec_config(spec(seed=2))


def test_training_by_iterations_has_no_epochs(tmp_path):
    path = tmp_path / 'x.py'
    path.write_text('train_cfg = dict(by_epoch=False, max_iters=10)')
    assert spec_epochs(spec(config=str(path))) is None


@pytest.mark.parametrize('text, words', [
    ('a = (', 'SyntaxError'),
    ('a = 1 / 0', 'ZeroDivisionError'),
    ("_base_ = './none.py'", 'FileNotFoundError'),
])
def test_file_that_is_no_config_is_refused(text, words, tmp_path):
    path = tmp_path / 'x.py'
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        spec_config(spec(config=str(path)))
    assert f'{path}: cannot be read as a config' in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize('options, words', [
    ({
        'modl.x': 1
    }, "has 'modl'"),
    ({
        'custom_hooks.0.loss.tau': 3
    }, "no list 'custom_hooks'"),
    ({
        'log_level': 'a b, c'
    }, 'which the command line cannot carry'),
])
def test_option_without_a_place_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        spec_config(spec(options=options))


BASE = 'configs/ce/ce_resnet8_fashion-mini-if100.py'


def with_cr(**changes):
    return spec(config=BASE, cr=True, cr_switch=True, **changes)


def reason(options, build=False):
    (found, ) = broken_configs([with_cr(options=options)], build)
    assert found[0] == f'{BASE} --cr'
    return found[1]


def test_shipped_config_and_no_config_are_no_fault():
    runs = [with_cr(), spec(config=None)]
    assert broken_configs(runs, build=True) == []
    check_configs(runs)


def test_evaluator_that_holds_metrics_is_no_fault():
    changed = {
        'val_evaluator.0.type': 'Accuracy',
        'val_evaluator.1.type': 'mmcurv.ClassFairness'
    }
    assert broken_configs([with_cr(options=changed)], False) == []


def test_option_without_a_place_is_a_fault():
    assert "'modle'" in reason({'modle.type': 'x'})


@pytest.mark.parametrize('key', ['model', 'train_dataloader', 'train_cfg'])
def test_config_that_trains_nothing_is_a_fault(key, tmp_path):
    cfg = Config.fromfile(BASE)
    cfg[key] = None
    path = str(tmp_path / 'x.py')
    cfg.dump(path)
    assert broken_configs([spec(config=path)], False) == [
        (path, f'it has no {key}, so it trains nothing')
    ]


def test_model_is_built_only_if_asked_for():
    options = {'model.backbone.depth': 7}
    assert broken_configs([with_cr(options=options)], False) == []
    assert 'its model cannot be built: ' in reason(options, build=True)
    message = reason({'model.type': 'ImageClasifier'}, build=True)
    assert 'its model cannot be built: ' in message
    assert 'ImageClasifier' in message


def test_all_faults_are_in_one_message(tmp_path):
    path = tmp_path / 'x.py'
    path.write_text('a = (')
    runs = [
        spec(config='configs/ce/none.py'),
        spec(config=str(path)),
        spec(config=str(path), seed=1),
        with_cr(options={'modle.type': 'x'}),
        spec(config=BASE, with_files=('configs/none.py', ))
    ]
    with pytest.raises(UsageError) as caught:
        check_configs(runs)
    lines = str(caught.value).splitlines()
    assert lines[0] == '4 configs cannot be trained:'
    assert len(lines) == 5
    assert lines[2].startswith(f'  {path}: cannot be read as a config')
    assert lines[4].startswith(f'  {BASE} --with configs/none.py: --with conf')


def test_meta_model_takes_no_memory():
    model = meta_model(Config.fromfile(BASE))
    assert {p.device for p in model.parameters()} == {torch.device('meta')}
    stem, stages = 16 * 9 + 32, [4608 + 64, 13824 + 128, 55296 + 256]
    assert sum(p.numel() for p in model.parameters()) == (
        stem + sum(stages) + 64 * 10 + 10)


VALUES = [
    'LinearLR', 'accuracy/top1', '', 'mmcurv.CurvatureBalancing', 'a=b', 'x+y',
    None, True, False, 0, -3, 10**20, 0.1, 1e-05, 1., -2.5e-8, 1e22,
    math.inf, [], [1, 2], [1], [160, 0.5, None, True, 'a'],
    [[1, 2], [3]], (1, 2), (1, ), [(1, 2), (3, 4)]
]  # yapf: disable
LOST = [
    'two words', '3', '1e5', 'true', 'None', 'a,b', '[1]', '(a,b', "'quoted'",
    '1_000', ['a,b'], [''], ['1'], {'a': 1}, ['a b']
]  # yapf: disable


def same(a, b):
    return repr(a) == repr(b)


@pytest.mark.parametrize('value', VALUES, ids=repr)
def test_training_reads_the_value_that_the_matrix_gave(value):
    arguments = option_arguments({'a.b': value})
    parser = load_tool('train').make_parser()
    read = parser.parse_args(
        ['config.py', '--resume', '--cfg-options', *arguments])
    assert same(read.cfg_options, {'a.b': value})


@pytest.mark.parametrize('value', LOST, ids=repr)
def test_value_that_would_be_read_as_another_is_refused(value):
    with pytest.raises(UsageError, match='option a.b: expected .* got'):
        option_arguments({'a.b': value})


def test_key_with_an_equals_sign_is_refused():
    with pytest.raises(UsageError, match='option a=b'):
        option_arguments({'a=b': 1})


plain = st.one_of(st.none(), st.booleans(), st.integers(),
                  st.floats(allow_nan=False))
values = st.one_of(plain, st.text('()[],=\'" a1e.-N', max_size=8),
                   st.lists(plain), st.lists(st.lists(plain, max_size=2)))
quick = settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow])


@quick
@given(st.dictionaries(st.sampled_from(['a', 'b.c', 'd.0.e']), values))
def test_options_come_back_or_are_refused(options):
    try:
        arguments = option_arguments(options)
    except UsageError:
        return
    assert same(read_option_arguments(arguments), options)
    assert [text.partition('=')[0] for text in arguments] == list(options)


@quick
@given(st.lists(plain))
def test_lists_of_plain_values_are_never_refused(value):
    assert same(
        read_option_arguments(option_arguments({'a': value})), {'a': value})


def test_nan_is_carried():
    read = read_option_arguments(option_arguments({'a': math.nan}))
    assert math.isnan(read['a'])


def test_training_tool_gets_config_switches_folder_options_and_seed():
    run = make_spec(
        'out/seed7',
        7,
        cr=True,
        config=CONFIG,
        with_files=(CIFAR10, ),
        cr_switch=True,
        options={'train_cfg.max_epochs': 30})
    program, script, *arguments = train_command(run)
    assert program == sys.executable
    assert script.endswith('/tools/train.py')
    cfg = prepare('train', *arguments)
    assert cfg.filename.endswith(CONFIG)
    assert config_hash(cfg) == spec_hash(run)
    assert cfg.data_preprocessor.num_classes == 10
    assert cfg.custom_hooks[0].type == 'mmcurv.FeaturePoolHook'
    assert cfg.work_dir == 'out/seed7'
    assert cfg.train_cfg.max_epochs == 30
    assert cfg.randomness.seed == 7


def test_run_that_no_command_line_carries_is_refused():
    run = make_spec('out', config=CONFIG, options={'a': 'two words'})
    with pytest.raises(UsageError, match='option a'):
        train_command(run)
    with pytest.raises(FileNotFoundError, match='configs/ce/toy.py'):
        train_command(make_spec('out'))
