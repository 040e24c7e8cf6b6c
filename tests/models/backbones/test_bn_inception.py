# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from torch import nn

from mmcurv.engine.meta_device import meta_device
from mmcurv.engine.provenance import count_parameters
from mmcurv.models import BNInception, CifarBNInception
from mmcurv.models.backbones.bn_inception import BLOCKS, InceptionBlock

# Output of each block in the published table, where it is the sum of the
# paths; 4c and 4d are printed as 576.
CHANNELS = {
    '3a': 256,
    '3b': 320,
    '3c': 576,
    '4a': 576,
    '4b': 576,
    '4c': 608,
    '4d': 608,
    '4e': 1056,
    '5a': 1024,
    '5b': 1024
}


def on_meta(network):
    with meta_device():
        return network()


def maps_of(model, side):
    """Shapes that the blocks put out, (C, H, W) by name."""
    shapes = {}
    for name, block in model.blocks.named_children():
        block.register_forward_hook(
            lambda module, args, out, name=name: shapes.update(
                {name.removeprefix('inception_'): tuple(out.shape[1:])}))
    with meta_device():
        model(torch.empty(2, 3, side, side))
    return shapes


def test_parameters_are_the_published_ones_without_biases():
    """11,295,240 of the network with weights for Caffe, with 1000 classes;
    its convolutions have a bias before batch normalisation."""
    model = on_meta(BNInception)
    biases = sum(module.out_channels for module in model.modules()
                 if isinstance(module, nn.Conv2d))
    classifier = 1024 * 1000 + 1000
    assert biases == 10016
    assert count_parameters(model) + classifier + biases == 11295240


def test_blocks_have_the_channels_and_sizes_of_the_table():
    sides = dict.fromkeys(['3a', '3b'], 28)
    sides.update(dict.fromkeys(['3c', '4a', '4b', '4c', '4d'], 14))
    sides.update(dict.fromkeys(['4e', '5a', '5b'], 7))
    assert maps_of(on_meta(BNInception), 224) == {
        name: (CHANNELS[name], sides[name], sides[name])
        for name in BLOCKS
    }


def test_form_for_small_images_halves_three_times():
    sides = [shape[1] for shape in maps_of(on_meta(CifarBNInception), 32)
             .values()]  # yapf: disable
    assert sides == [16, 16, 8, 8, 8, 8, 8, 4, 4, 4]


@pytest.mark.parametrize('side', [65, 97, 200])
def test_paths_fit_together_at_any_size(side):
    rounded_up = -(-side // 32)
    last = maps_of(on_meta(BNInception), side)['5b']
    assert last == (1024, rounded_up, rounded_up)


def test_block_concatenates_its_paths():
    torch.manual_seed(0)
    block = InceptionBlock(6, 2, 3, 4, 3, 5, 'avg', 1).eval()
    x = torch.randn(2, 6, 5, 5)
    one, three, double, pooled = block(x).split([2, 4, 5, 1], dim=1)
    torch.testing.assert_close(one, block.paths[0](x))
    torch.testing.assert_close(three, block.paths[1](x))
    torch.testing.assert_close(double, block.paths[2](x))
    average = nn.functional.avg_pool2d(x, 3, 1, 1)
    torch.testing.assert_close(pooled, block.paths[3][1](average))


def test_halving_block_passes_the_largest_values_on():
    block = InceptionBlock(6, 0, 3, 4, 3, 5, 'max', 0).eval()
    x = torch.randn(2, 6, 5, 5)
    out = block(x)
    assert out.shape == (2, 4 + 5 + 6, 3, 3)
    torch.testing.assert_close(out[:, -6:],
                               nn.functional.max_pool2d(x, 3, 2, 1))


def test_gray_images_change_the_first_convolution_only():
    gray = on_meta(lambda: CifarBNInception(in_channels=1))
    colour = on_meta(CifarBNInception)
    assert count_parameters(colour) - count_parameters(gray) == 2 * 64 * 9
