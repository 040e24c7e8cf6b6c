# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import mmcv
import numpy as np
import pytest
import torch

from mmcurv.models.data_preprocessors.batch_cutout import BatchCutout, cut_out
from tests.models.data_preprocessors.images import (REPETITIONS, as_pipeline,
                                                    check_frequencies, coded,
                                                    keys, noise)


@pytest.mark.parametrize('shape', [4, (3, 7)])
@pytest.mark.parametrize('pad_val', [0, (1, 2, 3)])
def test_rectangles_at_forced_centres_are_those_of_the_pipeline(
        shape, pad_val):
    height, width = (shape, shape) if isinstance(shape, int) else shape
    images = noise((40, 3, 9, 16))
    for seed, image in enumerate(images):
        np.random.seed(seed)
        expected = mmcv.cutout(as_pipeline(image), shape, pad_val)
        np.random.seed(seed)
        y, x = np.random.uniform(9), np.random.uniform(16)
        top, left = int(max(0, y - height / 2)), int(max(0, x - width / 2))
        found = cut_out(image[None], torch.tensor([top]), torch.tensor([left]),
                        height, width, pad_val)
        assert np.array_equal(as_pipeline(found[0]), expected)


def probabilities():
    """Of each first row: 4 rows of 6, centre uniform."""
    return {0: 3 / 6, 1: 1 / 6, 2: 1 / 6, 3: 1 / 6}


@pytest.mark.parametrize('prob', [0.5, 1.])
def test_places_are_as_frequent_as_in_the_pipeline(prob):
    image = coded(6, 6)
    expected = {keys(image)[0]: 1 - prob} if prob < 1 else {}
    for top, rows in probabilities().items():
        for left, columns in probabilities().items():
            cut = image.clone()
            cut[:, :, top:top + 4, left:left + 4] = 0
            expected[keys(cut)[0]] = prob * rows * columns
    assert sum(expected.values()) == pytest.approx(1)
    torch.manual_seed(0)
    images = image.expand(36 * REPETITIONS // 2, -1, -1, -1)
    check_frequencies(BatchCutout(4, prob, pad_val=0)(images), expected)


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match='shape must be'):
        BatchCutout(0)
    with pytest.raises(ValueError, match='prob'):
        BatchCutout(4, prob=-1)
