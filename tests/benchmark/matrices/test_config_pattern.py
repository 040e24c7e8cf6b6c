# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.matrices.config_pattern import fill_pattern
from mmcurv.engine.config_options import UsageError


def test_placeholders_are_filled():
    pattern = 'a/{data}-if{factor}{cr}.py'
    assert fill_pattern(pattern, 'x', 100, True) == 'a/x-if100_cr.py'
    assert fill_pattern(pattern, 'x', 2.5, False) == 'a/x-if2.5.py'
    assert fill_pattern('a/{data}{cr}.py', 'x', None, False) == 'a/x.py'


@pytest.mark.parametrize('pattern, words', [
    ('{date}.py', "unknown placeholder 'date': did you mean 'data'"),
    ('{}.py', "unknown placeholder ''"),
    ('{data.py', 'placeholders are'),
    ('{factor:d}.py', 'placeholders are'),
])
def test_bad_pattern_is_named(pattern, words):
    with pytest.raises(UsageError, match=words):
        fill_pattern(pattern, 'x', 100, False)


def test_balanced_data_have_no_factor():
    with pytest.raises(UsageError, match="'x' have no factors"):
        fill_pattern('{data}-if{factor}.py', 'x', None, False)
