# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The comparison of two ends sees every kind of difference."""
import math

import pytest
import torch

from .largest_difference import largest_difference


def test_equal_states_with_nan_and_infinity_are_no_way_apart():
    states = [
        dict(a=[torch.tensor([1., math.nan, math.inf]), 'x'], b=None, c=3)
        for _ in range(2)
    ]
    assert largest_difference(*states) == dict(
        numbers=6, different=0, largest=0.)


def test_distance_of_a_number_is_seen():
    first, second = torch.zeros(5), torch.zeros(5)
    second[3] = -0.25
    assert largest_difference([first], [second]) == dict(
        numbers=5, different=1, largest=0.25)


@pytest.mark.parametrize('second', [
    dict(a=torch.tensor([math.nan])),
    dict(a=torch.tensor([math.inf])),
    dict(a=torch.zeros(1, dtype=torch.float64)),
    dict(a=torch.zeros(2)),
    dict(a=[torch.zeros(1)]),
    dict(a=torch.zeros(1), b='more'),
    dict(),
])
def test_what_cannot_be_measured_is_infinitely_far(second):
    found = largest_difference(dict(a=torch.zeros(1)), second)
    assert found['different'] > 0 and found['largest'] == math.inf
