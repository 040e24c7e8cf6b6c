# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import mmcv
import numpy as np
import pytest
import torch
from mmpretrain.datasets.transforms import RandomCrop

from mmcurv.models.data_preprocessors.batch_crop import (BatchRandomCrop,
                                                         crop_images,
                                                         pad_images)
from tests.models.data_preprocessors.images import (REPETITIONS, as_pipeline,
                                                    at_places, by_pipeline,
                                                    check_frequencies, coded,
                                                    crops, keys, noise)


@pytest.mark.parametrize('mode', ['constant', 'edge', 'reflect', 'symmetric'])
@pytest.mark.parametrize('padding', [3, (2, 1), (1, 2, 3, 4)])
def test_padding_is_that_of_mmcv(mode, padding):
    images = noise()
    found = pad_images(images, padding, 9, mode)
    # OpenCV fills the first channel alone with a single number.
    for image, padded in zip(images, found):
        expected = mmcv.impad(
            as_pipeline(image),
            padding=padding,
            pad_val=(9, 9, 9),
            padding_mode=mode)
        assert np.array_equal(as_pipeline(padded), expected)


def test_each_channel_can_be_padded_by_its_own_value():
    images = noise()
    expected = mmcv.impad(as_pipeline(images[0]), padding=2, pad_val=(1, 2, 3))
    found = pad_images(images, 2, (1, 2, 3))[0]
    assert np.array_equal(as_pipeline(found), expected)


@pytest.mark.parametrize('shape', [(5, 3, 12, 10), (5, 1, 12, 10)])
def test_forced_windows_are_cut_as_by_the_pipeline(shape):
    images = noise(shape)
    tops, lefts = [0, 6, 3, 5, 1], [4, 0, 2, 3, 4]
    places = [(top, left, 10, 10) for top, left in zip(tops, lefts)]
    pipeline = at_places(RandomCrop((10, 10), padding=2), places)
    expected = by_pipeline(pipeline, images)
    found = crop_images(
        pad_images(images, 2), torch.tensor(tops), torch.tensor(lefts), 10, 10)
    assert torch.equal(found, expected)


def test_all_windows_are_drawn_equally_often():
    image = coded(6, 6)
    possible = keys(crops(image, padding=2, size=6))
    assert len(set(possible)) == 25
    torch.manual_seed(0)
    draws = 25 * REPETITIONS
    found = BatchRandomCrop(6, padding=2)(image.expand(draws, -1, -1, -1))
    check_frequencies(found, dict.fromkeys(possible, 1 / 25))


def test_the_pipeline_gives_the_same_windows():
    np.random.seed(0)
    image = coded(6, 6)
    found = by_pipeline(
        RandomCrop(6, padding=2), image.expand(800, -1, -1, -1))
    assert set(keys(found)) == set(keys(crops(image, padding=2, size=6)))


def test_windows_smaller_than_the_image_need_no_padding():
    image = coded(6, 6)
    torch.manual_seed(0)
    found = BatchRandomCrop(4)(image.expand(9 * REPETITIONS, -1, -1, -1))
    possible = keys(crops(image, padding=0, size=4))
    check_frequencies(found, dict.fromkeys(possible, 1 / 9))


def test_images_of_a_batch_are_cropped_independently():
    torch.manual_seed(0)
    pair = coded(3, 1).expand(2, -1, -1, -1)
    crop = BatchRandomCrop((3, 1), padding=(0, 1))
    possible = [bytes([0, 1, 2]), bytes([1, 2, 3]), bytes([2, 3, 0])]
    draws = torch.stack([crop(pair) for _ in range(9 * REPETITIONS // 4)])
    both = {a + b: 1 / 9 for a in possible for b in possible}
    check_frequencies(draws, both)


@pytest.mark.parametrize('arguments, words', [
    (dict(crop_size=0), 'crop_size must be'),
    (dict(crop_size=4, padding=-1), 'padding must be'),
    (dict(crop_size=4, padding=(1, 2, 3)), 'padding must be'),
    (dict(crop_size=4, padding_mode='mirror'), 'padding_mode must be'),
])
def test_arguments_out_of_range_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        BatchRandomCrop(**arguments)


def test_images_smaller_than_the_crop_are_refused():
    with pytest.raises(ValueError, match='raise padding'):
        BatchRandomCrop(10, padding=0)(noise())
