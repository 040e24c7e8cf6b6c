# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What configs need, and the table of it."""
import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import HOOKS, MODELS, DefaultScope
from rich.console import Console
from torch import nn

from mmcurv.benchmark.cost import (CostEstimate, ModelSize, PoolMemory,
                                   TrainSet, cost_table, estimate_cost,
                                   image_shape, model_size, pool_hook,
                                   share_text)
from mmcurv.engine.config_options import merged_config
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


PATH = 'configs/ce/ce_resnet8_fashion-mini-if100.py'
CONFIG = merged_config(PATH)
TWIN = merged_config(PATH, cr=True)


def tiny_config():
    """One 3 x 3 convolution of 2 channels, 5 classes, images of 4 x 4."""
    cfg = copy.deepcopy(TWIN)
    cfg.merge_from_dict({
        'model.backbone.depth': 8,
        'model.backbone.base_channels': 2,
        'model.head.in_channels': 8,
        'model.head.num_classes': 5,
        'train_dataloader.dataset.pipeline.0.crop_size': 4,
    })
    return cfg


def test_multiply_adds_are_those_of_each_layer():
    maps = [4 * 4, 2 * 2, 1]  # pixels of the three stages
    by_hand = maps[0] * 9 * 1 * 2  # the first convolution
    channels = 2
    for stage, pixels in enumerate(maps):
        wide = 2 * 2**stage
        by_hand += pixels * 9 * (channels * wide + wide * wide)
        channels = wide
    by_hand += 8 * 5
    assert model_size(tiny_config()).multiply_adds == by_hand


def test_model_without_a_pool_has_no_feature():
    assert model_size(CONFIG).feature_dim is None


def test_feature_is_the_input_of_the_layer_of_the_pool():
    assert model_size(TWIN).feature_dim == 64
    assert model_size(tiny_config()).feature_dim == 8
    cfg = tiny_config()
    cfg.custom_hooks[0].layer = 'head.none'
    assert model_size(cfg).feature_dim is None


def test_features_of_several_layers_are_added_up():
    cfg = tiny_config()
    cfg.model.head.update(
        type='StackedLinearClsHead', mid_channels=[6], in_channels=8)
    cfg.custom_hooks[0].layer = ['head.layers.0.fc', 'head.layers.1.fc']
    assert model_size(cfg).feature_dim == 8 + 6


def test_model_that_cannot_be_built_has_no_size():
    cfg = tiny_config()
    cfg.model.backbone.depth = 7
    assert model_size(cfg) is None


@pytest.mark.parametrize('pipeline, shape', [
    ([dict(type='RandomCrop', crop_size=28)], (1, 28, 28)),
    ([
        dict(type='RandomResizedCrop', scale=224),
        dict(type='RandomFlip', prob=0.5)
    ], (1, 224, 224)),
    ([
        dict(type='Resize', scale=(30, 40)),
        dict(type='CenterCrop', crop_size=24)
    ], (1, 24, 24)),
    ([dict(type='PackInputs')], None),
    ([dict(type='ResizeEdge', scale=(0.1, 2.))], None),
])
def test_image_is_as_large_as_the_last_transform_says(pipeline, shape):
    cfg = Config(
        dict(
            data_preprocessor=dict(mean=[0.]),
            train_dataloader=dict(
                dataset=dict(dataset=dict(pipeline=pipeline)))))
    assert image_shape(cfg) == shape


def test_batch_augmentations_say_the_size_where_a_pipeline_does_not():
    cfg = Config(
        dict(
            data_preprocessor=dict(
                mean=[0.],
                augment=[
                    dict(type='BatchRandomCrop', crop_size=28, padding=4),
                    dict(type='BatchRandomFlip', prob=0.5)
                ]),
            train_dataloader=dict(
                dataset=dict(
                    type='mmcurv.InMemoryDataset',
                    dataset=dict(pipeline=[dict(type='PackInputs')])))))
    assert image_shape(cfg) == (1, 28, 28)


def test_parameters_are_those_of_the_model():
    assert model_size(CONFIG).parameters == 75002


def test_network_of_mmpretrain_has_a_size():
    cfg = copy.deepcopy(TWIN)
    cfg.merge_from_dict({
        'model.backbone':
        dict(
            _delete_=True,
            type='ResNet',
            depth=18,
            in_channels=1,
            drop_path_rate=0.1),
        'model.head.in_channels':
        512
    })
    size = model_size(cfg)
    assert size.parameters == 11689512 - 2 * 64 * 49 - 990 * 513
    assert size.feature_dim == 512 and size.multiply_adds > 0


def test_unknown_channels_are_an_unknown_shape():
    cfg = copy.deepcopy(CONFIG)
    del cfg.data_preprocessor['mean']
    assert image_shape(cfg) is None
    assert model_size(cfg).multiply_adds is None


def test_layer_and_mixing_are_those_that_the_hook_will_choose():
    hook = pool_hook(TWIN)
    assert pool_hook(CONFIG) is None
    assert hook['layer'] == ['head.fc'] and hook['mixed'] == 'skip'


MODEL = ModelSize(4230500000, 2048, 25028904)
COUNTED = TrainSet(12, 2, 10, 2, [10, 2])
TOTAL = TrainSet(437513, 8142, 1000, 2, None)
PLAIN = CostEstimate(MODEL, COUNTED, False, None, None, 0.)
WITH_CR = CostEstimate(MODEL, TOTAL, True, PoolMemory(1799500000, 5250158, 7),
                       None, 0.00041)


def printed(*costs):
    console = Console(width=160)
    with console.capture() as capture:
        console.print(cost_table([(f'x/{i}.py', c) for i, c in
                                  enumerate(costs)]))  # yapf: disable
    return capture.get()


def test_config_without_cr_says_so():
    line, = [row for row in printed(PLAIN).splitlines() if 'no CR' in row]
    assert line.split() == [
        '0', '25,028,904', '4,230', 'M', '12', '2', 'no', 'CR'
    ]


def test_numbers_from_a_published_total_are_marked():
    text = printed(WITH_CR)
    line, = [row for row in text.splitlines() if '1.68 GiB' in row]
    assert '437,513*' in line and '≥\u00a00.041\u00a0%' in line
    assert '* From the published total' in text
    assert 'published total' not in printed(PLAIN)


def test_what_is_not_known_is_a_dash():
    cost = CostEstimate(None, None, True, None, None, None)
    text = printed(cost)
    line, = [row for row in text.splitlines() if row.strip().startswith('0 ')]
    assert line.split() == ['0'] + 8 * ['–']
    assert '--read-data counts them' in text
    assert 'of the model: ' in text and 'of the model: ' not in printed(PLAIN)


@pytest.mark.parametrize('share, text', [(None, '–'), (0., '0\u00a0%'),
                                         (0.25, '25\u00a0%'),
                                         (0.000374, '0.037\u00a0%')])
def test_small_shares_are_not_rounded_to_nothing(share, text):
    assert share_text(share) == text
