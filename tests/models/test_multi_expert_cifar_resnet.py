# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.models.necks import GlobalAveragePooling

from mmcurv.models import MultiExpertCifarResNet, MultiExpertHead


@pytest.mark.parametrize('num_experts, parameters', [
    (3, 783856),
    (4, 1037200),
])
def test_parameters_are_the_published_ones(num_experts, parameters):
    body = MultiExpertCifarResNet(num_experts=num_experts)
    head = MultiExpertHead(100, 48, num_experts)
    counted = sum(p.numel() for part in (body, head)
                  for p in part.parameters())
    assert counted == parameters


@pytest.mark.parametrize('num_experts', [2, 3, 4, 6])
@pytest.mark.parametrize('reduced, width', [(True, 12), (False, 16)])
def test_each_expert_gives_a_map_that_can_be_pooled(num_experts, reduced,
                                                    width):
    net = MultiExpertCifarResNet(
        8, num_experts, reduced, in_channels=1, base_channels=4)
    maps = net(torch.randn(2, 1, 28, 28))
    assert [each.shape for each in maps] == num_experts * [(2, width, 7, 7)]
    pooled = GlobalAveragePooling()(maps)
    assert [each.shape for each in pooled] == num_experts * [(2, width)]


def test_shortcuts_pad_as_many_channels_on_both_sides():
    expert = MultiExpertCifarResNet().experts[0]
    assert expert.layer2[0].pad == (4, 4)
    assert expert.layer3[0].pad == (12, 12)
    assert [len(stage) for stage in expert] == [5, 5]


def test_experts_are_different_and_share_their_beginning():
    torch.manual_seed(0)
    net = MultiExpertCifarResNet(8, 2, base_channels=4)
    net.init_weights()
    first, second = net(torch.randn(4, 3, 32, 32))
    assert not torch.equal(first, second)
    gradients = [
        torch.autograd.grad(
            each.square().sum(), net.conv1.weight, retain_graph=True)[0]
        for each in (first, second)
    ]
    assert all(gradient.any() for gradient in gradients)
    own = net.experts[1].layer2[0].conv1.weight
    assert torch.autograd.grad(first.sum(), own, allow_unused=True) == (None, )


def test_maps_are_those_of_each_expert_on_the_shared_map():
    torch.manual_seed(0)
    net = MultiExpertCifarResNet(14, 3, base_channels=4).double()
    images = torch.randn(4, 3, 30, 30).double()
    shared = net.layer1(net.bn1(net.conv1(images)).relu())
    for found, expert in zip(net(images), net.experts):
        torch.testing.assert_close(found, expert(shared))


def test_weights_start_from_the_normal_law_of_he():
    torch.manual_seed(0)
    net = MultiExpertCifarResNet()
    net.init_weights()
    weight = net.experts[2].layer3[1].conv1.weight
    assert weight.std().item() == pytest.approx((2 / (9 * 48))**0.5, rel=0.02)


@pytest.mark.parametrize('wrong', [1, 0, 2.5])
def test_fewer_than_two_experts_are_refused(wrong):
    with pytest.raises(ValueError, match='num_experts of at least 2, got'):
        MultiExpertCifarResNet(num_experts=wrong)
