# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmpretrain.datasets.transforms import RandomResizedCrop
from scipy.stats import ks_2samp

from mmcurv.models.data_preprocessors.batch_resized_crop import (
    BatchRandomResizedCrop, Windows, draw_windows, resize_windows)
from tests.models.data_preprocessors.images import (at_places, by_pipeline,
                                                    noise)

DRAWS = 3000
RANGES = dict(crop_ratio_range=(0.08, 1.0), aspect_ratio_range=(3 / 4, 4 / 3))


def drawn(height, width, **ranges):
    torch.manual_seed(0)
    return draw_windows(
        DRAWS,
        height,
        width,
        max_attempts=10,
        device=torch.device('cpu'),
        **ranges)


@pytest.mark.parametrize('size', [(8, 8), (32, 20), (16, 16)])
def test_forced_windows_are_resized_as_by_the_pipeline(size):
    images = noise((5, 3, 16, 16))
    boxes = [(0, 0, 16, 16), (3, 4, 5, 9), (15, 0, 1, 16), (2, 6, 8, 8),
             (7, 7, 2, 1)]
    pipeline = at_places(RandomResizedCrop(size), boxes)
    expected = by_pipeline(pipeline, images)
    windows = Windows(*torch.tensor(boxes).T)
    found = resize_windows(images, windows, *size)
    assert found.dtype == torch.uint8
    assert (found.int() - expected.int()).abs().max() <= 1  # its rounding


def test_the_whole_image_in_its_own_size_is_unchanged():
    images = noise((2, 3, 7, 5))
    whole = Windows(*torch.tensor([[0, 0, 7, 5]] * 2).T)
    assert torch.equal(resize_windows(images, whole, 7, 5), images)


def test_windows_are_distributed_as_in_the_pipeline():
    np.random.seed(0)
    pipeline = RandomResizedCrop(8, **RANGES)
    image = np.zeros((28, 36, 1))
    expected = np.array([pipeline.rand_crop_params(image)
                         for _ in range(DRAWS)]).T  # yapf: disable
    windows = drawn(28, 36, **RANGES)
    found = windows.tops, windows.lefts, windows.heights, windows.widths
    for ours, theirs in zip(found, expected):
        assert ks_2samp(ours.numpy(), theirs).pvalue > 1e-3
    assert ks_2samp((windows.heights * windows.widths).numpy(),
                    expected[2] * expected[3]).pvalue > 1e-3


def test_windows_lie_inside_the_image():
    windows = drawn(5, 4, **RANGES)
    assert (windows.tops >= 0).all() and (windows.heights >= 1).all()
    assert (windows.tops + windows.heights <= 5).all()
    assert (windows.lefts + windows.widths <= 4).all()


@pytest.mark.parametrize('height, width', [(4, 40), (40, 4), (9, 9)])
def test_where_no_window_fits_it_is_the_central_one_of_the_pipeline(
        height, width):
    impossible = dict(
        crop_ratio_range=(4., 4.), aspect_ratio_range=(3 / 4, 4 / 3))
    pipeline = RandomResizedCrop(8, **impossible)
    expected = pipeline.rand_crop_params(np.zeros((height, width)))
    for found, value in zip((0, 1, 2, 3), expected):
        windows = drawn(height, width, **impossible)
        column = (windows.tops, windows.lefts, windows.heights,
                  windows.widths)[found]
        assert (column == value).all()


def test_a_batch_has_one_size():
    found = BatchRandomResizedCrop((6, 5))(noise())
    assert found.shape == (6, 3, 6, 5)
    assert found.dtype == torch.uint8


@pytest.mark.parametrize('arguments, words', [
    (dict(scale=0), 'scale must be'),
    (dict(scale=8, crop_ratio_range=(1., 0.5)), 'crop_ratio_range must'),
    (dict(scale=8, aspect_ratio_range=(0, 1)), 'aspect_ratio_range must'),
    (dict(scale=8, max_attempts=0), 'max_attempts must'),
])
def test_arguments_out_of_range_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        BatchRandomResizedCrop(**arguments)
