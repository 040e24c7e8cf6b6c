# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.models.backbones import (ConvNeXt, ResNet, ResNet_CIFAR,
                                         ResNeXt, SEResNet)
from torch import nn

from mmcurv.engine.meta_device import meta_device


def test_weights_have_a_shape_and_no_memory():
    with meta_device():
        layer = nn.Linear(10**6, 10**6)
    assert layer.weight.is_meta and layer.weight.shape == (10**6, 10**6)


def test_steps_between_two_numbers_can_be_read():
    with meta_device():
        rates = [rate.item() for rate in torch.linspace(0, 1, 3)]
        chosen = torch.linspace(0, 1, 3, device='meta')
    assert rates == [0, 0.5, 1]
    assert chosen.is_meta


def test_device_is_as_before_afterwards():
    with pytest.raises(RuntimeError, match='stop'), meta_device():
        raise RuntimeError('stop')
    assert torch.empty(1).device == torch.linspace(0, 1, 3).device
    assert not torch.empty(1).is_meta


@pytest.mark.parametrize('network', [
    lambda: ResNet(50),
    lambda: ResNet(18, drop_path_rate=0.1),
    lambda: ResNeXt(50),
    lambda: SEResNet(50),
    lambda: ResNet_CIFAR(18),
    lambda: ConvNeXt('tiny', drop_path_rate=0.1),
])
def test_networks_with_stochastic_depth_are_built(network):
    with meta_device():
        model = network()
    assert all(weight.is_meta for weight in model.parameters())
