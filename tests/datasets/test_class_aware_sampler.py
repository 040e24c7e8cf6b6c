# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from itertools import islice

import numpy as np
import pytest
import torch

from mmcurv.datasets import ClassAwareSampler
from mmcurv.datasets.samplers import shuffled_rounds
from tests.datasets.toy import ToyImages
from tests.reference.class_aware_loop import class_aware_loop

COUNTS = [20, 0, 7, 2, 1]
LABELS = np.random.default_rng(0).permutation(np.repeat(range(5), COUNTS))


def sampler(epoch=0, **options):
    made = ClassAwareSampler(ToyImages(LABELS), seed=3, **options)
    made.set_epoch(epoch)
    return made


@pytest.mark.parametrize('num_samples_cls', [1, 3, 4])
@pytest.mark.parametrize('length', [1, 30, 61, 200])
def test_order_is_that_of_the_slow_loop(num_samples_cls, length):
    generator = torch.Generator().manual_seed(3 + 2)
    made = sampler(2, num_samples_cls=num_samples_cls, length=length)
    assert list(made) == class_aware_loop(LABELS.tolist(), length,
                                          num_samples_cls, generator)


def test_classes_follow_in_rounds_four_images_at_a_time():
    labels = LABELS[list(sampler(length=160))].reshape(10, 4, 4)
    assert (labels == labels[..., :1]).all()
    assert (np.sort(labels[..., 0], 1) == [0, 2, 3, 4]).all()


def test_images_of_a_class_come_in_rounds():
    drawn = np.array(list(sampler(length=320)))
    large = drawn[LABELS[drawn] == 0]
    assert len(large) == 80
    assert (np.sort(large.reshape(4, 20)) == np.flatnonzero(LABELS == 0)).all()


def test_epoch_has_as_many_items_as_the_dataset():
    assert len(list(sampler())) == len(sampler()) == 30


def test_epochs_differ_and_repeat():
    assert list(sampler(1)) == list(sampler(1)) != list(sampler(2))


def test_rounds_begin_anew_in_another_order():
    rounds = shuffled_rounds('abcdef', torch.Generator().manual_seed(0))
    first, second = (list(islice(rounds, 6)) for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second) == list('abcdef')


def test_no_image_in_a_row_is_refused():
    with pytest.raises(ValueError, match='at least 1, but got 0'):
        sampler(num_samples_cls=0)
