# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What makes the configs of RIDE, in numbers of its code."""
import copy

import numpy as np
import pytest
from mmengine.registry import TRANSFORMS, init_default_scope

from mmcurv.engine.stages.stage_config import stage_config
from tests.shipped_configs import BASELINES, IMBALANCES, load, names_of, read
from tests.test_config_recipes import learning_rates

DATA = ['cifar10-lt', 'cifar100-lt']
RIDE = [path for path in BASELINES if path.parent.name.startswith('ride')]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


@pytest.mark.parametrize('method', ['ride', 'ride_cmo', 'ride_ea'])
@pytest.mark.parametrize('data', DATA)
def test_own_recipe_is_that_of_its_code(method, data):
    cfg = load(f'{method}_resnet32_{data}-if100')
    expected = [0.02, 0.04, 0.06, 0.08] + [0.1] * 156
    expected += [1e-3] * 20 + [1e-5] * 20
    assert learning_rates(cfg, iterations=2) == pytest.approx(expected)
    optimizer = dict(
        type='SGD', lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert cfg.train_dataloader.batch_size == 128


@pytest.mark.parametrize('path', RIDE, ids=names_of(RIDE))
def test_experts_are_pushed_apart_by_the_published_weight(path):
    loss = read(path).model.head.loss
    cifar100 = 'cifar100' in path.stem
    assert loss.get('diversity', -0.2) == (-0.45 if cifar100 else -0.2)
    assert not loss.get('collaborative', False)


@pytest.mark.parametrize('path', RIDE, ids=names_of(RIDE))
def test_weights_and_temperatures_come_after_four_fifths(path):
    cfg = read(path)
    start = cfg.train_cfg.max_epochs * 4 // 5 + 1
    assert cfg.default_hooks.reweighting.start_epoch == start
    assert cfg.model.head.loss.get('temperature_start', 161) == start


@pytest.mark.parametrize('path', RIDE, ids=names_of(RIDE))
def test_body_and_head_have_as_many_experts(path):
    model, stem = read(path).model, path.stem
    experts = 3 if '3experts' in stem or 'cmo' in stem else 4
    assert model.backbone.num_experts == model.head.num_experts == experts


@pytest.mark.parametrize('factor', IMBALANCES)
def test_images_of_cifar100_lt_are_turned_by_up_to_15_degrees(factor):
    cfg = load(f'ride_resnet32_cifar100-lt-if{factor}')
    pipeline = cfg.train_dataloader.dataset.dataset.pipeline
    assert [step.type for step in pipeline
            ] == ['RandomCrop', 'RandomFlip', 'Rotate', 'PackInputs']
    rotate = TRANSFORMS.build(copy.deepcopy(pipeline[2]))
    np.random.seed(0)
    angles = np.array([
        rotate.random_negative(rotate.random_magnitude()) for _ in range(2000)
    ])
    assert not any(rotate.random_disable() for _ in range(50))
    assert -15 <= angles.min() < -14.5 and 14.5 < angles.max() <= 15
    assert abs(angles.mean()) < 1
    assert angles.std() == pytest.approx(15 / 3**0.5, rel=0.05)  # uniform
    turned = rotate(dict(img=np.full((32, 32, 3), 255, np.uint8)))['img']
    assert turned[0, 0].max() == 0 and turned[16, 16].min() == 255


@pytest.mark.parametrize('name', [
    'ride_resnet32_cifar10-lt-if100', 'ride_resnet32_cifar100-lt-if100_common'
])
def test_images_of_other_configs_are_not_turned(name):
    pipeline = load(name).train_dataloader.dataset.dataset.pipeline
    assert 'Rotate' not in [step.type for step in pipeline]


@pytest.mark.parametrize('data, top', [('cifar10-lt', 10),
                                       ('cifar100-lt', 30)])
@pytest.mark.parametrize('suffix', ['', '_common'])
def test_gates_are_trained_as_in_its_code(data, top, suffix):
    cfg = stage_config(load(f'ride_ea_resnet32_{data}-if100{suffix}'), 1)
    head = cfg.model.head
    assert (head.type, head.top_logits) == ('mmcurv.ExpertAssignmentHead', top)
    assert head.loss == dict(type='mmcurv.ExpertAssignmentLoss')
    assert head.num_experts == 4
    optimizer = dict(
        type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4, nesterov=True)
    assert cfg.optim_wrapper.optimizer == optimizer
    assert learning_rates(
        cfg, iterations=2) == pytest.approx(
            [0.01, 0.0090451, 0.0065451, 0.0034549, 0.00095492], abs=1e-7)
    assert cfg.train_dataloader.batch_size == 512
    assert cfg.train_dataloader.sampler == dict(
        type='mmcurv.WeightedSampler', weights='balanced')
    assert {'reweighting', 'model_epoch'}.isdisjoint(cfg.default_hooks)
    assert [metric.type for metric in cfg.val_evaluator
            ] == ['Accuracy', 'mmcurv.ClassFairness', 'mmcurv.ExpertsUsed']


def test_gates_train_on_what_the_experts_know():
    cfg = load('ride_ea_resnet32_cifar100-lt-if100')
    stage = cfg.stages[1]
    assert stage.weights == 'experts' == cfg.stages[0].name
    assert list(stage['freeze']) == ['backbone', 'head.fcs']
    assert stage.norm == 'eval'
