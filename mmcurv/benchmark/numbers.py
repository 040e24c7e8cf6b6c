# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers of a run: how tables, pages and figures name and show them."""
from typing import Callable, NamedTuple, Optional

from mmcurv.audit.report.numbers import (fixed, number, percent, points,
                                         signed, signed_number)


class Number(NamedTuple):
    """One number of a run.

    Attributes:
        key (str): In the record of a run.
        group (str): What it belongs to.
        label (str): Its name.
        meaning (str): What it is, with its unit.
        show (Callable): Value to text.
        show_change (Callable): Difference to text.
        better (int): 1 if more is better, -1 if less is, 0 if neither.
    """
    key: str
    group: str
    label: str
    meaning: str
    show: Callable[[Optional[float]], str]
    show_change: Callable[[Optional[float]], str]
    better: int


def _accuracy(key: str, label: str, meaning: str) -> Number:
    return Number(key, 'Accuracy',
                  label, f'{meaning} In per cent; differences in points.',
                  fixed(2), signed, 1)


def _fraction(key: str, group: str, label: str, decimals: int,
              meaning: str) -> Number:
    return Number(key, group, label, meaning, fixed(decimals),
                  lambda value: signed(value, decimals), -1)


_ALL = (
    _accuracy('overall', 'Overall', 'Share of all test images.'),
    _accuracy('head', 'Head', 'Mean over the classes with many images.'),
    _accuracy('middle', 'Middle', 'Mean over the classes between.'),
    _accuracy('tail', 'Tail', 'Mean over the classes with few images.'),
    _accuracy('class_mean', 'Class mean', 'Every class counts the same.'),
    _accuracy('worst_class', 'Worst class', 'The lowest class accuracy.'),
    _accuracy('worst_10pct', 'Worst tenth',
              'Mean of the worst tenth of the classes.'),
    _fraction('variance', 'Fairness', 'Variance of class accuracy', 4,
              'Population variance of the class accuracies as fractions.'),
    _fraction('bias', 'Fairness', 'Bias', 2,
              'Largest class accuracy over the smallest plus 0.01, minus 1.'),
    _fraction('gini', 'Fairness', 'Gini', 3,
              'Gini coefficient of the class accuracies; 0 if all are equal.'),
    Number('curvature_variance', 'Geometry', 'Variance of curvature',
           'Population variance of the classes’ curvatures.', number,
           signed_number, -1),
    _fraction('log_curvature_variance', 'Geometry',
              'Variance of log curvature', 3,
              'Population variance of the logarithms of the classes’ '
              'curvatures: the unit of the features has no part in it.'),
    Number('correlation', 'Geometry', 'Correlation',
           'Pearson’s correlation of the classes’ curvature and accuracy. '
           'Neither sign is better.', signed, signed, 0),
    Number('log_correlation', 'Geometry', 'Correlation, log',
           'Pearson’s correlation of the logarithm of the classes’ curvature '
           'and their accuracy. Neither sign is better.', signed, signed, 0),
    Number('cr_share', 'Cost', 'Time for CR',
           'Share of the training time that pool, curvature and loss of CR '
           'took; differences in points.', percent, points, 0),
    Number('seconds', 'Cost', 'Seconds',
           'Wall-clock time of the run. It depends on the machine and on what '
           'else ran there.', fixed(0), signed_number, 0),
)  # yapf: disable
NUMBERS = {one.key: one for one in _ALL}
# Where a record has them: in an evaluation, in its geometry, in its cost.
ACCURACIES = tuple(
    one.key for one in _ALL if one.group in ('Accuracy', 'Fairness'))
GEOMETRY = tuple(one.key for one in _ALL if one.group == 'Geometry')
COST = tuple(one.key for one in _ALL if one.group == 'Cost')


def data_label(dataset: str, imbalance_factor: Optional[float]) -> str:
    """'CIFAR-10-LT, imbalance 100', or the data set alone if it is balanced.
    """
    if imbalance_factor is None:
        return dataset
    return f'{dataset}, imbalance {imbalance_factor:g}'
