# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import itertools

import numpy as np
import pytest

from mmcurv.engine.random_streams import STREAMS, stream_at


def test_same_place_gives_the_same_numbers_whatever_was_drawn_before():
    first = stream_at('mixup', 3, 0, 17).random(5)
    stream_at('mixup', 3, 0, 16).random(2)
    assert np.array_equal(stream_at('mixup', 3, 0, 17).random(5), first)


def test_purpose_seed_rank_and_step_each_change_the_numbers():
    places = itertools.product(STREAMS, (0, 1, 2), (0, 1), (0, 1, 99))
    firsts = {stream_at(*place).random() for place in places}
    assert len(firsts) == len(STREAMS) * 3 * 2 * 3


def test_first_numbers_of_following_steps_are_uniform():
    firsts = [stream_at('cmo_mixing', 0, 0, i).random() for i in range(4000)]
    counts = np.histogram(firsts, bins=10, range=(0, 1))[0]
    assert np.abs(counts - 400).max() < 80  # 4 standard deviations
    assert abs(np.corrcoef(firsts[1:], firsts[:-1])[0, 1]) < 0.06


def test_global_generator_is_left_alone():
    np.random.seed(0)
    expected = np.random.rand()
    np.random.seed(0)
    stream_at('mixup', 0).random(9)
    assert np.random.rand() == expected


def test_unknown_purpose_is_refused():
    with pytest.raises(ValueError, match='not in tuple'):
        stream_at('shuffling', 0)
