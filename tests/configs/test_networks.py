# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The networks of configs/_base_/models, over Table 5 and Figures 4 to 11."""
import copy
import functools
import math
import re

import pytest
import torch
import torchvision
from torch import nn

from mmcurv.benchmark.configs import meta_model
from mmcurv.engine.config_options import merged_config
from mmcurv.engine.meta_device import meta_device
from mmcurv.engine.provenance import count_parameters, multiply_adds
from tests.engine.curvature_run import pool_of
from tests.engine.image_run import build, image_classifier, trained
from tests.engine.step_watch import watch_of
from tests.shipped_configs import BASES, LARGE, ROOT, load, read

SEVERAL = {'model.backbone.depth': 50, 'model.head.in_channels': 2048}
# File and options of each network; the others are files of their own name.
OPTIONS = dict(
    resnet34=('resnet18', {
        'model.backbone.depth': 34
    }),
    resnet50=('resnet18', SEVERAL),
    resnext50=('resnext101', {
        'model.backbone.depth': 50
    }),
    senet34=('se_resnet50', {
        'model.backbone.depth': 34,
        'model.head.in_channels': 512
    }))
# Parameters for 1000 classes at 224 pixels; sources are in docs/backbones.md.
# BN-Inception is published with 10,016 biases that have no effect.
LARGE_NETWORKS = dict(
    bn_inception=11295240 - 10016,
    densenet201=20013928,
    mobilenet_v2=3504872,
    resnet18=11689512,
    resnet34=21797672,
    resnet50=25557032,
    resnext101=44177704,
    resnext50=25028904,
    se_resnet50=28088024,
    senet34=21958868,
    shufflenet_v2=2278604,
    vgg16=138357544)
# Parameters for 10 classes at 32 pixels of the forms that are published.
SMALL = dict(
    mobilenet_v2=2236682,
    resnet18=11173962,
    resnet34=21282122,
    resnet50=23520842,
    shufflenet_v2=1263854,
    vgg16=14728266)
FEATURES = dict(
    bn_inception=1024,
    densenet201=1920,
    mobilenet_v2=1280,
    resnet18=512,
    resnet34=512,
    resnet50=2048,
    resnext101=2048,
    resnext50=2048,
    se_resnet50=2048,
    senet34=512,
    shufflenet_v2=1024,
    vgg16=512)
STEM = 64 * 3 * (7 * 7 - 3 * 3)  # parameters that the 3 x 3 stem saves
TABLE_5 = {32: 'cifar100', 224: 'imagenet'}
GEOMETRY = str(ROOT / 'configs/geometry/resnet18_cifar10.py')


def switches(name, side):
    """Files and options that bring a network."""
    file, options = OPTIONS.get(name, (name, {}))
    options = dict(options)
    if (name, side) == ('senet34', 224):
        options['model.backbone.type'] = 'mmcurv.SEResNet'
    return [f'{BASES}models/{file}_{side}.py'], options


@functools.lru_cache(maxsize=None)
def config(name, side):
    files, options = switches(name, side)
    path = str(ROOT / f'configs/ce/ce_resnet50_{TABLE_5[side]}.py')
    return merged_config(path, options, files)


@functools.lru_cache(maxsize=None)
def network(name, side):
    """A network of the right shape without memory for its weights."""
    return meta_model(copy.deepcopy(config(name, side)))


def parameters(model, classes):
    """Parameters with another number of classes."""
    layer = model.head.fc
    missing = classes - layer.out_features
    return count_parameters(model) + missing * (layer.in_features + 1)


def test_networks_have_the_published_parameters():
    for name, published in LARGE_NETWORKS.items():
        assert count_parameters(network(name, 224)) == published, name
        expected = SMALL.get(name,
                             published - STEM - 990 * (FEATURES[name] + 1))
        assert parameters(network(name, 32), 10) == expected, name


