# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How many features of each class a pool must hold."""
import pytest
import torch
from mmengine.dataset import RepeatDataset
from torch import nn

from mmcurv.engine.curvature.hook import check_layer_fits, pool_counts
from tests.engine.toy_run import COUNTS, CornerPoints

FC = nn.Linear(2, 3)


def test_counts_are_those_of_the_train_set():
    assert pool_counts(CornerPoints(), FC, {}) == list(COUNTS)


def test_image_shown_twice_counts_once():
    assert pool_counts(RepeatDataset(CornerPoints(), 2), FC,
                       {}) == list(COUNTS)


def test_given_counts_are_taken_without_reading_the_set():
    assert pool_counts(None, FC, dict(class_counts=(3, 2, 1))) == [3, 2, 1]


def test_last_classes_without_an_image_are_those_of_the_layer():
    unnamed = CornerPoints(counts=(4, 2), named=False)
    assert pool_counts(unnamed, FC, {}) == [4, 2, 0]


def test_named_classes_are_not_filled_up():
    """A head of three outputs on a set of two named classes is an error."""
    counts = pool_counts(CornerPoints(counts=(4, 2)), FC, {})
    assert counts == [4, 2]
    with pytest.raises(ValueError, match='fewer classes than the head'):
        check_layer_fits(FC, 'head.fc', counts)


def test_set_without_labels_is_refused():
    with pytest.raises(RuntimeError, match='one label per image'):
        pool_counts([torch.zeros(3)] * 4, FC, {})


@pytest.mark.parametrize('counts, word', [([1, 2], 'fewer'),
                                          ([1, 2, 3, 4], 'more')])
def test_other_number_of_classes_than_outputs_is_named(counts, word):
    with pytest.raises(ValueError, match=f'{word} classes than the head'):
        check_layer_fits(FC, 'fc', counts)


@pytest.mark.parametrize('layer', [nn.Conv2d(2, 3, 1), nn.Identity()])
def test_layer_fits_by_its_channels_or_without_a_number(layer):
    check_layer_fits(layer, 'fc', [3, 2, 1])
