# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.models.backbones import ResNet
from mmpretrain.models.necks import GlobalAveragePooling
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from torch import nn

from mmcurv.models import DualBranchResNet
from mmcurv.models.backbones import (DualBranchImageNetResNet,
                                     DualBranchImageNetResNeXt)


def small(**options):
    torch.manual_seed(0)
    return DualBranchResNet(14, base_channels=4, **options)


def num_parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('num_classes, expected', [(10, 538778),
                                                   (100, 550388)])
def test_network_has_the_published_number_of_parameters(num_classes, expected):
    model = MMPRETRAIN_MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='mmcurv.DualBranchResNet'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(
                type='LinearClsHead', num_classes=num_classes,
                in_channels=128)))
    assert num_parameters(model.backbone) == 537488
    assert num_parameters(model) == expected
    assert len(model.backbone.layer3) == 4
    model.eval()
    images = torch.randn(1, 3, 32, 32)
    assert model.extract_feat(images)[-1].shape == (1, 128)
    assert model(images, mode='tensor').shape == (1, num_classes)


def test_pooled_map_is_the_pooled_branches_side_by_side():
    model, pool = small().eval(), GlobalAveragePooling()
    images = torch.randn(2, 3, 8, 8)
    shared = model.shared(images)
    branches = [
        pool(branch(shared))
        for branch in (model.conventional, model.rebalancing)
    ]
    assert not torch.equal(*branches)
    pooled = pool(model(images))
    assert isinstance(pooled, tuple) and len(pooled) == 1
    assert torch.equal(pooled[0], torch.cat(branches, 1))


def test_gray_images_of_28_pixels_fit():
    model = small(in_channels=1).eval()
    assert model(torch.randn(2, 1, 28, 28))[0].shape == (2, 32, 7, 7)


@pytest.mark.parametrize('depth', [14, 20, 32])
def test_branches_add_one_block_to_the_depth(depth):
    model = DualBranchResNet(depth, base_channels=2)
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) + 1 == depth + 2


@pytest.mark.parametrize('depth, words', [(8, 'at least 14'), (18, '6n . 2')])
def test_other_depths_are_refused(depth, words):
    with pytest.raises(ValueError, match=f'{words}.*but got {depth}'):
        DualBranchResNet(depth)


def test_gradient_reaches_every_parameter():
    model = small()
    model(torch.randn(4, 3, 8, 8))[0].square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_one_branch_alone_trains_without_the_other():
    model = small()
    images = torch.randn(4, 3, 8, 8)
    model.conventional(model.shared(images)).square().sum().backward()
    assert model.conv1.weight.grad.any()
    assert model.conventional.conv1.weight.grad.any()
    assert model.rebalancing.conv1.weight.grad is None


def test_weights_start_as_torch_draws_he_normal():
    model = small()
    torch.manual_seed(3)
    model.init_weights()
    torch.manual_seed(3)
    for m in model.modules():
        if isinstance(m, nn.Conv2d):
            expected = nn.init.kaiming_normal_(torch.empty_like(m.weight))
            assert torch.equal(m.weight, expected)


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_resnet_50_has_one_bottleneck_more():
    # 1 x 1, 3 x 3 and 1 x 1 convolutions and their batch norms.
    bottleneck = 2048 * 512 + 9 * 512**2 + 512 * 2048 + 2 * (512 + 512 + 2048)
    network = DualBranchImageNetResNet(50)
    assert parameters(network) == 23508032 + bottleneck
    assert parameters(network.conventional) == bottleneck
    assert len(network.layer4) == 2


def test_resnext_50_has_one_bottleneck_more():
    bottleneck = (2048 * 1024 + 9 * 1024 * 32 + 1024 * 2048 + 2 *
                  (1024 + 1024 + 2048))
    network = DualBranchImageNetResNeXt(50, groups=32, width_per_group=4)
    assert parameters(network) == 22979904 + bottleneck


def test_branches_start_from_numbers_of_their_own():
    network = DualBranchImageNetResNet(50)
    for _ in range(2):  # as it is built, and as a Runner initialises it
        own, other = (
            branch.conv1.weight
            for branch in (network.conventional, network.rebalancing))
        assert not torch.equal(own, other)
        network.init_weights()
    assert not network.rebalancing.bn3.weight.any()  # zero_init_residual


def test_branch_after_the_shared_part_is_the_network_of_mmpretrain():
    network, single = DualBranchImageNetResNet(50), ResNet(50)
    network.eval(), single.eval()
    state = {
        name.replace('conventional.', 'layer4.2.'): value
        for name, value in network.state_dict().items()
        if not name.startswith('rebalancing')
    }
    single.load_state_dict(state)
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        map_, = network(images)
        expected, = single(images)
        own = network.conventional(network.shared(images))
    assert map_.shape == (2, 4096, 1, 1)
    assert torch.equal(map_[:, :2048], expected)
    assert torch.equal(own, expected)
    assert not torch.equal(map_[:, 2048:], expected)


def test_map_of_another_stage_is_refused():
    with pytest.raises(ValueError, match=r'out_indices=\(3, \).*got \(2, 3\)'):
        DualBranchImageNetResNet(50, out_indices=(2, 3))
