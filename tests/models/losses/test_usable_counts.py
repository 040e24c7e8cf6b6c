# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmcurv.models.losses.usable_counts import usable_counts


@pytest.mark.parametrize(
    'counts', [[5, 1],
               (5, 1), np.array([5, 1]),
               torch.tensor([5, 1])])
def test_counts_of_any_kind_become_one(counts):
    vector = usable_counts(counts)
    assert vector.dtype == torch.float64 and vector.tolist() == [5, 1]


@pytest.mark.parametrize('counts, words', [
    ([5, 0, 1], 'got 0 for class 1, and such counts for 1 of 3 classes'),
    ([5, 1, -2], 'got -2 for class 2'),
    ([5], r'at least two classes.*shape \(1,\)'),
    ([], r'at least two classes.*shape \(0,\)'),
    ([[5, 1]], r'at least two classes.*shape \(1, 2\)'),
])
def test_unusable_counts_are_explained(counts, words):
    with pytest.raises(ValueError, match=words):
        usable_counts(np.array(counts, int))


@pytest.mark.parametrize(
    'counts', [[0.7, 0.3], [5., float('nan')], ['5', '1'], [True, True]])
def test_shares_and_words_are_not_taken_for_counts(counts):
    with pytest.raises(ValueError, match='whole numbers, got .*training'):
        usable_counts(counts)
