# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The optimiser settings of the configs, as their code is published."""
import math

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS, init_default_scope
from torchvision.transforms import AutoAugment, AutoAugmentPolicy

from mmcurv.datasets.long_tailed_split import long_tailed_counts
from tests.shipped_configs import IMBALANCES, METHODS, load

CIFAR = [('cifar10-lt', 10), ('cifar100-lt', 100)]
OWN_RECIPE = [
    'balanced_softmax', 'bbn', 'dive', 'gcl', 'gcl_stage2', 'lade', 'mislas',
    'paco', 'ride', 'ride_cmo', 'ride_ea', 'tde'
]
COMMON = [('ce', 'fashion-lt')]
COMMON += [(method, data) for method in METHODS for data, _ in CIFAR]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def learning_rates(cfg, iterations):
    """Rate in the middle of every epoch of ``iterations`` steps."""
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = cfg.optim_wrapper.optimizer
    wrapper = OptimWrapper(torch.optim.SGD([weight], lr=optimizer.lr))
    schedulers = []
    for scheduler in cfg.param_scheduler:
        default = dict(optimizer=wrapper, epoch_length=iterations)
        build = PARAM_SCHEDULERS.get(scheduler.type)
        if scheduler.get('convert_to_iter_based'):
            build = build.build_iter_from_epoch
        else:
            default.pop('epoch_length')
        kwargs = {
            k: v
            for k, v in scheduler.items()
            if k not in ('type', 'convert_to_iter_based')
        }
        schedulers.append(build(**kwargs, **default))
    rates = []
    wrapper.step()
    for _ in range(cfg.train_cfg.max_epochs):
        for i in range(iterations):
            if i == iterations // 2:
                rates.append(wrapper.get_lr()['lr'][0])
            for scheduler in schedulers:
                if not scheduler.by_epoch:
                    scheduler.step()
        for scheduler in schedulers:
            if scheduler.by_epoch:
                scheduler.step()
    return rates


def check_optimizer(cfg, rate, decay, batch):
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.momentum) == ('SGD', 0.9)
    assert not optimizer.get('nesterov', False)
    assert (optimizer.lr, optimizer.weight_decay) == (rate, decay)
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.auto_scale_lr.base_batch_size == batch


@pytest.mark.parametrize('method, data', COMMON)
def test_common_recipe_is_that_of_the_literature(method, data):
    suffix = '_common' if method in OWN_RECIPE else ''
    cfg = load(f'{method}_resnet32_{data}-if100{suffix}')
    rates = learning_rates(cfg, iterations=2)
    expected = [0.02, 0.04, 0.06, 0.08] + [0.1] * 156
    expected += [1e-3] * 20 + [1e-5] * 20
    assert rates == pytest.approx(expected)
    check_optimizer(cfg, rate=0.1, decay=2e-4, batch=128)


def test_short_recipe_is_a_tenth_of_the_long_one():
    for depth in (8, 20):
        cfg = load(f'ce_resnet{depth}_fashion-mini-if100')
        rates = learning_rates(cfg, iterations=100)
        # In the middle of the warm-up.
        assert rates[0] == pytest.approx(0.06, rel=0.05)
        assert rates[1:] == pytest.approx([0.1] * 15 + [1e-3] * 2 + [1e-5] * 2)


@pytest.mark.parametrize('data', ['cifar10-lt', 'cifar100-lt'])
@pytest.mark.parametrize('method', ['lade', 'tde'])
def test_dual_branch_recipe_is_that_of_its_code(method, data):
    cfg = load(f'{method}_resnet32_{data}-if100')
    # (1/3)(1 - e/5) + e/5 for e = 1 to 5: their scheduler is a step ahead.
    expected = [0.2 * (1 / 3 * (1 - e / 5) + e / 5) for e in range(1, 6)]
    expected += [0.2] * 114 + [2e-3] * 40 + [2e-5] * 41
    assert learning_rates(cfg, iterations=2) == pytest.approx(expected)
    check_optimizer(cfg, rate=0.2, decay=5e-4, batch=256)
    assert cfg.train_dataloader.drop_last


@pytest.mark.parametrize('data, alpha', [('cifar10-lt', 1),
                                         ('cifar100-lt', 1.5)])
