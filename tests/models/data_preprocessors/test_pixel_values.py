# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.data_preprocessors.pixel_values import (check_probability,
                                                           height_and_width,
                                                           pixel_value)

IMAGES = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)


def test_a_pixel_value_has_the_dtype_of_the_images():
    assert pixel_value(7, IMAGES).shape == (1, 1, 1)
    found = pixel_value((1, 2, 3), IMAGES)
    assert found.dtype == torch.uint8
    assert found.flatten().tolist() == [1, 2, 3]


def test_a_pixel_value_fits_the_channels():
    with pytest.raises(ValueError, match='one pad_val, or 3'):
        pixel_value((1, 2), IMAGES)


def test_one_side_stands_for_both():
    assert height_and_width(4, 'shape') == (4, 4)
    assert height_and_width([4, 6], 'shape') == (4, 6)


@pytest.mark.parametrize('size', [0, (1, 2, 3), (1, -1), (1.5, 2)])
def test_sizes_are_positive_integers(size):
    with pytest.raises(ValueError, match='shape must be one or two positive'):
        height_and_width(size, 'shape')


@pytest.mark.parametrize('prob', [-0.1, 1.1])
def test_probabilities_are_from_zero_to_one(prob):
    with pytest.raises(ValueError, match='prob'):
        check_probability(prob)
