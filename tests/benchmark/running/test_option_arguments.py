# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmcurv.benchmark.running.option_arguments import (option_arguments,
                                                       read_option_arguments)
from mmcurv.engine.config_options import UsageError
from tests.tools.tool_runs import load_tool

VALUES = [
    'LinearLR', 'accuracy/top1', '', 'mmcurv.CurvatureBalancing', 'a=b', 'x+y',
    None, True, False, 0, -3, 10**20, 0.1, 1e-05, 1., -2.5e-8, 1e22,
    math.inf, [], [1, 2], [1], [160, 0.5, None, True, 'a'],
    [[1, 2], [3]], (1, 2), (1, ), [(1, 2), (3, 4)]
]  # yapf: disable
LOST = [
    'two words', '3', '1e5', 'true', 'None', 'a,b', '[1]', '(a,b', "'quoted'",
    '1_000', ['a,b'], [''], ['1'], {'a': 1}, ['a b']
]  # yapf: disable


def same(a, b):
    return repr(a) == repr(b)


@pytest.mark.parametrize('value', VALUES, ids=repr)
def test_training_reads_the_value_that_the_matrix_gave(value):
    arguments = option_arguments({'a.b': value})
    parser = load_tool('train').make_parser()
    read = parser.parse_args(
        ['config.py', '--cfg-options', *arguments, '--resume', 'x'])
    assert same(read.cfg_options, {'a.b': value})


@pytest.mark.parametrize('value', LOST, ids=repr)
def test_value_that_would_be_read_as_another_is_refused(value):
    with pytest.raises(UsageError, match='option a.b: expected .* got'):
        option_arguments({'a.b': value})


def test_key_with_an_equals_sign_is_refused():
    with pytest.raises(UsageError, match='option a=b'):
        option_arguments({'a=b': 1})


plain = st.one_of(st.none(), st.booleans(), st.integers(),
                  st.floats(allow_nan=False))
values = st.one_of(plain, st.text('()[],=\'" a1e.-N', max_size=8),
                   st.lists(plain), st.lists(st.lists(plain, max_size=2)))
quick = settings(
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow])


@quick
@given(st.dictionaries(st.sampled_from(['a', 'b.c', 'd.0.e']), values))
def test_options_come_back_or_are_refused(options):
    try:
        arguments = option_arguments(options)
    except UsageError:
        return
    assert same(read_option_arguments(arguments), options)
    assert [text.partition('=')[0] for text in arguments] == list(options)


@quick
@given(st.lists(plain))
def test_lists_of_plain_values_are_never_refused(value):
    assert same(
        read_option_arguments(option_arguments({'a': value})), {'a': value})


def test_nan_is_carried():
    read = read_option_arguments(option_arguments({'a': math.nan}))
    assert math.isnan(read['a'])