@pytest.mark.parametrize('suffix', ['', '_common'])
def test_tde_removes_more_with_a_hundred_classes(data, alpha, suffix):
    cfg = load(f'tde_resnet32_{data}-if50{suffix}')
    assert cfg.model.head.alpha == alpha


@pytest.mark.parametrize('data', ['cifar10-lt', 'cifar100-lt'])
@pytest.mark.parametrize('method, batch', [('gcl', 64), ('gcl_stage2', 64),
                                           ('mislas', 128)])
def test_gcl_and_mislas_drop_by_ten(method, batch, data):
    cfg = load(f'{method}_resnet32_{data}-if100')
    expected = [0.02, 0.04, 0.06, 0.08] + [0.1] * 156
    expected += [1e-2] * 20 + [1e-3] * 20
    assert learning_rates(cfg, iterations=2) == pytest.approx(expected)
    check_optimizer(cfg, rate=0.1, decay=2e-4, batch=batch)


@pytest.mark.parametrize('factor', IMBALANCES)
@pytest.mark.parametrize('data, num_classes', CIFAR)
def test_balanced_softmax_has_13000_iterations(data, num_classes, factor):
    cfg = load(f'balanced_softmax_resnet32_{data}-if{factor}')
    full = [50000 // num_classes] * num_classes
    images = sum(long_tailed_counts(full, factor))
    per_epoch = math.ceil(images / 512)
    epochs = cfg.train_cfg.max_epochs
    assert abs(epochs * per_epoch - 13000) <= per_epoch / 2
    check_optimizer(cfg, rate=0.1, decay=5e-4, batch=512)


def test_balanced_softmax_has_a_cosine_over_its_iterations():
    cfg = load('balanced_softmax_resnet32_cifar10-lt-if100')
    rates = learning_rates(cfg, iterations=25)
    steps = [25 * epoch + 12 for epoch in range(520)]
    for step, rate in zip(steps, rates):
        if step < 800:
            expected = 0.05 + 0.05 * step / 799
        else:
            expected = 0.05 * (1 + math.cos(math.pi * (step - 800) / 12200))
        assert rate == pytest.approx(expected, rel=0.01, abs=1e-5)


def torchvision_pairs():
    """AutoAugment's policy for CIFAR-10 in mmpretrain's words."""
    policy = AutoAugment(AutoAugmentPolicy.CIFAR10)
    space = policy._augmentation_space(10, (1, 1))
    words = dict(Color='ColorTransform')
    argument = dict(Rotate='angle', Solarize='thr', Posterize='bits')
    pairs = []
    for pair in policy.policies:
        pairs.append([])
        for name, prob, level in pair:
            step = dict(type=words.get(name, name), prob=prob)
            if name[-1] in 'XY':
                step['type'] = name[:-1]
                step['direction'] = ('horizontal'
                                     if name[-1] == 'X' else 'vertical')
            if level is not None:
                value = space[name][0][level].item()
                step[argument.get(name, 'magnitude')] = value
            pairs[-1].append(step)
    return pairs


def words_of(step):
    return {
        key: value
        for key, value in step.items() if isinstance(value, str)
    }


def numbers_of(step):
    return {
        key: value
        for key, value in step.items() if not isinstance(value, str)
    }


@pytest.mark.parametrize('data', ['cifar10-lt', 'cifar100-lt'])
def test_balanced_softmax_sees_the_published_augmentation(data):
    cfg = load(f'balanced_softmax_resnet32_{data}-if100')
    pipeline = cfg.train_dataloader.dataset.dataset.pipeline
    assert [step.type for step in pipeline] == [
        'RandomCrop', 'RandomFlip', 'AutoAugment', 'Cutout', 'PackInputs'
    ]
    cutout = dict(type='Cutout', shape=16, pad_val=0, prob=1.)
    assert pipeline[3] == cutout
    ours, theirs = pipeline[2].policies, torchvision_pairs()
    assert len(ours) == len(theirs) == 25
    for pair, expected_pair in zip(ours, theirs):
        for step, expected in zip(pair, expected_pair):
            assert words_of(step) == words_of(expected)
            # The threshold of Solarize is of 256 in the one, 255 in the other.
            assert numbers_of(step) == pytest.approx(
                numbers_of(expected), rel=0.01)
