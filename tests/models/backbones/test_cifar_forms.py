# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.models.backbones import (DenseNet, MobileNetV2, ResNeXt,
                                         ShuffleNetV2)

from mmcurv.engine.meta_device import meta_device
from mmcurv.engine.provenance import count_parameters
from mmcurv.models import (CifarDenseNet, CifarMobileNetV2, CifarResNeXt,
                           CifarSEResNet, CifarShuffleNetV2, SEResNet)

STEM = 64 * 3 * (7 * 7 - 3 * 3)  # parameters that a smaller kernel saves
FEW_LAYERS = dict(growth_rate=8, depths=[2, 2, 2, 2], init_channels=64)
PAIRS = [
    (CifarSEResNet, SEResNet, dict(depth=18), STEM),
    (CifarResNeXt, ResNeXt, dict(depth=50), STEM),
    (CifarDenseNet, DenseNet, dict(arch=FEW_LAYERS), STEM),
    (CifarShuffleNetV2, ShuffleNetV2, dict(), 0),
    (CifarMobileNetV2, MobileNetV2, dict(), 0),
]
NAMES = [small.__name__ for small, *_ in PAIRS]


@pytest.mark.parametrize('small, large, options, saved', PAIRS, ids=NAMES)
def test_small_form_differs_from_the_large_one_in_the_stem(
        small, large, options, saved):
    with meta_device():
        ours, theirs = small(**options), large(**options)
    assert count_parameters(theirs) - count_parameters(ours) == saved
    shapes = {name: each.shape for name, each in theirs.named_parameters()}
    names = [name for name, _ in ours.named_parameters()]
    different = [
        name for name, each in ours.named_parameters()
        if shapes[name] != each.shape
    ]
    assert different == (names[:1] if saved else [])


@pytest.mark.parametrize(
    'small, options', [(small, options) for small, _, options, _ in PAIRS],
    ids=NAMES)
@torch.no_grad()
def test_last_map_is_an_eighth_of_the_image(small, options):
    """Of 28 pixels it is 3.5, rounded up by strides of convolutions, down by
    the average pooling of a DenseNet."""
    model = small(**options)
    for side in (28, 32):
        out = model(torch.randn(2, 3, side, side))[-1]
        last = side // 8 if small is CifarDenseNet else -(-side // 8)
        assert out.shape[2:] == (last, last)


def test_change_of_a_corner_stays_in_the_corner_of_the_stem():
    model = CifarShuffleNetV2(widen_factor=0.5)
    model.eval()
    images = torch.zeros(2, 3, 32, 32)
    images[1, :, 31, 31] = 1
    first = model.maxpool(model.conv1(images))
    assert first.shape == (2, 24, 32, 32)
    changed = (first[0] != first[1]).any(0).nonzero()
    assert len(changed) and changed.min() == 30


def test_networks_of_large_images_keep_their_settings():
    assert MobileNetV2.arch_settings[1][3] == 2
    assert CifarMobileNetV2.arch_settings[1][3] == 1
    assert 34 not in SEResNet.__mro__[1].arch_settings
