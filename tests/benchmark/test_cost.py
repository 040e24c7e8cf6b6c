# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What configs need, and the table of it."""
import copy
import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import HOOKS, MODELS, DefaultScope
from rich.console import Console
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmcurv.arguments import UsageError
from mmcurv.benchmark.cost import (CostEstimate, TrainSet, config_model,
                                   cost_table, estimate_cost, feature_dim,
                                   image_shape, pool_hook, share_text,
                                   step_operations, train_set)
from mmcurv.benchmark.matrix import FACTOR
from mmcurv.engine.config_options import merged_config
from mmcurv.engine.curvature.sharding import class_owners
from mmcurv.regularization import FeaturePool, PooledCurvature
from tests.real_formats import write_class_folders

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
    assert cost.parameters == sum(p.numel() for p in model.parameters())
    assert cost.multiply_adds == count_by_hooks(model, shape)
    layer = model.get_submodule(pool_hook(cfg)['layer'][0])
    assert [cost.pool, cost.cache] == filled_bytes(cfg, cost.data.sizes,
                                                   layer.in_features)


def test_config_without_cr_has_neither_pool_nor_share():
    cost = estimate_cost(read(CIFAR.replace('_cr', '')))
    assert not cost.regularized
    assert cost.pool is None and cost.step is None and cost.share == 0
    assert cost.parameters == 470004
    assert sum(cost.data.sizes) == 10847


def test_share_is_that_of_a_step_of_three_passes():
    cost = estimate_cost(read(CIFAR))
    model = 3 * cost.multiply_adds * 128
    assert cost.share == pytest.approx(cost.step.total /
                                       (cost.step.total + model))
    assert cost.step.points == pytest.approx(128)


def test_experts_have_a_pool_each():
    cfg = read('configs/ride/ride_resnet32_cifar100-lt-if100_cr.py')
    cost = estimate_cost(cfg)
    assert len(pool_hook(cfg)['layer']) == 4
    assert cost.step.points == pytest.approx(4 * 128)
    assert cost.pool > 4 * 10847 * 48 * 4


def test_processes_share_the_images_of_all():
    alone, part_of = (
        estimate_cost(read(CIFAR), processes=processes)
        for processes in (1, 8))
    assert part_of.step.points == pytest.approx(128)
    owners = class_owners(alone.data.sizes, 8)
    held = [
        int(torch.tensor(alone.data.sizes)[owners == rank].sum())
        for rank in range(8)
    ]
    slot = 4 + 8  # its log curvature and its row in the batch
    assert part_of.cache == max(held) * slot + 1
    assert alone.cache == 10847 * slot + 1


def test_more_points_are_a_larger_share():
    shares = [
        estimate_cost(read(CIFAR, {'custom_hooks.0.refresh': refresh})).share
        for refresh in ('batch', 'neighbors', 'all')
    ]
    assert shares == sorted(set(shares))


def test_remembered_neighbours_take_memory():
    batch, neighbors = (
        estimate_cost(read(CIFAR, {'custom_hooks.0.refresh': refresh})).cache
        for refresh in ('batch', 'neighbors'))
    assert neighbors - batch == 10847 * 40 * 4


def test_scratch_has_a_bound():
    free = estimate_cost(read(CIFAR)).work
    bound = estimate_cost(
        read(CIFAR, {'custom_hooks.0.curvature.max_memory': 1})).work
    assert bound == 3 * 500 * 64 * 4 + 1
    assert free - bound == 3 * 500 * 500 * 4 - 1


def test_cost_of_another_measure_is_not_known():
    cost = estimate_cost(read(CIFAR, {'custom_hooks.0.measure': 'spread'}))
    assert cost.pool and cost.step is None and cost.share is None


@pytest.mark.parametrize('pool', [dict(dtype='x'), dict(max_per_class=0)])
def test_pool_of_a_wrong_option_has_no_size(pool):
    cost = estimate_cost(read(CIFAR, {'custom_hooks.0.pool': pool}))
    assert cost.pool is None and cost.parameters == 470004


def test_unknown_data_leave_the_model_known():
    cfg = read(CIFAR)
    cfg.train_dataloader.dataset = dict(type='CustomDataset', data_root='x')
    cost = estimate_cost(cfg)
    assert cost.data is None and cost.pool is None and cost.share is None
    assert cost.regularized and cost.parameters == 470004


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
    assert estimate_cost(tiny_config()).multiply_adds == by_hand


