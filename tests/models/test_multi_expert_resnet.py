# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from unittest.mock import patch

import pytest
import torch
from mmpretrain.models.backbones import ResNet, ResNeXt

from mmcurv.models import MultiExpertResNet, MultiExpertResNeXt

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


def test_fewer_than_two_experts_are_refused(kind):
    with pytest.raises(ValueError, match='num_experts of at least 2, got 1'):
        kind(50, num_experts=1)


def test_options_of_the_stages_are_not_taken():
    with pytest.raises(TypeError, match='num_stages'):
        MultiExpertResNet(50, num_stages=4)
