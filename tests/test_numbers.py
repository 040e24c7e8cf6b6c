# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.numbers import (clean, count, fixed, holm_floor, interval, listing,
                            number, p_value, percent, plural, points,
                            probability, signed)


@pytest.mark.parametrize('show', [
    number, percent, points, signed, probability, count,
    fixed(2), lambda value: interval(value, 1, signed)
])
@pytest.mark.parametrize('value', [None, math.nan, math.inf])
def test_what_is_not_known_is_a_dash(show, value):
    assert show(value) == '–'


@pytest.mark.parametrize('value, text', [(0, '0'), (12.345, '12.3'),
                                         (-0.00123, '−0.00123'),
                                         (1234.5, '1,234'),
                                         (1.234e-9, '1.23e−09'),
                                         (7.7e12, '7.70e+12'), (100, '100')])
def test_number_has_three_significant_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize('value, text', [(0.526, '+0.53'), (-0.526, '−0.53'),
                                         (-0.001, '0.00'), (0.0, '0.00')])
def test_correlation_has_its_sign_unless_it_rounds_to_zero(value, text):
    assert signed(value) == text


def test_fractions_become_per_cent_and_points():
    assert percent(0.2) == '20.0\u00a0%'
    assert points(0.0123) == '+1.2' and points(-0.5) == '−50.0'
    assert points(0.) == '0.0'
    assert interval(0.1, 0.2, percent) == '10.0 to 20.0\u00a0%'


@pytest.mark.parametrize('value, text', [(0.5, 'p = 0.50'),
                                         (0.0312, 'p = 0.031'),
                                         (0.0002, 'p = 0.0002'),
                                         (1e-9, 'p < 0.0001')])
def test_p_value_is_never_said_to_be_zero(value, text):
    assert p_value(value) == text


def test_p_value_at_the_floor_of_its_method_is_said_to_be_below_it():
    assert p_value(0.0002, 0.0002) == 'p < 0.0002'
    assert probability(0.0004, 0.0002) == '0.0004'
    found = dict(spearman_p=0.0002, p_floor=0.0002, holm_p=0.0014)
    assert probability(found['holm_p'], holm_floor(found)) == '< 0.0014'
    assert holm_floor(dict(found, spearman_p=0.01)) is None


def test_names_lose_control_characters_and_direction_marks():
    assert clean('a\x1b[31mb\u202ec\nd\ud800') == 'a�[31mb�c�d�'
    assert clean('x' * 200, 10) == 'x' * 9 + '…'


def test_lists_and_plurals_read_as_english():
    assert listing([]) == '' and listing('a') == 'a'
    assert listing('abc') == 'a, b and c'
    assert plural(1, 'class', 'classes') == '1 class'
    assert plural(1200, 'image') == '1,200 images'
