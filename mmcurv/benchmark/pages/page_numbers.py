# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers of a run as a page names, explains and shows them."""
from typing import Callable, NamedTuple, Optional

from mmcurv.audit.report.compare_page import signed_number
from mmcurv.audit.report.numbers import fixed, number, percent, points, signed


class PageNumber(NamedTuple):
    """One number of a run.

    Attributes:
        key (str): In the metrics of a summary.
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


def _accuracy(key: str, label: str, meaning: str) -> PageNumber:
    return PageNumber(key, 'Accuracy',
                      label, f'{meaning} In per cent; differences in points.',
                      fixed(2), signed, 1)


PAGE_NUMBERS = (
    _accuracy('overall', 'Overall', 'Share of all test images.'),
    _accuracy('head', 'Head', 'Mean over the classes with many images.'),
    _accuracy('middle', 'Middle', 'Mean over the classes between.'),
    _accuracy('tail', 'Tail', 'Mean over the classes with few images.'),
    _accuracy('class_mean', 'Class mean',
              'Every class counts the same.'),
    _accuracy('worst_class', 'Worst class', 'The lowest class accuracy.'),
    _accuracy('worst_10pct', 'Worst tenth',
              'Mean of the worst tenth of the classes.'),
    PageNumber('variance', 'Fairness', 'Variance of class accuracy',
               'Population variance of the class accuracies as fractions.',
               fixed(4), lambda value: signed(value, 4), -1),
    PageNumber('bias', 'Fairness', 'Bias',
               'Largest class accuracy over the smallest plus 0.01, minus 1.',
               fixed(2), signed, -1),
    PageNumber('gini', 'Fairness', 'Gini',
               'Gini coefficient of the class accuracies; 0 if all are equal.',
               fixed(3), lambda value: signed(value, 3), -1),
    PageNumber('curvature_variance', 'Geometry', 'Variance of curvature',
               'Population variance of the classes’ curvatures.', number,
               signed_number, -1),
    PageNumber('log_curvature_variance', 'Geometry',
               'Variance of log curvature',
               'Population variance of the logarithms of the classes’ '
               'curvatures: the unit of the features has no part in it.',
               fixed(3), lambda value: signed(value, 3), -1),
    PageNumber('correlation', 'Geometry', 'Correlation',
               'Pearson’s correlation of the classes’ curvature and accuracy. '
               'Neither sign is better.', signed, signed, 0),
    PageNumber('log_correlation', 'Geometry', 'Correlation, log',
               'Pearson’s correlation of the logarithm of the classes’ '
               'curvature and their accuracy. Neither sign is better.',
               signed, signed, 0),
    PageNumber('cr_share', 'Cost', 'Time for CR',
               'Share of the training time that pool, curvature and loss of '
               'CR took; differences in points.', percent, points, 0),
    PageNumber('seconds', 'Cost', 'Seconds',
               'Wall-clock time of the run. It depends on the machine and on '
               'what else ran there.', fixed(0), signed_number, 0),
)  # yapf: disable
