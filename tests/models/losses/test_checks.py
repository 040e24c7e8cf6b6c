# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.losses.checks import (check_choice, check_columns,
                                         check_cosines, check_not_negative,
                                         check_positive)


def test_known_choice_passes_and_unknown_one_has_the_nearest():
    check_choice('carrier', 'focal', ('softmax', 'focal'))
    with pytest.raises(ValueError, match="got 'Focall'; did you mean 'focal'"):
        check_choice('carrier', 'Focall', ('softmax', 'focal'))
    with pytest.raises(ValueError, match="'softmax', 'focal', got 'hinge'.$"):
        check_choice('carrier', 'hinge', ('softmax', 'focal'))


@pytest.mark.parametrize('check, bad, words',
                         [(check_positive, 0., 'above 0, got 0.0'),
                          (check_positive, float('nan'), 'above 0, got nan'),
                          (check_not_negative, -0.5, 'at least 0, got -0.5')])
def test_numbers_out_of_range_are_named(check, bad, words):
    check(scale=1.)
    with pytest.raises(ValueError, match=f'expected scale.* {words}'):
        check(scale=bad)


def test_vector_has_an_entry_per_column():
    check_columns(torch.zeros(2, 3), torch.zeros(3), 'class counts')
    with pytest.raises(ValueError, match='class counts of 3.*got 4'):
        check_columns(torch.zeros(2, 3), torch.zeros(4), 'class counts')


def test_cosines_pass_even_if_rounded_and_other_scores_do_not():
    check_cosines(torch.tensor([[1.0078, -1.]]), 'LDAMLoss')
    check_cosines(torch.tensor([[float('nan'), -1.]]), 'LDAMLoss')
    words = 'LDAMLoss expected cosines.*size 7.5.*mmcurv.NormedLinearHead'
    with pytest.raises(ValueError, match=words):
        check_cosines(torch.tensor([[0., -7.5]]), 'LDAMLoss')
