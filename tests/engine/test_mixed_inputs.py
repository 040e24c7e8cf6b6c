# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.models.utils import ClsDataPreprocessor

from mmcurv.engine.cutmix_box import Box
from mmcurv.engine.mixed_inputs import blend, common_size, paste

NORMALIZE = dict(
    mean=[125.307, 122.961, 113.8575], std=[51.5865, 50.847, 51.255])
BOX = Box(1, 4, 0, 2)
ORDER, SHARE = torch.tensor([2, 0, 1, 3]), 0.37


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (2, 4, 3, 6, 5), generator=generator).byte()


def normalized(inputs, **options):
    preprocess = ClsDataPreprocessor(**NORMALIZE, **options)
    return preprocess(dict(inputs=inputs))['inputs']


def test_pasted_pixels_are_those_of_the_other_image(images):
    main, others = images
    pasted = paste(main, others, BOX)
    assert pasted.dtype == torch.uint8
    for b, channel, row, column in torch.cartesian_prod(
            *map(torch.arange, main.shape)).tolist():
        inside = 1 <= row < 4 and column < 2
        expected = (others if inside else main)[b, channel, row, column]
        assert pasted[b, channel, row, column] == expected


@pytest.mark.parametrize('mix', [
    lambda inputs, others: paste(inputs, others, BOX),
    lambda inputs, others: blend(inputs, ORDER, SHARE)
])
def test_lists_are_mixed_like_tensors_and_nothing_changes_in_place(
        images, mix):
    main, others = images
    before = images.clone()
    together = mix(main, others)
    apart = mix(list(main), list(others))
    assert isinstance(apart, list)
    assert torch.equal(torch.stack(apart), together)
    assert torch.equal(images, before)


@pytest.mark.parametrize('to_rgb', [False, True])
@pytest.mark.parametrize('stacked', [True, False])
def test_blend_of_bytes_is_that_of_normalized_images(images, to_rgb, stacked):
    main = images[0] if stacked else list(images[0])
    after = normalized(images[0], to_rgb=to_rgb)
    after = SHARE * after + (1 - SHARE) * after[ORDER]
    before = normalized(blend(main, ORDER, SHARE), to_rgb=to_rgb)
    torch.testing.assert_close(before, after, rtol=0, atol=1e-5)


def test_rounding_to_bytes_would_show(images):
    exact = blend(images[0], ORDER, SHARE)
    assert exact.dtype == torch.float32
    assert (normalized(exact) - normalized(exact.byte())).abs().max() > 1e-2


def test_floating_images_keep_their_type(images):
    assert blend(images[0].double(), ORDER, SHARE).dtype == torch.float64


def test_size_is_height_and_width(images):
    assert common_size(images[0], images[1]) == (6, 5)
    assert common_size(list(images[0])) == (6, 5)


def test_images_of_two_sizes_are_refused(images):
    with pytest.raises(ValueError, match=r'one shape .*\(3, 5, 5\)'):
        common_size(images[0], images[1, :, :, 1:])
    with pytest.raises(ValueError, match='one shape'):
        common_size([images[0, 0], images[0, 1, :, 1:]])
