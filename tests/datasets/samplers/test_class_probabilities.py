# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.datasets.samplers import class_probabilities
from mmcurv.datasets.samplers.class_probabilities import POWERS

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
