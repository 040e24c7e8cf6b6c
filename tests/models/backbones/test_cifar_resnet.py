# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from torch import nn

from mmcurv.models import CifarResNet
from mmcurv.models.backbones.cifar_resnet import BasicBlock


def classifier(num_classes=10, depth=32, in_channels=3):
    return MMPRETRAIN_MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(
                type='mmcurv.CifarResNet',
                depth=depth,
                in_channels=in_channels),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(
                type='LinearClsHead',
                num_classes=num_classes,
                in_channels=64,
                init_cfg=dict(type='mmcurv.KaimingWeight', layer='Linear'))))


def num_parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('num_classes, expected', [(10, 464154),
                                                   (100, 470004)])
def test_resnet32_has_the_published_number_of_parameters(
        num_classes, expected):
    model = classifier(num_classes)
    assert num_parameters(model) == expected
    assert num_parameters(model.backbone) == 463504


@pytest.mark.parametrize('depth', [8, 20, 32, 44, 56, 110])
def test_depth_counts_the_convolutions_and_the_classifier(depth):
    convolutions = [
        m for m in CifarResNet(depth).modules() if isinstance(m, nn.Conv2d)
    ]
    assert len(convolutions) + 1 == depth
    assert all(conv.bias is None for conv in convolutions)


@pytest.mark.parametrize('depth', [2, 18, 34, 101, 0, -4])
def test_other_depths_are_refused(depth):
    with pytest.raises(ValueError, match=f'6n . 2.*but got {depth}'):
        CifarResNet(depth)


@pytest.mark.parametrize('size, last', [(32, 8), (28, 7), (30, 8)])
def test_output_is_a_tuple_with_the_last_map(size, last):
    model = CifarResNet(20, in_channels=1, base_channels=4).eval()
    out = model(torch.randn(2, 1, size, size))
    assert isinstance(out, tuple) and len(out) == 1
    assert out[0].shape == (2, 16, last, last)
    assert (out[0] >= 0).all()


def test_shortcut_takes_every_second_pixel_and_pads_both_sides():
    block = BasicBlock(16, 32, stride=2)
    x = torch.randn(2, 16, 6, 6)
    out = block.shortcut(x)
    assert out.shape == (2, 32, 3, 3)
    assert torch.equal(out[:, 8:24], x[:, :, ::2, ::2])
    assert not out[:, :8].any() and not out[:, 24:].any()


def test_shortcut_is_the_identity_elsewhere():
    x = torch.randn(2, 16, 6, 6)
    assert torch.equal(BasicBlock(16, 16, stride=1).shortcut(x), x)


def test_block_of_zero_weights_passes_its_positive_input():
    block = BasicBlock(4, 4, stride=1).eval()
    for conv in (block.conv1, block.conv2):
        nn.init.zeros_(conv.weight)
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(block(x), x.relu())


def test_weights_start_as_he_normal_and_the_bias_as_pytorch_has_it():
    torch.manual_seed(0)
    model = classifier(num_classes=100)
    bias = model.head.fc.bias.detach().clone()
    model.init_weights()
    modules = dict(model.named_modules())
    fan_in = {'head.fc': 64}
    fan_in.update({
        name: 9 * m.in_channels
        for name, m in modules.items() if isinstance(m, nn.Conv2d)
    })
    assert len(fan_in) == 32
    for name, fan in fan_in.items():
        weight = modules[name].weight
        # 5 standard errors of the estimate of a standard deviation
        tolerance = 5 / math.sqrt(2 * weight.numel())
        assert weight.std().item() == pytest.approx(
            math.sqrt(2 / fan), rel=tolerance)
    assert torch.equal(model.head.fc.bias, bias) and bias.any()
    for m in modules.values():
        if isinstance(m, nn.BatchNorm2d):
            assert (m.weight == 1).all() and (m.bias == 0).all()


def test_initialization_draws_what_torch_draws():
    model = CifarResNet(8)
    torch.manual_seed(3)
    model.init_weights()
    torch.manual_seed(3)
    for m in model.modules():
        if isinstance(m, nn.Conv2d):
            expected = nn.init.kaiming_normal_(torch.empty_like(m.weight))
            assert torch.equal(m.weight, expected)


def test_gradient_reaches_every_parameter():
    model = CifarResNet(8, base_channels=4)
    model(torch.randn(4, 3, 8, 8))[0].square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
