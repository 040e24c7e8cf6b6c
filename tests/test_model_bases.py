# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The networks of configs/_base_/models against what is published of them."""
import functools
import re

import pytest
import torch
import torchvision
from mmengine.config import Config
from torch import nn

from mmcurv.benchmark.matrices.broken_configs import meta_model
from mmcurv.engine.meta_device import meta_device
from mmcurv.engine.model_cost import count_parameters, multiply_adds
from tests.shipped_configs import ROOT

BASES = ROOT / 'configs/_base_/models'
# Parameters for 1000 classes at 224 pixels; sources are in docs/backbones.md.
# BN-Inception is published with 10,016 biases that have no effect.
LARGE = dict(
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


@functools.lru_cache(maxsize=None)
def network(name):
    """A network of the right shape without memory for its weights."""
    cfg = Config.fromfile(BASES / f'{name}.py')
    cfg.default_scope = 'mmpretrain'
    return meta_model(cfg)


def parameters(name, classes):
    """Parameters with another number of classes."""
    layer = network(name).head.fc
    missing = classes - layer.out_features
    return count_parameters(network(name)) + missing * (layer.in_features + 1)


def test_there_are_twelve_networks_of_two_sizes_beside_resnet32():
    for side in (32, 224):
        found = {path.stem for path in BASES.glob(f'*_{side}.py')}
        assert found == {f'{name}_{side}' for name in LARGE}
    assert (BASES / 'resnet32_cifar.py').is_file()


@pytest.mark.parametrize('name', LARGE)
def test_large_network_has_the_published_parameters(name):
    assert count_parameters(network(f'{name}_224')) == LARGE[name]


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
    assert LARGE[name] == published['num_params']
    billions = multiply_adds(network(f'{name}_224'), (3, 224, 224)) / 1e9
    assert billions == pytest.approx(published['_ops'], abs=6e-4)


@pytest.mark.parametrize('name', LARGE)
def test_small_network_differs_by_its_stem_and_classes(name):
    if name in SMALL:
        expected = SMALL[name]
    else:
        expected = LARGE[name] - STEM - 990 * (FEATURES[name] + 1)
    assert parameters(f'{name}_32', 10) == expected


@pytest.mark.parametrize('name', LARGE)
@pytest.mark.parametrize('side, classes', [(32, 100), (224, 1000)])
def test_last_hidden_layer_is_the_input_of_the_linear_layer(
        name, side, classes):
    model = network(f'{name}_{side}')
    features = 4096 if (name, side) == ('vgg16', 224) else FEATURES[name]
    assert isinstance(model.head.fc, nn.Linear)
    with meta_device():
        hidden = model.extract_feat(torch.empty(2, 3, side, side))[-1]
        scores = model.head.fc(hidden)
    assert hidden.shape == (2, features)
    assert scores.shape == (2, classes)


@pytest.mark.parametrize('name', LARGE)
def test_nothing_is_downloaded(name):
    """Each network starts from random numbers."""
    for side in (32, 224):
        text = Config.fromfile(BASES / f'{name}_{side}.py').pretty_text
        assert 'Pretrained' not in text and 'http' not in text


def test_documented_numbers_are_those_of_the_networks():
    text = (ROOT / 'docs/backbones.md').read_text()
    sizes = text.split('## Sizes')[1].split('\n## ')[0]
    rows = [
        re.sub(r'\[\d\]|[,` ]', '', line).strip('|').split('|')
        for line in sizes.splitlines() if line.startswith('| `')
    ]
    names = [name for name, *_ in rows[1:]]
    assert sorted(names) == sorted([*LARGE, 'resnet32_cifar'])
    for name, large, small, smallest, *_ in rows[1:]:
        side = '' if name == 'resnet32_cifar' else '_32'
        assert int(small) == parameters(f'{name}{side}', 100)
        assert int(smallest) == parameters(f'{name}{side}', 10)
        if side:
            assert int(large) == LARGE[name]
