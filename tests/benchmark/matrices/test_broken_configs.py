# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.config import Config

from mmcurv.benchmark.matrices.broken_configs import (broken_configs,
                                                      check_configs,
                                                      meta_model)
from mmcurv.engine.config_options import UsageError
from tests.benchmark.synthetic_runs import spec

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
    check_configs(runs, build=True)


def test_evaluator_that_holds_metrics_is_no_fault():
    changed = {
        'val_evaluator.0.type': 'Accuracy',
        'val_evaluator.1.type': 'mmcurv.ClassFairness'
    }
    assert broken_configs([with_cr(options=changed)], False) == []


@pytest.mark.parametrize('key, kind, near', [
    ('model.backbone.type', 'mmcurv.CifarResnet', 'mmcurv.CifarResNet'),
    ('model.type', 'ImageClasifier', 'mmpretrain.ImageClassifier'),
    ('model.head.loss.type', 'CrossEntropyLos', 'mmpretrain.CrossEntropyLoss'),
    ('train_dataloader.dataset.type', 'FashionMini', 'mmcurv.FashionMini'),
    ('val_evaluator.1.type', 'mmcurv.ClassFairnes', 'mmcurv.ClassFairness'),
    ('custom_hooks.0.type', 'mmcurv.FeaturePool', 'mmcurv.FeaturePoolHook'),
    ('default_hooks.timer.type', 'IterTimer', 'IterTimerHook'),
])
def test_unknown_class_is_named_with_its_place(key, kind, near):
    message = reason({key: kind})
    assert message.startswith(f'{key}: unknown ') and f'{kind!r}' in message
    assert message.endswith(f'did you mean {near!r}?')


def test_class_with_no_near_name_gets_no_list_of_hundreds():
    message = reason({'model.type': 'Qqqqqqqq'})
    assert message.endswith('no class of such a name is registered')


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


def test_all_faults_are_in_one_message(tmp_path):
    path = tmp_path / 'x.py'
    path.write_text('a = (')
    runs = [
        spec(config='configs/ce/none.py'),
        spec(config=str(path)),
        spec(config=str(path), seed=1),
        with_cr(options={'model.type': 'Qqqqqqqq'}),
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
