# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Estimates against what configs build and compute."""
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import HOOKS, MODELS, DefaultScope
from torch import nn

from mmcurv.benchmark.planning.cost_estimate import estimate_cost
from mmcurv.benchmark.planning.model_size import pool_hook
from mmcurv.regularization import FeaturePool, PooledCurvature

CIFAR = 'configs/ce/ce_resnet32_cifar100-lt-if100_cr.py'
BUNDLED = 'configs/ce/ce_resnet8_fashion-mini-if100_cr.py'
TWO_BRANCHES = 'configs/lade/lade_resnet32_cifar100-lt-if100_cr.py'
CHANGES = {
    CIFAR: {},
    BUNDLED: {
        'custom_hooks.0.pool': dict(dtype='float16', max_per_class=100)
    },
    TWO_BRANCHES: {
        'custom_hooks.0.pool.addressing': 'fifo'
    }
}


def read(path, changes=None):
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(CHANGES.get(path, {}) if changes is None else changes)
    return cfg


def built(cfg):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return MODELS.build(cfg.model)


def count_by_hooks(model, shape):
    """Multiply-adds of convolutions and linear layers in one real pass."""
    counted = []

    def count(module, args, out):
        weight, pixels = module.weight, out[0, 0].numel()
        counted.append(weight.numel() * pixels)

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(count)
    model.eval()
    with torch.no_grad():
        model(torch.randn(1, *shape), mode='tensor')
    return sum(counted)


def filled_bytes(cfg, counts, feature_dim):
    """Bytes of the pools and caches that the hook builds, once filled."""
    with DefaultScope.overwrite_default_scope('mmcurv'):
        hook = HOOKS.build(cfg.custom_hooks[0])
    step = next(iter(hook.steps.values()))
    options = {'addressing': 'index', **step.pool_options}
    pool = FeaturePool(counts, feature_dim, **options)
    labels = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    pool.push(
        torch.randn(len(labels), feature_dim), labels,
        torch.arange(len(labels)))
    assert torch.equal(pool.fill(), pool.capacity)
    both = PooledCurvature(pool, **step.curvature_options)
    return [
        sum(each.numel() * each.element_size() for each in buffers)
        for buffers in (pool.buffers(), both.buffers(recurse=False))
    ]


@pytest.mark.parametrize('path, shape', [(CIFAR, (3, 32, 32)),
                                         (BUNDLED, (1, 28, 28)),
                                         (TWO_BRANCHES, (3, 32, 32))])
def test_estimate_is_what_is_measured(path, shape):
    cfg = read(path)
    cost, model = estimate_cost(cfg), built(cfg)
    assert cost.model.parameters == sum(p.numel() for p in model.parameters())
    assert cost.model.multiply_adds == count_by_hooks(model, shape)
    layer = model.get_submodule(pool_hook(cfg)['layer'][0])
    assert cost.model.feature_dim == layer.in_features
    assert [cost.memory.pool,
            cost.memory.cache] == filled_bytes(cfg, cost.data.counts,
                                               cost.model.feature_dim)


def test_config_without_cr_has_neither_pool_nor_share():
    cost = estimate_cost(read(CIFAR.replace('_cr', '')))
    assert not cost.regularized
    assert cost.memory is None and cost.step is None and cost.share == 0
    assert cost.model.parameters == 470004
    assert cost.data.images == 10847


def test_share_is_that_of_a_step_of_three_passes():
    cost = estimate_cost(read(CIFAR))
    model = 3 * cost.model.multiply_adds * 128
    assert cost.share == pytest.approx(cost.step.total /
                                       (cost.step.total + model))
    assert cost.step.points == pytest.approx(128)


def test_experts_have_a_pool_each():
    cfg = read('configs/ride/ride_resnet32_cifar100-lt-if100_cr.py')
    cost = estimate_cost(cfg)
    assert len(pool_hook(cfg)['layer']) == 4
    assert cost.model.feature_dim == 4 * 48
    assert cost.step.points == pytest.approx(4 * 128)
    assert cost.memory.pool > 4 * 10847 * 48 * 4


def test_processes_share_the_images_of_all():
    alone, part_of = (
        estimate_cost(read(CIFAR), processes=processes)
        for processes in (1, 8))
    assert part_of.step.points == pytest.approx(128)
    assert part_of.memory.cache < alone.memory.cache / 7


def test_more_points_are_a_larger_share():
    shares = [
        estimate_cost(read(CIFAR, {'custom_hooks.0.refresh': refresh})).share
        for refresh in ('batch', 'all')
    ]
    assert shares == sorted(shares) and shares[0] < shares[1]


def test_unknown_data_leave_the_model_known():
    cfg = read(CIFAR)
    cfg.train_dataloader.dataset = dict(type='CustomDataset', data_root='x')
    cost = estimate_cost(cfg)
    assert cost.data is None and cost.memory is None and cost.share is None
    assert cost.regularized and cost.model.parameters == 470004
