# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.datasets.preparing import Check, is_ready


def test_only_what_is_missing_or_wrong_is_an_obstacle():
    good = [Check('x', state, '') for state in ('ok', 'built', 'note')]
    assert is_ready(good) and is_ready([])
    for state in ('missing', 'wrong'):
        assert not is_ready([*good, Check('x', state, '')])
