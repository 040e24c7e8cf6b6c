# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.epoch_shares import (check_epoch, check_start_share,
                                 first_epoch_after)


@pytest.mark.parametrize('share, epochs, first', [
    (0.8, 200, 161),
    (0.8, 100, 81),
    (0.8, 20, 17),
    (0.8, 1, 1),
    (0.5, 3, 2),
    (0., 7, 1),
    (0.29, 100, 30),
    (0.57, 100, 58),
])
def test_first_epoch_after_a_share_is_the_next_whole_one(share, epochs, first):
    assert first_epoch_after(share, epochs) == first


def test_percentages_of_a_hundred_epochs_are_exact():
    firsts = [first_epoch_after(k / 100, 100) for k in range(100)]
    assert firsts == list(range(1, 101))


@pytest.mark.parametrize(
    'epoch',
    [0, -1, 2.5, 3., True, '3',
     float('nan'), float('inf')])
def test_what_is_no_epoch_is_refused(epoch):
    check_epoch(start=1, end=None)
    with pytest.raises(ValueError, match='end is counted from 1, got'):
        check_epoch(start=1, end=epoch)


@pytest.mark.parametrize('share', [-0.1, 1, 80, '0.8', float('nan')])
def test_what_is_no_share_that_leaves_an_epoch_is_refused(share):
    check_start_share(start_share=0, other_share=0.99)
    with pytest.raises(ValueError, match='other_share of at least 0 and'):
        check_start_share(start_share=0, other_share=share)
