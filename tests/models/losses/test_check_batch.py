# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.losses.check_batch import checked_target


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
