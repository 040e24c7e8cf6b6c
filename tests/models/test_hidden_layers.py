# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.models.backbones import VGG

from mmcurv.engine.meta_device import meta_device
from mmcurv.engine.provenance import count_parameters
from mmcurv.models import HiddenLayers


def small(**options):
    return HiddenLayers(
        **dict(dict(in_channels=2, map_size=3, widths=(5, 4)), **options))


def test_vgg_with_them_has_as_many_parameters_as_with_its_classifier():
    with meta_device():
        whole = VGG(16, num_classes=1000)
        parts = [VGG(16), HiddenLayers(), torch.nn.Linear(4096, 1000)]
    assert count_parameters(whole) == 138357544
    assert sum(map(count_parameters, parts)) == 138357544


def test_layers_are_those_of_a_vgg():
    """With the same numbers they put out what a VGG's classifier takes."""
    torch.manual_seed(0)
    neck = small().eval()
    x = torch.randn(6, 2, 3, 3)
    first, second = neck.layers[0], neck.layers[3]
    hidden = torch.relu(x.flatten(1) @ first.weight.T + first.bias)
    hidden = torch.relu(hidden @ second.weight.T + second.bias)
    torch.testing.assert_close(neck((x, ))[0], hidden)


def test_last_map_counts_and_is_pooled_to_its_size():
    neck = small().eval()
    wide = torch.randn(1, 2, 3, 3).repeat_interleave(2, 2)
    wide = wide.repeat_interleave(2, 3)  # (1, 2, 6, 6) of blocks of 2 x 2
    out, = neck((torch.zeros(1, 7, 9, 9), wide))
    torch.testing.assert_close(out, neck((wide[:, :, ::2, ::2], ))[0])


def test_input_of_the_last_module_has_not_passed_dropout():
    neck = small(widths=(5, 400), dropout=0.9).train()
    taken = []
    neck.layers[5].register_forward_pre_hook(
        lambda module, args: taken.append(args[0]))
    out, = neck((torch.randn(8, 2, 3, 3), ))
    assert (out == 0).float().mean() > 0.8
    assert (taken[0] == 0).float().mean() < 0.7


@pytest.mark.parametrize('widths', [(4, ), (6, 5, 4)])
def test_number_of_layers_is_free(widths):
    neck = small(widths=widths)
    assert neck((torch.randn(3, 2, 3, 3), ))[0].shape == (3, 4)


def test_initialization_is_that_of_the_paper():
    neck = small(widths=(2000, ))
    neck.init_weights()
    layer = neck.layers[0]
    assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert not layer.bias.any()
