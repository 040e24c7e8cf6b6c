# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the configs of two stages ask for, and that all stages train."""
import copy
import json
import math
import uuid

import pytest
import torch
from mmengine.registry import init_default_scope

from mmcurv.benchmark.collecting.run_records import read_run_record
from mmcurv.engine.stages.run_stages import plan_run, run_stages
from mmcurv.engine.stages.stage_config import is_curvature, stage_config
from tests.shipped_configs import (CONFIGS, FAMILIES, IMBALANCES, load,
                                   names_of, read, use_tiny_data)
from tests.test_config_recipes import learning_rates
from tests.test_config_training import make_short, make_small

OURS = ('crt', 'disalign', 'gcl_stage2', 'lws', 'mislas', 'tau_norm')
STAGED = [path for path in CONFIGS if path.parent.name in OURS]
BUNDLED = [
    path for path in FAMILIES
    if path.parent.name in OURS and 'fashion-mini' in path.stem
]
SECOND_EPOCHS = dict(
    crt=22, disalign=22, gcl_stage2=30, lws=11, mislas=10, tau_norm=None)
# MiSLAS: smoothing of the largest and the smallest class, factor of the
# classifier's rate, mode of the batch norms; 200 as 100.
MISLAS = {
    ('cifar10', 100): (0.3, 0., 0.5, 'eval'),
    ('cifar10', 50): (0.2, 0., 0.2, 'eval'),
    ('cifar10', 10): (0.1, 0., 0.2, 'eval'),
    ('cifar100', 100): (0.4, 0.1, 0.2, 'train'),
    ('cifar100', 50): (0.3, 0., 0.1, 'train'),
    ('cifar100', 10): (0.2, 0., 0.1, 'train'),
}


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def second(name):
    return stage_config(load(name), 1)


@pytest.mark.parametrize('path', STAGED, ids=names_of(STAGED))
def test_curvature_is_in_the_feature_stage_alone(path):
    cfg = read(path)
    assert [stage.name for stage in cfg.stages][0] == 'features'
    found = [
        any(map(is_curvature,
                stage_config(cfg, i).get('custom_hooks', [])))
        for i in range(2)
    ]
    assert found == [path.stem.endswith('_cr'), False]


@pytest.mark.parametrize('method', OURS)
def test_second_stage_is_as_long_as_published_or_the_same_share(method):
    cfg = second(f'{method}_resnet32_cifar10-lt-if50')
    assert cfg.train_cfg.get('max_epochs') == SECOND_EPOCHS[method]


@pytest.mark.parametrize('method, freeze, norm, reset', [
    ('crt', ['backbone'], 'train', ['head.fc']),
    ('lws', ['backbone', 'head.fc'], 'train', None),
    ('disalign', ['backbone', 'head.fc'], 'train', None),
    ('gcl_stage2', ['backbone'], 'eval', None),
])
def test_stage_freezes_and_resets_as_published(method, freeze, norm, reset):
    stage = load(f'{method}_resnet32_cifar100-lt-if100').stages[1]
    assert (stage['freeze'], stage.norm, stage.get('reset')) == (freeze, norm,
                                                                 reset)


@pytest.mark.parametrize('method', ['crt', 'lws', 'mislas'])
def test_classes_are_sampled_four_images_at_a_time(method):
    cfg = second(f'{method}_resnet32_cifar10-lt-if100')
    assert cfg.train_dataloader.sampler == dict(
        type='mmcurv.ClassAwareSampler')
    assert cfg.train_dataloader.get('drop_last', False) == (method != 'mislas')


@pytest.mark.parametrize('suffix', ['', '_common'])
def test_gcl_ends_with_the_rate_that_its_code_comes_to(suffix):
    cfg = second(f'gcl_stage2_resnet32_cifar10-lt-if100{suffix}')
    expected = [0.001 * (1 + math.cos(math.pi * e / 30)) for e in range(30)]
    assert learning_rates(cfg, iterations=2) == pytest.approx(expected)
    assert cfg.model.head.loss == dict(
        type='mmcurv.GCLLoss', margin=0.1, scale=20., gamma=1.)
    assert cfg.train_dataloader.batch_size == 64
    assert cfg.train_dataloader.sampler == dict(
        type='mmcurv.WeightedSampler', weights='balanced')
    assert cfg.default_hooks.mixup.alpha == 1


@pytest.mark.parametrize('method, epochs', [('crt', 22), ('lws', 11),
                                            ('disalign', 22), ('mislas', 10)])
def test_rate_starts_again_and_falls_by_a_cosine(method, epochs):
    cfg = second(f'{method}_resnet32_cifar100-lt-if10')
    expected = [
        0.05 * (1 + math.cos(math.pi * e / epochs)) for e in range(epochs)
    ]
    rates = learning_rates(cfg, iterations=2)
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize('suffix', ['', '_common'])
@pytest.mark.parametrize('factor', IMBALANCES)
@pytest.mark.parametrize('data', ['cifar10', 'cifar100'])
def test_mislas_has_the_constants_of_its_code(data, factor, suffix):
    name = f'mislas_resnet32_{data}-lt-if{factor}{suffix}'
    head, tail, rate, norm = MISLAS[data, 100 if factor == 200 else factor]
    cfg = second(name)
    assert load(name).stages[1].norm == norm
    assert cfg.model.head.loss == dict(
        type='mmcurv.LabelAwareSmoothingLoss', head=head, tail=tail)
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys == {
        'head.fc': dict(lr_mult=rate)
    }
    assert 'mixup' not in cfg.default_hooks


@pytest.mark.parametrize('path', BUNDLED, ids=names_of(BUNDLED))
def test_frozen_body_does_not_move_by_a_bit(path, tmp_path):
    cfg = copy.deepcopy(read(path))
    use_tiny_data(cfg, tmp_path)
    make_small(cfg)
    make_short(cfg)
    cfg.merge_from_dict(
        dict(work_dir=str(tmp_path), experiment_name=uuid.uuid4().hex))
    run_stages(plan_run(cfg))
    record = read_run_record(tmp_path / 'run.json')
    assert [stage['name'] for stage in record['stages']
            ] == [stage.name for stage in cfg.stages]
    assert 0 <= record['results']['last']['metrics']['overall'] <= 100
    before, after = (
        torch.load(file, weights_only=True)['state_dict']
        for file in (tmp_path / 'stage_features/epoch_3.pth',
                     *tmp_path.glob('epoch_[13].pth')))
    statistics = ('running_mean', 'running_var', 'num_batches_tracked')
    moves = cfg.stages[1].get('norm') == 'train'
    for name, value in before.items():
        if name.startswith('backbone'):
            moved = moves and name.endswith(statistics)
            assert torch.equal(value, after[name]) != moved, name
    if path.parent.name == 'tau_norm':
        search = json.loads((tmp_path / 'tau_norm.json').read_text())
        assert len(search['grid']) == 21 and search['chosen_on_test']
        assert after['head.fc.tau'] == pytest.approx(search['chosen'])
