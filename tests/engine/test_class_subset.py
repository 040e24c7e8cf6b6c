# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.engine.class_subset import ClassSubset
from .toy_run import COUNTS, CornerPoints

LABELS = np.repeat(range(3), COUNTS)


def test_without_a_bound_all_items_come_in_order():
    subset = ClassSubset(CornerPoints())
    assert list(subset) == list(range(sum(COUNTS)))
    assert len(subset) == sum(COUNTS)


@pytest.mark.parametrize('bound', [1, 5, 40, 1000])
def test_each_class_gives_at_most_the_bound(bound):
    chosen = list(ClassSubset(CornerPoints(), bound))
    assert chosen == sorted(set(chosen))
    assert np.bincount(
        LABELS[chosen]).tolist() == [min(count, bound) for count in COUNTS]


def test_draw_follows_the_seed_and_nothing_else():
    draws = [list(ClassSubset(CornerPoints(), 5, seed)) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_every_item_of_a_class_is_drawn_about_equally_often():
    drawn = np.zeros(sum(COUNTS))
    for seed in range(300):
        drawn[list(ClassSubset(CornerPoints(), 10, seed))] += 1
    second = drawn[LABELS == 1]  # expected 75 of 300, deviation 7.5
    assert 40 < second.min() and second.max() < 110