def test_feature_is_the_input_of_the_layer_of_the_pool():
    model = config_model(tiny_config())
    assert feature_dim(model, 'head.fc') == 8
    assert feature_dim(model, 'head.none') is None


def test_model_that_cannot_be_built_has_no_size():
    cfg = tiny_config()
    cfg.model.backbone.depth = 7
    cost = estimate_cost(cfg)
    assert config_model(cfg) is None
    assert (cost.parameters, cost.multiply_adds, cost.pool) == (None, ) * 3


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
    cost = estimate_cost(cfg)
    assert cost.parameters == 11689512 - 2 * 64 * 49 - 990 * 513
    assert cost.multiply_adds > 0


def test_unknown_channels_are_an_unknown_shape():
    cfg = copy.deepcopy(CONFIG)
    del cfg.data_preprocessor['mean']
    assert image_shape(cfg) is None
    assert estimate_cost(cfg).multiply_adds is None


def test_layer_and_mixing_are_those_that_the_hook_will_choose():
    hook = pool_hook(TWIN)
    assert pool_hook(CONFIG) is None
    assert hook['layer'] == ['head.fc'] and hook['mixed'] == 'skip'


COUNTED = TrainSet([10, 2], True, 10)
TOTAL = TrainSet([437513], False, 1000)
PLAIN = CostEstimate(25028904, 4230500000, COUNTED, False, share=0.)
WITH_CR = CostEstimate(25028904, 4230500000, TOTAL, True, 1799500000, 5250158,
                       7, None, 0.00041)


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
    cost = CostEstimate(None, None, None, True)
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


N, P, BATCH, K = 300, 256, 32, 20


def operations(sizes, p, batch, most=None, **options):
    pool = FeaturePool(sizes, feature_dim=p, max_per_class=most, device='meta')
    pooled = PooledCurvature(pool, **options)
    return step_operations(pooled, sizes, batch, most or max(sizes))


