# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest

from mmcurv.audit.result_cache import ResultCache, arrays_key


def fail():
    raise AssertionError('computed again')


def test_results_survive_the_process_with_nan_and_order(tmp_path):
    path = str(tmp_path / 'folder' / 'cache')
    cache = ResultCache(path, 'key')
    cache.get('a', lambda: dict(x=[1, math.nan]))
    cache.get('b', lambda: 2)
    again = ResultCache(path, 'key')
    assert len(again) == 2
    assert math.isnan(again.get('a', fail)['x'][1])
    assert again.get('b', fail) == 2


def test_results_of_another_key_are_forgotten(tmp_path):
    path = str(tmp_path / 'cache')
    ResultCache(path, 'key').get('a', lambda: 1)
    assert ResultCache(path, 'other').get('a', lambda: 2) == 2
    assert len(ResultCache(path, 'key')) == 0


def test_line_cut_off_by_a_kill_is_computed_again(tmp_path):
    path = tmp_path / 'cache'
    cache = ResultCache(str(path), 'key')
    cache.get('a', lambda: 1)
    cache.get('b', lambda: 2)
    path.write_bytes(path.read_bytes()[:-3])
    again = ResultCache(str(path), 'key')
    assert again.get('a', fail) == 1
    assert again.get('b', lambda: 3) == 3
    assert ResultCache(str(path), 'key').get('b', fail) == 3


def test_file_of_something_else_is_replaced(tmp_path):
    path = tmp_path / 'cache'
    path.write_bytes(b'\xff\x00 no json')
    assert ResultCache(str(path), 'key').get('a', lambda: 1) == 1


def test_failure_keeps_nothing():
    cache = ResultCache()
    with pytest.raises(ZeroDivisionError):
        cache.get('a', lambda: 1 / 0)
    assert cache.get('a', lambda: 1) == 1


def test_key_knows_values_order_shape_and_type():
    array = np.arange(6.)
    keys = {
        arrays_key(array),
        arrays_key(array[::-1]),
        arrays_key(array.reshape(2, 3)),
        arrays_key(array.astype(np.float32)),
        arrays_key(array, k=40),
        arrays_key(array, k=20),
    }
    assert len(keys) == 6
    assert arrays_key(array, k=40) == arrays_key(array.copy(), k=40)
    assert len(arrays_key(np.zeros((0, 3)))) == 64
