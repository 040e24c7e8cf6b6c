# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Numbers and names as people read them, the same on every page.

None and nan are shown as a dash: absent, never 0.
"""
import math
import re
from typing import Dict, NamedTuple, Optional

import numpy as np

ABSENT = '–'
MINUS = '−'
# Control characters and lone surrogates do not fit into a text file or SVG;
# direction marks would turn round what stands beside the name.
UNPRINTABLE = re.compile('[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069'
                         '\ud800-\udfff\ufffe\uffff]')


def is_known(value: Optional[float]) -> bool:
    """Whether there is a finite number."""
    return value is not None and math.isfinite(value)


def number(value: Optional[float], digits: int = 3) -> str:
    """A number with that many significant digits, '12.3', '1.2e−09'."""
    if not is_known(value):
        return ABSENT
    if value == 0:
        return '0'
    if not 1e-4 <= abs(value) < 1e6:
        text = f'{value:.{digits - 1}e}'
    else:
        exponent = math.floor(math.log10(abs(value)))
        text = f'{value:,.{max(0, digits - 1 - exponent)}f}'
    return text.replace('-', MINUS)


def fixed(decimals: int):
    """A way to show numbers that line up: with that many decimals."""

    def show(value: Optional[float]) -> str:
        if not is_known(value):
            return ABSENT
        if abs(value) >= 1e6:
            return number(value)
        return f'{value:,.{decimals}f}'.replace('-', MINUS)

    return show


def count(value: Optional[float]) -> str:
    """A whole number, '1,280'."""
    return f'{int(value):,}' if is_known(value) else ABSENT


def percent(fraction: Optional[float]) -> str:
    """A fraction in per cent, '64.2 %'."""
    if not is_known(fraction):
        return ABSENT
    return f'{100 * fraction:.1f}\u00a0%'.replace('-', MINUS)


def points(fraction: Optional[float]) -> str:
    """A difference of fractions in percentage points, '+1.3'."""
    return signed(fraction and 100 * fraction, 1)


def signed(value: Optional[float], digits: int = 2) -> str:
    """A number with its sign, '−0.53', as correlations are read."""
    if not is_known(value):
        return ABSENT
    text = f'{value:+.{digits}f}'.replace('-', MINUS)
    return text if text.strip('+−0.') else text[1:]  # no sign before 0


def interval(low: Optional[float], high: Optional[float], show) -> str:
    """Both ends of an interval, '63.1 to 65.3', in the form of ``show``."""
    if not (is_known(low) and is_known(high)):
        return ABSENT
    return f'{show(low)} to {show(high)}'.replace('\u00a0% to', ' to')


def probability(value: Optional[float]) -> str:
    """A p-value, '0.031' or '< 0.0001', with two to four decimals."""
    if not is_known(value):
        return ABSENT
    if value < 1e-4:
        return '< 0.0001'
    decimals = 2 if value >= 0.1 else 3 if value >= 0.01 else 4
    return f'{value:.{decimals}f}'


def p_value(value: Optional[float]) -> str:
    """A p-value inside a sentence, 'p = 0.031' or 'p < 0.0001'."""
    text = probability(value)
    return f'p {text}' if text.startswith('<') else f'p = {text}'


def clean(name, longest: int = 120) -> str:
    """A name without what cannot be printed, cut if it is very long."""
    text = UNPRINTABLE.sub('\ufffd', str(name))
    return text if len(text) <= longest else text[:longest - 1] + '…'


def plural(size: int, word: str, many: Optional[str] = None) -> str:
    """'1 class', '2 classes'."""
    return f'{size:,} {word if size == 1 else many or word + "s"}'


def listing(items) -> str:
    """'a, b and c'."""
    items = list(items)
    if len(items) < 2:
        return ''.join(items)
    return ', '.join(items[:-1]) + ' and ' + items[-1]


class Measure(NamedTuple):
    """One measure of a class.

    Attributes:
        label (str): As a heading.
        unit (str): Of its values; empty if it has none.
        meaning (str): One sentence for a reader who has not seen the paper.
        logarithmic (bool): Whether it is drawn on a logarithmic axis.
    """
    label: str
    unit: str
    meaning: str
    logarithmic: bool = False


MEASURES: Dict[str, Measure] = dict(
    curvature=Measure(
        'Curvature', 'length⁻ᵐ',
        'How strongly the class manifold bends: |det| of the Hessian of a '
        'quadric fitted to the k nearest neighbours of each point, reduced '
        'over the points. Depends on the scale of the features.'),
    log_curvature=Measure('Log curvature', 'natural logarithm',
                          'Logarithm of the curvature.'),
    volume=Measure(
        'Volume', 'bits',
        'Half the log2 of det(I + covariance): how much space the class '
        'manifold takes up.'),
    separation=Measure(
        'Separation', '',
        'How much volume the class adds to all the others, relative to its '
        'own volume; larger is better separated.'),
    radius=Measure('Radius', 'feature units',
                   'Mean distance of the points from their class mean.'),
    intrinsic_dimension=Measure(
        'Intrinsic dimension', '',
        'Number of directions in which the class manifold extends, estimated '
        'from the distances between neighbours.'),
    train_count=Measure('Training images', '',
                        'Number of training images of the class.', True),
)


def with_unit(measure: Measure) -> str:
    """Label and unit of an axis, 'Volume (bits)'."""
    return f'{measure.label} ({measure.unit})' if measure.unit else (
        measure.label)


def column(audit: dict, key: str) -> np.ndarray:
    """One quantity of every class.

    Args:
        audit (dict): Audit record.
        key (str): Field of ``classes``.

    Returns:
        np.ndarray: (C,) float64, nan where it is not known.
    """
    return np.array([
        np.nan if row.get(key) is None else row[key]
        for row in audit['classes']
    ], float)