@pytest.mark.parametrize('name, weights', [
    ('resnet50', 'ResNet50'),
    ('resnext50', 'ResNeXt50_32X4D'),
    ('mobilenet_v2', 'MobileNet_V2'),
    ('shufflenet_v2', 'ShuffleNet_V2_X1_0'),
    ('vgg16', 'VGG16'),
])
def test_large_network_has_the_operations_that_torchvision_counts(
        name, weights):
    published = torchvision.models.get_weight(
        f'{weights}_Weights.IMAGENET1K_V1').meta
    assert LARGE_NETWORKS[name] == published['num_params']
    billions = multiply_adds(network(name, 224), (3, 224, 224)) / 1e9
    assert billions == pytest.approx(published['_ops'], abs=6e-4)


def test_last_hidden_layer_is_the_input_of_the_linear_layer():
    for name in LARGE_NETWORKS:
        for side, classes in ((32, 100), (224, 1000)):
            model = network(name, side)
            features = 4096 if (name, side) == ('vgg16',
                                                224) else FEATURES[name]
            assert isinstance(model.head.fc, nn.Linear)
            with meta_device():
                hidden = model.extract_feat(torch.empty(2, 3, side, side))[-1]
                scores = model.head.fc(hidden)
            assert hidden.shape == (2, features), (name, side)
            assert scores.shape == (2, classes), (name, side)


def test_networks_change_nothing_but_the_network():
    allowed = ('model.backbone', 'model.neck', 'model.head.in_channels')
    for side, data in TABLE_5.items():
        plain = read(ROOT / f'configs/ce/ce_resnet50_{data}.py').to_dict()
        for name in LARGE_NETWORKS:
            other = config(name, side).to_dict()
            assert 'Pretrained' not in str(other) and 'http' not in str(other)
            for key in ('train_dataloader', 'optim_wrapper', 'param_scheduler',
                        'data_preprocessor', 'default_hooks'):
                assert other[key] == plain[key], (name, key)
            for key, value in plain['model']['head'].items():
                if f'model.head.{key}' not in allowed:
                    assert other['model']['head'][key] == value, (name, key)


def test_documented_numbers_are_those_of_the_networks():
    text = (ROOT / 'docs/backbones.md').read_text()
    sizes = text.split('## Sizes')[1].split('\n## ')[0]
    rows = [
        re.sub(r'\[\d\]|[,` ]', '', line).strip('|').split('|')
        for line in sizes.splitlines() if line.startswith('| `')
    ]
    names = [name for name, *_ in rows[1:]]
    assert sorted(names) == sorted([*LARGE_NETWORKS, 'resnet32_cifar'])
    for name, large, small, smallest, *_ in rows[1:]:
        if name == 'resnet32_cifar':
            model = meta_model(copy.deepcopy(load('ce')))
        else:
            model = network(name, 32)
            assert int(large) == LARGE_NETWORKS[name], name
        assert int(small) == parameters(model, 100), name
        assert int(smallest) == parameters(model, 10), name


@pytest.mark.parametrize('name, experts, number', [
    ('ce', 0, 470004),
    ('lade', 0, 550388),
    ('tde', 0, 550388 - 100),
    ('bbn', 0, 550388),
    ('ldam', 0, 470004 - 100),
    ('ride', 4, 1037200),
    ('ride_cmo', 3, 783856),
])
def test_cifar_network_is_the_resnet_32_of_the_literature(
        name, experts, number):
    model = meta_model(copy.deepcopy(load(name)))
    assert count_parameters(model) == number
    assert len(getattr(model.head, 'fcs', [])) == experts


def test_large_models_have_the_published_size_and_build():
    sizes = {
        'ce_resnext50_imagenet-lt': 25028904,
        'ce_resnet50_inaturalist2018': 23508032 + 2049 * 8142,
        'bbn_resnet50_inaturalist2018': 23508032 + 4462592 + 4097 * 8142
    }
    for path in LARGE:
        model = meta_model(copy.deepcopy(read(path)))
        assert all(p.is_meta for p in model.parameters()), path
        if path.stem in sizes:
            assert count_parameters(model) == sizes[path.stem], path
        if path.stem.startswith('ride'):
            experts = 3 if 'cmo' in path.stem else 4
            assert [fc.weight.shape[1]
                    for fc in model.head.fcs] == [1536] * experts, path


