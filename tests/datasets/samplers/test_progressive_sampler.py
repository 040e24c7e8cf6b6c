# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy.stats import chisquare

from mmcurv.datasets import ProgressiveSampler, WeightedSampler
from mmcurv.datasets.samplers.progressive_sampler import \
    progressive_probabilities
from tests.datasets.toy import ToyImages

COUNTS = [60, 30, 10]
LABELS = np.repeat(range(3), COUNTS)


def sampler(epoch, max_epochs=5, **options):
    made = ProgressiveSampler(ToyImages(LABELS), max_epochs, seed=1, **options)
    made.set_epoch(epoch)
    return made


def test_half_way_is_the_mean_of_both_ends():
    found = progressive_probabilities([3, 1], 0.5)
    assert found == pytest.approx([0.625, 0.375])


@pytest.mark.parametrize('epoch, progress', [(0, 0.), (1, .25), (2, .5),
                                             (4, 1.), (9, 1.)])
def test_classes_level_out_from_the_first_epoch_to_the_last(epoch, progress):
    expected = [(1 - progress) * n / 100 + progress / 3 for n in COUNTS]
    made = sampler(epoch, length=20000)
    assert made.probabilities() == pytest.approx(expected)
    found = np.bincount(LABELS[list(made)])
    assert chisquare(found, np.array(expected) * 20000).pvalue > 0.01


def test_first_epoch_is_the_instance_balanced_draw():
    plain = WeightedSampler(ToyImages(LABELS), 'instance', seed=1)
    assert list(sampler(0)) == list(plain)


def test_training_of_one_epoch_has_no_course():
    with pytest.raises(ValueError, match='at least 2.*but got 1'):
        sampler(0, max_epochs=1)
