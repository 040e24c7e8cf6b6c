# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from unittest.mock import patch

import pytest
import torch
from mmpretrain.models.backbones import ResNet, ResNeXt
from mmpretrain.models.necks import GlobalAveragePooling

from mmcurv.models import (MultiExpertCifarResNet, MultiExpertHead,
                           MultiExpertResNet, MultiExpertResNeXt)


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


PLAIN = {MultiExpertResNet: ResNet, MultiExpertResNeXt: ResNeXt}


@pytest.fixture(params=[MultiExpertResNet, MultiExpertResNeXt])
def kind(request):
    return request.param


def built(kind, **options):
    """Shapes alone: nothing is drawn for the weights."""
    with patch('torch.nn.init.kaiming_uniform_'):
        return kind(50, **options).to('meta')


@pytest.mark.parametrize('reduced, width', [(True, 1536), (False, 2048)])
def test_each_expert_gives_a_map(kind, reduced, width):
    net = built(kind, num_experts=2, reduce_dimension=reduced)
    net.eval()
    maps = net(torch.empty(1, 3, 64, 64, device='meta'))
    assert [each.shape for each in maps] == 2 * [(1, width, 2, 2)]
    assert net.feat_dim == width


def test_shared_stages_and_full_experts_are_those_of_the_plain_network(kind):
    net = built(kind, num_experts=3, reduce_dimension=False)
    plain = built(PLAIN[kind])
    shapes = {n: p.shape for n, p in plain.named_parameters()}
    own = {n: p.shape for n, p in net.named_parameters()}
    for name, shape in shapes.items():
        stage = name.split('.')[0]
        names = [name]
        if stage in ('layer3', 'layer4'):
            names = [f'experts.{k}.{name}' for k in range(3)]
        assert [own.pop(each) for each in names] == len(names) * [shape]
    assert not own


def test_experts_of_reduced_dimension_have_three_quarters_of_the_planes():
    expert = built(MultiExpertResNet).experts[0]
    assert expert.layer3[0].conv2.weight.shape == (192, 192, 3, 3)
    assert expert.layer4[0].conv2.weight.shape == (384, 384, 3, 3)
    grouped = built(MultiExpertResNeXt).experts[0]  # 32 groups, 4 wide
    assert grouped.layer3[0].conv2.weight.shape == (384, 12, 3, 3)
    assert grouped.layer4[0].conv2.weight.shape == (768, 24, 3, 3)
    assert [len(stage) for stage in grouped] == [6, 3]


def test_stride_is_in_the_3_x_3_convolution_of_the_first_block(kind):
    expert = built(kind).experts[0]
    for stage in expert:
        assert stage[0].conv1.stride == (1, 1)
        assert stage[0].conv2.stride == (2, 2)


def test_one_expert_is_refused(kind):
    with pytest.raises(ValueError, match='num_experts of at least 2, got 1'):
        kind(50, num_experts=1)


def test_options_of_the_stages_are_not_taken():
    with pytest.raises(TypeError, match='num_stages'):
        MultiExpertResNet(50, num_stages=4)