def test_geometry_of_each_network_and_data_set_is_measured():
    """Thirteen networks on three sets, as in Figures 4 to 11."""
    data = dict(
        cifar10=('CIFAR10', 10, 1),
        cifar100=('CIFAR100', 100, 1),
        svhn=('mmcurv.SVHN', 10, 0))
    for name in [*LARGE_NETWORKS, 'resnet32_cifar']:
        files, options = ([f'{BASES}models/{name}.py'], {})
        if name != 'resnet32_cifar':
            files, options = switches(name, 32)
        for slug, (kind, classes, flips) in data.items():
            more = [f'{BASES}datasets/{slug}.py'] if slug != 'cifar10' else []
            cfg = merged_config(GEOMETRY, options, files + more)
            train, test = (
                loader.dataset
                for loader in (cfg.train_dataloader, cfg.test_dataloader))
            assert (train.type, train.split) == (kind, 'train')
            assert (test.type, test.split) == (kind, 'test')
            assert cfg.data_preprocessor.num_classes == classes
            assert cfg.data_preprocessor.to_rgb is False  # all are RGB
            assert meta_model(cfg).head.fc.out_features == classes
            steps = [step.type for step in train.pipeline]
            assert steps.count('RandomFlip') == flips
            warm_up, cosine = cfg.param_scheduler
            assert warm_up.end == cosine.begin == 1
            assert (cosine.end == cfg.train_cfg.max_epochs == cosine.T_max + 1
                    == 200)
            hook = cfg.default_hooks.geometry
            assert (hook.interval, hook.max_per_class,
                    hook.at_start) == (5, 500, True)


COUNTS = (4, 4)  # a class of fewer images has no curvature


def train_one_step(work_dir, name, side, image, counts=COUNTS):
    """A run of one step, in its second epoch: in the first log_tau(1) = 0
    and so is the weight of CR."""
    cfg = config(name, side).model.to_dict()
    cfg.pop('train_cfg')  # mixes images
    cfg['head'].update(num_classes=len(counts))
    cfg['head']['loss'].pop('use_soft')
    runner = build(
        work_dir,
        model=cfg,
        dataset=dict(shape=(3, image, image), counts=counts),
        hook=dict(curvature=dict(k=3)))
    before = {
        name: value.clone()
        for name, value in runner.model.head.named_parameters()
    }
    runner.train_loop._epoch = 1
    runner.train()
    return runner, before


def check_step(run, classes=len(COUNTS)):
    runner, before = run
    losses, = watch_of(runner).losses
    assert losses['loss_curvature'] > 0
    assert all(math.isfinite(value) for value in losses.values())
    pool, layer = pool_of(runner), runner.model.head.fc
    assert pool.features.shape == (sum(COUNTS), layer.in_features)
    assert pool.num_classes == layer.out_features == classes
    assert pool.fill()[:len(COUNTS)].tolist() == list(COUNTS)
    for name, value in runner.model.head.named_parameters():
        assert torch.isfinite(value).all()
        assert not torch.equal(value, before[name])


def quick(name, side):
    slow = name not in ('resnet18', 'vgg16', 'shufflenet_v2')
    return pytest.param(name, side, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize(
    'name, side',
    [quick(name, side) for name in LARGE_NETWORKS for side in (32, 224)])
def test_network_takes_a_step_with_cr(name, side, tmp_path):
    """At 64 pixels, where it is made for 224."""
    check_step(train_one_step(tmp_path, name, side, min(side, 64)))


@pytest.mark.slow
def test_step_with_cr_has_as_many_classes_as_inaturalist(tmp_path):
    counts = COUNTS + (0, ) * (8142 - len(COUNTS))
    run = train_one_step(tmp_path, 'resnet50', 224, 32, counts=counts)
    check_step(run, classes=8142)


def test_features_before_the_dropout_of_hidden_layers_can_be_pooled(tmp_path):
    neck = dict(
        type='mmcurv.HiddenLayers',
        in_channels=16,
        map_size=2,
        widths=(32, 24),
        dropout=0.9)
    model = image_classifier(neck=neck, head=dict(in_channels=24))
    runner, _ = trained(tmp_path, model=model, layer='neck.layers.5')
    pooled = pool_of(runner).features
    assert pooled.shape == (32, 24)
    assert (pooled == 0).float().mean() < 0.8