def counted_by_torch(**options):
    """Multiply-adds of matrix products in a step, forward and backward."""
    torch.manual_seed(0)
    pool = FeaturePool([N], feature_dim=P)
    curvature = PooledCurvature(pool, k=K, **options)
    labels = torch.zeros(N, dtype=torch.long)
    pool.push(torch.randn(N, P), labels, torch.arange(N))
    curvature.measure_all()
    features = torch.randn(BATCH, P, requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        log_g = curvature(features, labels[:BATCH], torch.arange(BATCH))
        log_g.sum().backward()
    return counter.get_total_flops() / 2


@pytest.mark.parametrize('options', [
    dict(),
    dict(tangent_dim=3),
    dict(refresh='neighbors'),
    dict(refresh='all'),
])
def test_count_is_that_of_torch(options):
    """torch counts matrix products: neither eigenvectors nor the squared
    norms, nor what solves a system."""
    step = operations([N], P, BATCH, k=K, **options)
    products = step.total - step.eigen - N * P
    assert products == pytest.approx(counted_by_torch(**options), rel=0.1)


@pytest.mark.parametrize('refresh, points', [('batch', 8), ('all', 60)])
def test_points_are_the_batch_or_the_pool(refresh, points):
    step = operations([10, 50], 4, 8, refresh=refresh, k=5)
    assert step.points == pytest.approx(points)


def test_distances_are_to_the_class_of_each_image():
    sizes, p, batch = np.array([3, 7, 40]), 5, 4
    labels = np.repeat(np.arange(3), sizes)
    drawn = np.random.default_rng(0).choice(labels, (20000, batch))
    products = sizes[drawn].sum(1).mean()
    norms = np.mean([sizes[np.unique(one)].sum() for one in drawn])
    step = operations(sizes.tolist(), p, batch)
    assert step.distances == pytest.approx(p * (products + norms), rel=0.01)


def test_cap_of_the_pool_leaves_the_draws_as_they_are():
    capped = operations([1000, 10], 4, 8, 10)
    drawn = np.array([1000, 10]) / 1010
    met = (1 - (1 - drawn)**8).sum()
    assert capped.points == pytest.approx(8)
    assert capped.distances == pytest.approx(4 * (8 * 10 + met * 10))


DATA = dict(cifar10=['configs/_base_/datasets/cifar10_lt.py'], cifar100=[])
PUBLISHED = Path(__file__).parents[1] / 'data' / 'cifar_lt_class_counts.csv'


def set_of(read_data=False, **dataset):
    loader = dict(dataset=dataset)
    cfg = dict(default_scope='mmpretrain', train_dataloader=loader)
    return train_set(Config(cfg), read_data)


def test_counts_of_cifar_lt_are_the_published_ones():
    published = {}
    with open(PUBLISHED) as file:
        for row in csv.DictReader(file):
            key = row['dataset'], row['imbalance_factor']
            published.setdefault(key, []).append(int(row['count']))
    compared = 0
    for (data, factor), counts in published.items():
        if data in DATA:
            cfg = merged_config(
                CIFAR.replace('_cr', ''), {FACTOR: float(factor)}, DATA[data])
            assert train_set(cfg) == (counts, True, max(counts))
            compared += 1
    assert compared == 10


def test_bundled_data_are_counted():
    cfg = Config.fromfile('configs/ce/ce_resnet8_fashion-mini-if100.py')
    counts = train_set(cfg).sizes
    assert (sum(counts), max(counts), min(counts)) == (2478, 1000, 10)
    cfg.train_dataloader.dataset.indices = [0, 1, 2477]
    assert train_set(cfg).sizes == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize('dataset, total', [
    (dict(type='CIFAR10'), 50000),
    (dict(type='mmpretrain.CIFAR100', split='train'), 50000),
    (dict(type='mmcurv.FashionMNIST'), 60000),
    (dict(type='mmcurv.SVHN'), 73257),
    (dict(type='mmcurv.ImageNetLT'), 115846),
    (dict(type='mmcurv.InMemoryDataset', dataset=dict(type='CIFAR10')), 50000),
    (dict(
        type='mmcurv.LongTailed',
        counts=[600] * 10,
        dataset=dict(type='CIFAR10')), 6000),
    (dict(
        type='mmcurv.LongTailed',
        imbalance_factor=100,
        profile='step',
        dataset=dict(type='CIFAR10')), 5 * 5000 + 5 * 50),
])
def test_known_sets_need_no_files(dataset, total):
    found = set_of(**dataset)
    assert found.counted and sum(found.sizes) == total


@pytest.mark.parametrize('dataset', [
    dict(type='CustomDataset', data_root='x'),
    dict(type='CIFAR10', split='test'),
    dict(type='ImageNet', split='val'),
    dict(type='mmcurv.INaturalist2018', ann_file='mine.txt'),
    dict(type='mmcurv.ImageNetLT', ann_file='mine.txt'),
    dict(type='mmcurv.ImageNetLT', indices=100),
    dict(type='CIFAR10', indices=10),
    dict(
        type='mmcurv.LongTailed',
        imbalance_factor=0.01,
        dataset=dict(type='CIFAR10')),
    dict(
        type='mmcurv.LongTailed',
        imbalance_factor=2,
        dataset=dict(type='ImageNet')),
])
def test_all_else_is_unknown(dataset):
    assert set_of(**dataset) is None


def test_config_without_data_is_unknown():
    assert train_set(Config(dict(model=dict()))) is None


@pytest.mark.parametrize('name, classes, largest, smallest', [
    ('ImageNetLT', 1000, 1280, 5),
    ('SVHN', 10, 13861, 4659),
])
def test_published_classes_need_no_images(name, classes, largest, smallest):
    sizes = set_of(type=f'mmcurv.{name}', split='train').sizes
    assert (len(sizes), max(sizes), min(sizes)) == (classes, largest, smallest)


@pytest.mark.parametrize('name, total', [
    ('mmcurv.INaturalist2018', (437513, 8142, 1000)),
    ('ImageNet', (1281167, 1000, 1300)),
])
def test_only_the_total_of_some_sets_is_published(name, total):
    data = set_of(type=name, split='train')
    assert (sum(data.sizes), len(data.sizes), data.largest) == total
    assert not data.counted and max(data.sizes) - min(data.sizes) == 1


def test_slots_of_a_capped_pool_need_the_classes():
    cfg = merged_config('configs/ce/ce_resnet50_inaturalist2018.py', cr=True)
    assert estimate_cost(cfg).pool
    cfg.custom_hooks[0].pool = dict(max_per_class=10)
    assert estimate_cost(cfg).pool is None


def test_images_are_counted_if_asked_for(tmp_path):
    write_class_folders(tmp_path, 3, per_class=4)
    data = set_of(
        True, type='CustomDataset', data_root=str(tmp_path / 'train'))
    assert data == ([4, 4, 4], True, 4)


def test_missing_images_are_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match='the train set cannot be read: '):
        set_of(True, type='CustomDataset', data_root=str(tmp_path / 'none'))
