# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Conditions under which a continuous integration job should fail.

A gate is ``NAME OPERATOR NUMBER``: ``worst_class<0.2``, ``overall.low<60%``,
``correlation.curvature.pearson>-0.3``. It is read by one regular expression
and looked up in the record; nothing in it is executed.
"""
import difflib
import operator
import re
from typing import Dict, List, NamedTuple, Optional, Sequence

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
COUNTED = ('warnings', )


class Gate(NamedTuple):
    """One gate, answered.

    Attributes:
        expression (str): As the user wrote it.
        name (str): The number that was asked for.
        value (float, optional): That number; None if the record does not
            know it.
        failed (bool): True if the condition holds, and also if the value is
            not known: what was not measured must not pass.
    """
    expression: str
    name: str
    value: Optional[float]
    failed: bool

    def __str__(self) -> str:
        if self.value is None:
            return (f'FAILED  {self.expression}: {self.name} is not known, '
                    'so the gate cannot pass')
        state = 'FAILED' if self.failed else 'passed'
        return f'{state}  {self.expression}: {self.name} is {self.value:.6g}'


def check_gates(record: dict, expressions: Sequence[str]) -> List[Gate]:
    """Answer every gate from the numbers of a record.

    Args:
        record (dict): An audit or a comparison. Entries of ``summary`` can be
            asked for by their bare name (``tail``), which means their value;
            all other numbers by their path (``correlation.volume.pearson``);
            ``warnings`` is the number of warnings.
        expressions (Sequence[str]): Each ``NAME OPERATOR NUMBER`` with one of
            < <= > >= == !=. Accuracies are fractions; ``20%`` is 0.2.

    Returns:
        list[Gate]: In the order of the expressions. The job should fail if
        any gate has ``failed``.

    Raises:
        ValueError: If an expression cannot be read or asks for a number that
            the record does not have.
    """
    numbers = gate_numbers(record)
    return [_answer(numbers, expression) for expression in expressions]


def gate_numbers(record: dict) -> Dict[str, Optional[float]]:
    """Every number that a gate can ask for.

    Args:
        record (dict): An audit or a comparison.

    Returns:
        dict: Name to number; None for a number that is not known.
    """
    numbers = {}
    for name, entry in record.get('summary', {}).items():
        numbers.update(_flat(entry, name))
        if 'value' in entry:
            numbers[name] = numbers.pop(f'{name}.value')
    for section, content in record.items():
        if section in COUNTED:
            numbers[section] = len(content)
        elif section != 'summary' and isinstance(content, dict):
            numbers.update(_flat(content, section))
    return numbers


def _flat(content: dict, prefix: str) -> Dict[str, Optional[float]]:
    numbers = {}
    for key, value in content.items():
        name = f'{prefix}.{key}'
        if isinstance(value, dict):
            numbers.update(_flat(value, name))
        elif value is None or (isinstance(value, (int, float))
                               and not isinstance(value, bool)):
            numbers[name] = value
    return numbers


def _answer(numbers: Dict[str, Optional[float]], expression: str) -> Gate:
    match = GATE.fullmatch(expression)
    if match is None:
        raise ValueError(
            'expected a gate such as worst_class<0.2 (a name, one of '
            f'{" ".join(OPERATORS)} and a number), got {expression!r}. Quote '
            'it, or the shell takes < and > for files.')
    name, symbol, number, per_cent = match.groups()
    if name not in numbers:
        raise ValueError(_unknown(name, expression, numbers))
    threshold = float(number) / (100 if per_cent else 1)
    value = numbers[name]
    failed = value is None or OPERATORS[symbol](value, threshold)
    return Gate(expression, name, value, bool(failed))


def _unknown(name: str, expression: str, numbers: dict) -> str:
    close = difflib.get_close_matches(name, numbers, n=3, cutoff=0.5)
    if close:
        advice = f'did you mean {", ".join(close)}?'
    else:
        short = [key for key in numbers if '.' not in key]
        advice = f'the record knows {", ".join(short)} and longer paths.'
    return (f'{expression!r} asks for {name!r}, which the record does not '
            f'have; {advice}')
