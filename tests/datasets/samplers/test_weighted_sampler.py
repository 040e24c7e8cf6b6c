# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmengine.registry import DATA_SAMPLERS
from scipy.stats import chisquare

from mmcurv.datasets import WeightedSampler
from mmcurv.datasets.samplers import class_probabilities
from tests.datasets.toy import ToyImages

COUNTS = [40, 0, 12, 3]
LABELS = np.random.default_rng(0).permutation(np.repeat(range(4), COUNTS))


def drawn(length=20000, **options):
    sampler = WeightedSampler(
        ToyImages(LABELS), seed=1, length=length, **options)
    return np.array(list(sampler))


@pytest.mark.parametrize('weights',
                         ['instance', 'sqrt', 'balanced', 'reversed', 0.3])
def test_classes_come_as_often_as_their_probability_says(weights):
    found = np.bincount(LABELS[drawn(weights=weights)], minlength=4)
    expected = class_probabilities(COUNTS, weights) * 20000
    assert found[1] == expected[1] == 0
    present = [0, 2, 3]
    assert chisquare(found[present], expected[present]).pvalue > 0.01


@pytest.mark.parametrize('weights', ['balanced', 'reversed'])
def test_images_of_a_class_come_alike(weights):
    found = np.bincount(drawn(weights=weights), minlength=len(LABELS))
    for label in (0, 2, 3):
        assert chisquare(found[LABELS == label]).pvalue > 0.01


def test_draw_is_with_replacement():
    found = drawn(length=len(LABELS), weights='instance')
    assert len(set(found)) < len(LABELS)


def test_config_finds_it_by_its_prefix():
    sampler = DATA_SAMPLERS.build(
        dict(type='mmcurv.WeightedSampler', weights='sqrt'),
        default_args=dict(dataset=ToyImages(LABELS), seed=3))
    assert isinstance(sampler, WeightedSampler)
    assert (sampler.seed, len(sampler)) == (3, len(LABELS))


def test_unknown_name_is_refused_before_the_labels_are_read():
    with pytest.raises(ValueError, match="mean 'balanced'"):
        WeightedSampler(dataset=None, weights='balance')
