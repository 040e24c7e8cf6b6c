# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmcurv.models.losses.base import (CosineLoss, at_least_float32,
                                       check_choice, check_not_negative,
                                       check_positive, checked_target,
                                       usable_counts, without_autocast)


def test_known_choice_passes_and_unknown_one_has_the_nearest():
    check_choice('carrier', 'focal', ('softmax', 'focal'))
    with pytest.raises(ValueError, match="'Focall': did you mean 'focal'"):
        check_choice('carrier', 'Focall', ('softmax', 'focal'))
    with pytest.raises(ValueError, match="'hinge': .*'softmax', 'focal'$"):
        check_choice('carrier', 'hinge', ('softmax', 'focal'))


@pytest.mark.parametrize('check, bad, words',
                         [(check_positive, 0., 'above 0, got 0.0'),
                          (check_positive, float('nan'), 'above 0, got nan'),
                          (check_not_negative, -0.5, 'at least 0, got -0.5')])
def test_numbers_out_of_range_are_named(check, bad, words):
    check(scale=1.)
    with pytest.raises(ValueError, match=f'expected scale.* {words}'):
        check(scale=bad)


def test_cosines_pass_even_if_rounded_and_other_scores_do_not():
    loss = CosineLoss('margins', torch.sqrt, scale=30.)
    for scores in ([[1.0078, -1.]], [[float('nan'), -1.]], [[0., 0.]]):
        loss.check_cosines(torch.tensor(scores))
    words = 'CosineLoss expected cosines.*size 7.5.*mmcurv.NormedLinearHead'
    with pytest.raises(ValueError, match=words):
        loss.check_cosines(torch.tensor([[0., -7.5]]))


def test_scale_of_cosines_is_positive():
    with pytest.raises(ValueError, match='scale above 0, got -1'):
        CosineLoss('margins', torch.sqrt, scale=-1.)


def test_labels_of_any_integer_type_come_as_int64():
    target = checked_target(torch.zeros(2, 3), torch.tensor([0, 2]).int())
    assert target.dtype == torch.int64 and target.tolist() == [0, 2]


def test_soft_labels_come_in_the_type_of_the_scores():
    soft = torch.eye(3).double()
    assert checked_target(torch.zeros(3, 3), soft).dtype == torch.float32


@pytest.mark.parametrize('shape', [(4, ), (4, 1), (4, 3, 2)])
def test_scores_are_a_matrix_of_at_least_two_classes(shape):
    with pytest.raises(ValueError, match=r'shape \(B, C\) for at least two'):
        checked_target(torch.zeros(shape), torch.zeros(4).long())


@pytest.mark.parametrize('shape', [(3, ), (4, 1), (4, 3)])
def test_labels_are_one_per_sample(shape):
    with pytest.raises(ValueError, match=r'shape \(4,\), got .*Flatten'):
        checked_target(torch.zeros(4, 3), torch.zeros(shape).long())


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


@pytest.mark.parametrize('dtype, expected', [
    (torch.float16, torch.float32),
    (torch.bfloat16, torch.float32),
    (torch.float32, torch.float32),
    (torch.float64, torch.float64),
])
def test_only_half_precision_is_widened(dtype, expected):
    assert at_least_float32(torch.ones(2, dtype=dtype)).dtype == expected


def test_products_inside_keep_their_precision():
    x = torch.ones(2, 2)
    with torch.autocast('cpu', torch.bfloat16):
        assert (x @ x).dtype == torch.bfloat16
        with without_autocast(x):
            assert (x @ x).dtype == torch.float32
        assert (x @ x).dtype == torch.bfloat16


def test_tensors_without_data_pass():
    x = torch.ones(2, 2, device='meta')
    with without_autocast(x):
        assert (x @ x).is_meta
