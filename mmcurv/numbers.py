# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What numbers are called and how people read them, the same everywhere.

Pages, tables, figures, terminal and gates, of audits and of benchmarks, take
names, units and formats from here. None and nan are shown as a dash: absent,
never 0.
"""
import math
import re
from typing import Callable, Dict, NamedTuple, Optional

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


def signed_number(value: Optional[float]) -> str:
    """Three significant digits with their sign, for values of any size."""
    text = number(value)
    return f'+{text}' if is_known(value) and value > 0 else text


def interval(low: Optional[float], high: Optional[float], show) -> str:
    """Both ends of an interval, '63.1 to 65.3', in the form of ``show``."""
    if not (is_known(low) and is_known(high)):
        return ABSENT
    return f'{show(low)} to {show(high)}'.replace('\u00a0% to', ' to')


def probability(value: Optional[float], floor: Optional[float] = None) -> str:
    """A p-value, '0.031' or '< 0.0001', with two to four decimals.

    Args:
        value (float, optional): The p-value.
        floor (float, optional): The smallest that its method can give, such
            as 1 / 5,000 of 4,999 permutations. Defaults to None.

    Returns:
        str: A value at the floor is '< 0.0002', not a number of its own.
    """
    if not is_known(value):
        return ABSENT
    if is_known(floor) and value <= floor:
        return f'< {floor:.2g}' if floor >= 1e-4 else '< 0.0001'
    if value < 1e-4:
        return '< 0.0001'
    decimals = 2 if value >= 0.1 else 3 if value >= 0.01 else 4
    return f'{value:.{decimals}f}'


def p_value(value: Optional[float], floor: Optional[float] = None) -> str:
    """A p-value inside a sentence, 'p = 0.031' or 'p < 0.0001'."""
    text = probability(value, floor)
    return f'p {text}' if text.startswith('<') else f'p = {text}'


def holm_floor(found: dict) -> Optional[float]:
    """The smallest Holm p that the permutations can give, if it is that."""
    p, floor = found.get('spearman_p'), found.get('p_floor')
    at_floor = is_known(p) and is_known(floor) and p <= floor
    return found.get('holm_p') if at_floor else None


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


class Number(NamedTuple):
    """One number about all classes, of an audit or of a run.

    Attributes:
        group (str): What it belongs to.
        label (str): As a heading.
        meaning (str): One sentence; ``{head_above}`` and ``{tail_below}``
            stand for the bounds of the groups.
        show (Callable): Maps a single value, as an audit has it, to a text;
            accuracies are fractions there.
        show_change (Callable): Likewise of a difference.
        cell (Callable): Maps a value, as the record of a run has it, to a
            text of a table; accuracies are in per cent there.
        cell_change (Callable): Likewise of a difference.
        better (int): 1 if more is better, -1 if less is, 0 if neither.
        unit (str): Of a difference of runs. Defaults to ''.
    """
    group: str
    label: str
    meaning: str
    show: Callable
    show_change: Callable
    cell: Callable
    cell_change: Callable
    better: int
    unit: str = ''


def _accuracy(label: str, meaning: str) -> Number:
    return Number('Accuracy', label, meaning, percent, points, fixed(2),
                  signed, 1, 'points')


def _spread(label: str,
            decimals: int,
            meaning: str,
            group: str = 'Fairness',
            unit: str = '') -> Number:
    return Number(group, label, meaning, number, signed_number,
                  fixed(decimals), lambda value: signed(value, decimals), -1,
                  unit)


def _same(group: str, label: str, show: Callable, show_change: Callable,
          better: int, meaning: str) -> Number:
    return Number(group, label, meaning, show, show_change, show, show_change,
                  better)


NUMBERS: Dict[str, Number] = dict(
    overall=_accuracy('Overall', 'Share of all test images that are correct.'),
    head=_accuracy('Head',
                   'Classes with more than {head_above} training images.'),
    middle=_accuracy(
        'Middle',
        'Classes with {tail_below} to {head_above} training images.'),
    tail=_accuracy('Tail',
                   'Classes with fewer than {tail_below} training images.'),
    class_mean=_accuracy(
        'Class mean',
        'Mean of the class accuracies; every class counts the same.'),
    top5=_accuracy(
        'Top 5', 'Share of the test images with the true class among the '
        'five highest scores.'),
    macro_f1=_accuracy(
        'Mean F1', 'Mean over classes of F1, the harmonic mean of accuracy '
        'and precision.'),
    worst_class=_accuracy('Worst class', 'The lowest class accuracy.'),
    worst_10pct=_accuracy('Worst tenth',
                          'Mean accuracy of the worst tenth of the classes.'),
    variance=_spread(
        'Variance of class accuracy',
        4,
        'Population variance of the class accuracies, as fractions.',
        unit='of fractions'),
    bias=_spread(
        'Bias', 2,
        'Largest class accuracy over the smallest plus 0.01, minus 1.'),
    gini=_spread(
        'Gini', 3,
        'Gini coefficient of the class accuracies; 0 if all are equal.'),
    curvature_variance=_same(
        'Geometry', 'Variance of curvature', number, signed_number, -1,
        'Population variance of the classes’ curvatures.'),
    log_curvature_variance=_spread(
        'Variance of log curvature', 3,
        'Population variance of the logarithms of the classes’ curvatures: '
        'the unit of the features has no part in it.', 'Geometry'),
    correlation=_same(
        'Geometry', 'Correlation', signed, signed, 0,
        'Pearson’s correlation of the classes’ curvature and accuracy. '
        'Neither sign is better.'),
    log_correlation=_same(
        'Geometry', 'Correlation, log', signed, signed, 0,
        'Pearson’s correlation of the logarithm of the classes’ curvature '
        'and their accuracy. Neither sign is better.'),
    cr_share=_same(
        'Cost', 'Time for CR', percent, points, 0,
        'Share of the training time that pool, curvature and loss of CR '
        'took; differences in points.'),
    seconds=_same(
        'Cost', 'Seconds', fixed(0), signed_number, 0,
        'Wall-clock time of the run. It depends on the machine and on what '
        'else ran there.'))
FRACTIONS = tuple(key for key, one in NUMBERS.items()
                  if one.group == 'Accuracy')
OF_SCORES = ('top5', 'macro_f1')
# Where the record of a run has them: in an evaluation, in its geometry, in its
# cost. What needs scores it does not have.
ACCURACIES, GEOMETRY, COST = (
    tuple(key for key, one in NUMBERS.items()
          if one.group in groups and key not in OF_SCORES)
    for groups in (('Accuracy', 'Fairness'), ('Geometry', ), ('Cost', )))


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
        'over the points. Depends on the scale of the features.', True),
    log_curvature=Measure('Log curvature', 'natural logarithm',
                          'Logarithm of the curvature.'),
    volume=Measure(
        'Volume', 'bits',
        'Half the log2 of det(I + covariance): how much space the class '
        'manifold takes up. Grows with the number of points.'),
    separation=Measure(
        'Separation', '',
        'How much volume the class adds to all the others, relative to its '
        'own volume; larger is better separated.'),
    radius=Measure('Radius', 'feature units',
                   'Mean distance of the points from their class mean.'),
    intrinsic_dimension=Measure(
        'Intrinsic dimension', '',
        'Number of directions in which the class manifold extends, estimated '
        'from the distances between neighbours. Grows with the number of '
        'points.'),
    neighbor_purity=Measure(
        'Neighbour purity', '',
        'Share of the ten nearest neighbours over all classes that are of '
        'the same class, mean over the points; 1 is a class by itself.'),
    relative_spread=Measure(
        'Relative spread', 'natural logarithm',
        'Logarithm of the squared distance to neighbours of the class over '
        'that to the nearest other class mean; larger is harder to tell '
        'apart.'),
    train_count=Measure('Training images', '',
                        'Number of training images of the class.', True),
)
# Those whose change from one audit to another is followed. Of curvature only
# the logarithm: its scale is that of the features to the power of -m, which a
# logarithm turns into a constant.
MOVED = ('log_curvature', 'separation', 'volume', 'neighbor_purity',
         'relative_spread')


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
