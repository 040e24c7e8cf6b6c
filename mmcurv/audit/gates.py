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
from typing import Dict, List, NamedTuple, Optional, Sequence

from mmcurv.numbers import FRACTIONS, is_known

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
COUNTED = ('warnings', 'failing', 'gained', 'paid', 'newly_failing',
           'no_longer_failing')
FRACTION_FIELDS = ('', 'value', 'low', 'high', 'a', 'b')
NAMES_SHOWN = 14


class Gate(NamedTuple):
    """One condition that must not hold.

    Attributes:
        expression (str): As the user wrote it.
        name (str): The number that is asked for.
        symbol (str): One of ``OPERATORS``.
        threshold (float): What it is compared with.
        known (bool): Whether the name was found to be one that there can be.
    """
    expression: str
    name: str
    symbol: str
    threshold: float
    known: bool = False


def audit_names() -> List[str]:
    """Every name that a gate on an audit can ask for, but for its layers."""
    from .accuracy import GROUPS, MEASURES, OF_SPREAD
    means = ('overall', 'class_mean', *GROUPS, 'top5', 'macro_f1')
    names = ['warnings', 'failing']
    for name in (*means, *OF_SPREAD):
        names += [name] + [
            f'{name}.{field}'
            for field in ('value', 'low', 'high', 'entered', 'corrected',
                          'noise', 'spread.sd', 'spread.q10', 'spread.q90',
                          'classes', 'class')
        ]
    for measure in MEASURES:
        names += [
            f'correlation.{measure}.{field}'
            for field in ('pearson', 'pearson_p', 'spearman', 'spearman_p',
                          'spearman_low', 'spearman_high', 'holm_p',
                          'partial_pearson', 'partial_spearman', 'partial_p',
                          'entered', 'permutations', 'p_floor')
        ]
    for group in ('all', *GROUPS):
        names += [
            f'calibration.{group}.{field}'
            for field in ('ece', 'nll', 'brier', 'entered')
        ]
    names += [
        f'classes_differ.{field}'
        for field in ('p_value', 'statistic', 'df', 'permutations', 'entered')
    ]
    names += ['verdict.classes', 'verdict.of', 'comparable.count']
    names += [
        f'verdict.curvature.{field}'
        for field in ('spearman', 'holm_p', 'partial_spearman', 'partial_p')
    ]
    names += [
        f'diagnosis.answer.{field}'
        for field in ('settings', 'same_sign', 'opposite_sign', 'lowest',
                      'highest')
    ]
    return names


def comparison_names() -> List[str]:
    """Every name that a gate on a comparison can ask for."""
    from .accuracy import GROUPS, OF_SPREAD
    from .compare import MOVED
    names = [name for name in COUNTED if name != 'failing']
    for name in ('overall', 'class_mean', *GROUPS, *OF_SPREAD):
        names += [name] + [
            f'{name}.{field}'
            for field in ('a', 'b', 'value', 'low', 'high', 'entered',
                          'p_value', 'a_corrected', 'b_corrected')
        ]
    for measure in MOVED:
        names += [
            f'geometry.{measure}.{field}'
            for field in ('a', 'b', 'value', 'low', 'high', 'entered',
                          'wilcoxon_p', 'order', 'pearson', 'pearson_p',
                          'spearman', 'spearman_p', 'spearman_low',
                          'spearman_high')
        ]
    return names


def parse_gates(expressions: Sequence[str],
                names: Optional[Sequence[str]] = None) -> List[Gate]:
    """Read the gates of a command line, before any long work begins.

    Args:
        expressions (Sequence[str]): Each ``NAME OPERATOR NUMBER`` with one of
            < <= > >= == !=. Accuracies are fractions; ``20%`` is 0.2.
        names (Sequence[str], optional): What may be asked for beside
            ``layers.`` and ``provenance.``. Defaults to None: anything.

    Returns:
        list[Gate]: In the same order.

    Raises:
        ValueError: If an expression cannot be read, asks for a number that
            there cannot be, or compares an accuracy
            with a number beyond 1, which would always or never hold.
    """
    gates = [_parse(expression) for expression in expressions]
    for gate in gates if names is not None else ():
        first = gate.name.split('.')[0]
        if gate.name not in names and first not in ('layers', 'provenance'):
            raise ValueError(_unknown(gate, dict.fromkeys(names)))
    return [gate._replace(known=names is not None) for gate in gates]


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
        if gate.name not in numbers and not gate.known:
            raise ValueError(_unknown(gate, numbers))
    lines = []
    for gate in gates:
        value = numbers.get(gate.name)  # None: there are no such data
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
