# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.datasets import tail_classes


@pytest.mark.parametrize('counts, share, expected', [
    ([50, 3, 20, 9], 0.5, [False, True, False, True]),
    ([50, 3, 20, 9], 0.74, [False, True, False, True]),
    ([50, 3, 20, 9], 0.75, [False, True, True, True]),
    ([5, 5, 5, 5, 5], 0.5, [False, False, False, True, True]),
])
def test_rare_classes_are_the_smallest_share(counts, share, expected):
    assert tail_classes(counts, share).tolist() == expected


@pytest.mark.parametrize('share', [0, 1, -0.5])
def test_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match='above 0 and below 1'):
        tail_classes([3, 2, 1], share)


def test_share_that_is_no_class_is_refused():
    with pytest.raises(ValueError, match='0.3 of 3 classes is none'):
        tail_classes([3, 2, 1], 0.3)
