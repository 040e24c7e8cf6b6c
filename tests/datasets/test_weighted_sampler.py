# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmengine.registry import DATA_SAMPLERS
from scipy.stats import chisquare

from mmcurv.datasets import WeightedSampler
from mmcurv.datasets.samplers import POWERS, class_probabilities
from tests.datasets.toy import ToyImages

CIFAR10_IF100 = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
REVERSED = [
    0.00402, 0.00671, 0.01120, 0.01868, 0.03119, 0.05199, 0.08672, 0.14474,
    0.24239, 0.40236
]


def test_reversed_probabilities_of_cifar10_at_imbalance_100():
    found = class_probabilities(CIFAR10_IF100, 'reversed')
    assert found == pytest.approx(REVERSED, abs=5e-6)


def test_balanced_draw_takes_each_class_alike():
    assert class_probabilities([9, 1, 5, 0]).tolist() == [1 / 3] * 3 + [0]


def test_instance_draw_takes_each_image_alike():
    found = class_probabilities([9, 1, 0, 5], 'instance')
    assert found == pytest.approx(np.array([9, 1, 0, 5]) / 15)


def test_square_root_draw_takes_a_class_of_four_times_the_size_twice_as_often(
):
    assert class_probabilities([4, 16],
                               'sqrt') == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize('name', POWERS)
def test_name_stands_for_its_power(name):
    assert np.array_equal(
        class_probabilities(CIFAR10_IF100, name),
        class_probabilities(CIFAR10_IF100, POWERS[name]))


@pytest.mark.parametrize('power', [-2., -1., 0., 0.3, 1.])
def test_weight_of_an_image_is_a_power_less_than_that_of_its_class(power):
    per_image = class_probabilities(CIFAR10_IF100, power) / CIFAR10_IF100
    ratio = per_image / np.array(CIFAR10_IF100, float)**(power - 1)
    assert ratio == pytest.approx([ratio[0]] * 10)


def test_large_power_stays_in_range():
    assert class_probabilities([5000, 50], -300.).tolist() == [0, 1]


def test_unknown_name_lists_the_names_and_suggests_one():
    words = "'instance', 'sqrt', 'balanced', 'reversed'.*mean 'reversed'"
    with pytest.raises(ValueError, match=words):
        class_probabilities([1, 2], 'reverse')


def test_no_image_at_all_is_refused():
    with pytest.raises(ValueError, match='no image to draw'):
        class_probabilities([0, 0])


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


@pytest.mark.parametrize('power', [float('nan'), float('-inf')])
def test_power_that_is_no_number_is_refused_before_the_labels_are_read(power):
    with pytest.raises(ValueError, match='weights must be'):
        WeightedSampler(dataset=None, weights=power)
