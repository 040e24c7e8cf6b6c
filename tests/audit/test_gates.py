# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.audit.gates import failed, gate_numbers, parse_gates


def record(**more):
    return dict(
        dict(
            schema='mmcurv.audit',
            summary=dict(
                overall=dict(value=0.7, low=0.65, high=0.75, entered=1000),
                worst_class=dict(value=0.15, low=None, high=None, name='cat'),
                tail=dict(value=None, low=None, high=None, classes=0)),
            correlation=dict(
                curvature=dict(pearson=-0.4, pearson_p=0.01, kind='all')),
            classes=[dict(accuracy=0.15)],
            warnings=[dict(message='a'), dict(message='b')],
            calibration=None), **more)


def fails(expression, **more):
    return len(failed(parse_gates([expression]), record(**more))) == 1


@pytest.mark.parametrize('expression', [
    'worst_class<0.2', 'worst_class < .2', ' worst_class<=15% ',
    'overall.low<66%', 'overall!=0.5', 'overall==0.7', 'overall>0.69999',
    'correlation.curvature.pearson>-5e-1', 'warnings>=2',
    'worst_class.value<0.2', 'overall.entered<2000'
])
def test_gate_that_holds_fails_the_job(expression):
    assert fails(expression)


@pytest.mark.parametrize('expression', [
    'worst_class<0.1', 'worst_class<0.15', 'overall.low<60%', 'overall<+0.7',
    'correlation.curvature.pearson>-0.3', 'warnings>2'
])
def test_gate_that_does_not_hold_passes(expression):
    assert not fails(expression)


@pytest.mark.parametrize('unknown', [None, math.nan, math.inf])
@pytest.mark.parametrize('symbol', ['<', '>', '==', '!=', '<=', '>='])
def test_unknown_number_never_passes(unknown, symbol):
    gates = parse_gates([f'bias{symbol}0.5'])
    line, = failed(gates, dict(summary=dict(bias=dict(value=unknown))))
    assert 'bias is not known' in line


def test_line_of_a_failed_gate_says_the_number():
    line, = failed(parse_gates(['worst_class<0.2']), record())
    assert line == 'worst_class<0.2: worst_class is 0.15'


def test_only_failed_gates_are_listed_in_order():
    gates = parse_gates(['tail<0.1', 'overall<0.1', 'worst_class<0.2'])
    lines = failed(gates, record())
    assert [line.split(':')[0]
            for line in lines] == ['tail<0.1', 'worst_class<0.2']


@pytest.mark.parametrize('expression', [
    '', 'worst_class', '0.2>worst_class', 'worst_class<', 'worst_class<x',
    'worst_class=0.2', 'worst_class<0.2 or 1', 'a b<1', 'worst_class<nan',
    '__import__("os")<1', 'worst_class<0.2;1'
])
def test_unreadable_gate_is_refused_with_an_example(expression):
    with pytest.raises(ValueError, match='such as worst_class<0.2') as error:
        parse_gates([expression])
    assert repr(expression) in str(error.value)


@pytest.mark.parametrize('expression', ['worst_class<20', 'overall.low<60'])
def test_accuracy_in_per_cent_without_the_sign_is_refused(expression):
    with pytest.raises(ValueError, match='write (20|60)%'):
        parse_gates([expression])


def test_unknown_name_is_refused_with_the_nearest_names():
    with pytest.raises(ValueError, match='did you mean worst_class'):
        failed(parse_gates(['worst_clas<0.2']), record())
    with pytest.raises(ValueError, match='correlation.curvature.pearson'):
        failed(parse_gates(['curvature.pearson<0']), record())


def test_strange_name_is_refused_with_what_exists():
    with pytest.raises(ValueError, match='it has .*overall.*worst_class'):
        failed(parse_gates(['zzzzzz<0.2']), record())


def test_unknown_name_is_refused_even_beside_a_failed_gate():
    with pytest.raises(ValueError, match='does not have'):
        failed(parse_gates(['worst_class<0.2', 'nothing<1']), record())


def test_numbers_of_a_record_hold_no_text_and_no_lists():
    numbers = gate_numbers(record(extra=dict(good=True, name='x', size=3)))
    assert numbers['extra.size'] == 3
    assert numbers['warnings'] == 2
    assert 'extra.good' not in numbers and 'extra.name' not in numbers
    assert 'correlation.curvature.kind' not in numbers
    assert not any(name.startswith('classes') for name in numbers)
