# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmcv.transforms import RandomFlip

from mmcurv.models.data_preprocessors.batch_crop import BatchRandomCrop
from mmcurv.models.data_preprocessors.batch_flip import (BatchRandomFlip,
                                                         flip_images)
from tests.models.data_preprocessors.images import (REPETITIONS, by_pipeline,
                                                    check_frequencies, coded,
                                                    crops, keys, noise)


@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
def test_chosen_images_are_flipped_as_by_the_pipeline(direction):
    images = noise()
    chosen = torch.tensor([True, False, True, True, False, False])
    flipped = by_pipeline(RandomFlip(1., direction), images)
    expected = torch.where(chosen[:, None, None, None], flipped, images)
    assert torch.equal(flip_images(images, chosen, direction), expected)


@pytest.mark.parametrize('prob', [0., 0.25, 0.5, 1.])
def test_images_are_flipped_with_their_probability(prob):
    image = coded()
    torch.manual_seed(0)
    found = BatchRandomFlip(prob)(image.expand(2 * REPETITIONS, -1, -1, -1))
    expected = {keys(image.flip(3))[0]: prob, keys(image)[0]: 1 - prob}
    check_frequencies(found, {k: p for k, p in expected.items() if p})


def test_crop_and_flip_are_independent():
    image = coded(5, 5)
    windows = crops(image, padding=1, size=5)
    possible = keys(windows) + keys(windows.flip(3))
    torch.manual_seed(0)
    images = image.expand(18 * REPETITIONS, -1, -1, -1)
    found = BatchRandomFlip(0.5)(BatchRandomCrop(5, padding=1)(images))
    check_frequencies(found, dict.fromkeys(possible, 1 / 18))


@pytest.mark.parametrize('arguments, words', [
    (dict(prob=1.5), 'prob'),
    (dict(prob=0.5, direction='diagonal'), 'direction must be'),
])
def test_arguments_out_of_range_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        BatchRandomFlip(**arguments)
