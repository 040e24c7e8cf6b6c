# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.models.backbones import ResNet

from mmcurv.models.backbones import (DualBranchImageNetResNet,
                                     DualBranchImageNetResNeXt)


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
