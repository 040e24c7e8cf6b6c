# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.running.time_left import (duration, seconds_left,
                                                seconds_per_epoch)


def test_pace_is_seconds_over_epochs_of_each_config():
    seen = [('a', 10., 2), ('a', 20., 1), ('b', 7., 0)]
    assert seconds_per_epoch(seen) == {'a': 10.}


def test_workers_share_what_is_left():
    left = [('a', 3), ('a', 3), ('b', 2)]
    assert seconds_left(left, {'a': 10., 'b': 5.}, workers=1) == 70
    assert seconds_left(left, {'a': 10., 'b': 5.}, workers=2) == 35


def test_last_run_is_not_shared():
    assert seconds_left([('a', 6)], {'a': 10.}, workers=4) == 60


def test_unknown_config_is_as_fast_as_the_mean():
    assert seconds_left([('c', 2)], {'a': 10., 'b': 20.}, workers=1) == 30


def test_nothing_is_said_before_an_epoch_was_seen():
    assert seconds_left([('a', 2)], {}, workers=1) is None
    assert seconds_left([], {'a': 1.}, workers=1) == 0


@pytest.mark.parametrize('seconds, words', [
    (0, '0 s'), (59.4, '59 s'), (60, '1 min 0 s'), (187, '3 min 7 s'),
    (3600, '1 h 0 min'), (7530, '2 h 6 min'), (172800, '2 d 0 h'),
    (200000, '2 d 8 h')
])  # yapf: disable
def test_duration_has_two_units(seconds, words):
    assert duration(seconds) == words
