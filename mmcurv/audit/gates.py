# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Conditions under which a continuous integration job should fail.

A gate is ``NAME OPERATOR NUMBER``: ``worst_class<0.2``, ``overall.low<60%``,
``correlation.curvature.pearson>-0.3``. It is read by one regular expression
and looked up in the record; nothing in it is executed.
"""
import difflib
import math
import operator
import re
from typing import Dict, List, NamedTuple, Sequence

from .report.numbers import is_known

OPERATORS = {
    '<': operator.lt,
    '<=': operator.le,
    '>': operator.gt,
    '>=': operator.ge,
    '==': operator.eq,
    '!=': operator.ne,
}
GATE = re.compile(
    r'\s*([A-Za-z_][\w.]*)\s*(<=|>=|==|!=|<|>)\s*'
    r'([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%?)\s*', re.ASCII)
# Long lists have no names of their own to ask for, only their length.
COUNTED = ('warnings', 'gained', 'paid')
FRACTIONS = ('overall', 'class_mean', 'head', 'middle', 'tail', 'worst_class',
             'worst_10pct')
FRACTION_FIELDS = ('', 'value', 'low', 'high', 'a', 'b')
NAMES_SHOWN = 14


class Gate(NamedTuple):
    """One condition that must not hold.

    Attributes:
        expression (str): As the user wrote it.
        name (str): The number that is asked for.
        symbol (str): One of ``OPERATORS``.
        threshold (float): What it is compared with.
    """
    expression: str
    name: str
    symbol: str
    threshold: float


def parse_gates(expressions: Sequence[str]) -> List[Gate]:
    """Read the gates of a command line, before any long work begins.

    Args:
        expressions (Sequence[str]): Each ``NAME OPERATOR NUMBER`` with one of
            < <= > >= == !=. Accuracies are fractions; ``20%`` is 0.2.

    Returns:
        list[Gate]: In the same order.

    Raises:
        ValueError: If an expression cannot be read, or compares an accuracy
            with a number beyond 1, which would always or never hold.
    """
    return [_parse(expression) for expression in expressions]


def failed(gates: Sequence[Gate], record: dict) -> List[str]:
    """The gates that make a job fail, each as a line for the terminal.

    A number that the record has but does not know (null or nan) fails its
    gate: what was not measured must not pass.

    Args:
        gates (Sequence[Gate]): From :func:`parse_gates`.
        record (dict): An audit or a comparison. Entries of ``summary`` are
            asked for by their bare name (``tail``), which means their value;
            other numbers by their path (``correlation.volume.pearson``);
            ``warnings`` is the number of warnings.

    Returns:
        list[str]: Empty if all gates pass.

    Raises:
        ValueError: If a gate asks for a number that the record does not have.
    """
    numbers = gate_numbers(record)
    for gate in gates:
        if gate.name not in numbers:
            raise ValueError(_unknown(gate, numbers))
    lines = []
    for gate in gates:
        value = numbers[gate.name]
        if not is_known(value):
            lines.append(f'{gate.expression}: {gate.name} is not known, so '
                         'the gate cannot pass')
        elif OPERATORS[gate.symbol](value, gate.threshold):
            lines.append(f'{gate.expression}: {gate.name} is {value:.6g}')
    return lines


def gate_numbers(record: dict) -> Dict[str, float]:
    """Every number that a gate can ask for.

    Args:
        record (dict): An audit or a comparison.

    Returns:
        dict: Name to number; nan for a number that is not known.
    """
    numbers = {}
    for name, entry in record.get('summary', {}).items():
        numbers.update(_flat(entry, name))
        if f'{name}.value' in numbers:
            numbers[name] = numbers[f'{name}.value']
    for section, content in record.items():
        if section in COUNTED:
            numbers[section] = len(content)
        elif section != 'summary' and isinstance(content, dict):
            numbers.update(_flat(content, section))
    return numbers


def _flat(content: dict, prefix: str) -> Dict[str, float]:
    numbers = {}
    for key, value in content.items():
        name = f'{prefix}.{key}'
        if isinstance(value, dict):
            numbers.update(_flat(value, name))
        elif value is None:
            numbers[name] = math.nan
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            numbers[name] = value
    return numbers


def _parse(expression: str) -> Gate:
    match = GATE.fullmatch(expression)
    if match is None:
        raise ValueError(
            'expected a gate such as worst_class<0.2 (a name, one of '
            f'{" ".join(OPERATORS)} and a number), got {expression!r}. Quote '
            'it, or the shell takes < and > for files.')
    name, symbol, number, per_cent = match.groups()
    threshold = float(number) / (100 if per_cent else 1)
    first, _, rest = name.partition('.')
    if (first in FRACTIONS and rest in FRACTION_FIELDS and abs(threshold) > 1):
        raise ValueError(
            f'{expression!r} compares an accuracy with {number}, but '
            f'accuracies are fractions from 0 to 1; write {number}%.')
    return Gate(expression, name, symbol, threshold)


def _unknown(gate: Gate, numbers: dict) -> str:
    close = difflib.get_close_matches(gate.name, numbers, n=3, cutoff=0.5)
    if close:
        advice = f'did you mean {", ".join(close)}?'
    else:
        short = sorted(numbers, key=lambda name: (name.count('.'), name))
        advice = (f'it has {", ".join(short[:NAMES_SHOWN])} and '
                  f'{max(0, len(short) - NAMES_SHOWN)} more.')
    return (f'{gate.expression!r} asks for {gate.name!r}, which the record '
            f'does not have; {advice}')
