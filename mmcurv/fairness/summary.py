# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""All the numbers about class fairness that one evaluation gives."""
from dataclasses import dataclass
from typing import Optional

from .aggregate import Aggregate, class_mean
from .class_accuracy import ClassAccuracy
from .dispersion import accuracy_variance, gini, max_min_bias
from .groups import GroupAccuracy, group_accuracy
from .means import geometric_mean, harmonic_mean
from .worst import WorstClass, WorstFraction, worst_class, worst_fraction


@dataclass(frozen=True)
class FairnessSummary:
    """The numbers of one evaluation; accuracies are fractions.

    Attributes:
        overall (float): Fraction of all test images that are correct.
        class_mean (Aggregate): Mean of the class accuracies.
        groups (GroupAccuracy, optional): Head, Middle, Tail; None if the
            training counts are not known.
        variance (Aggregate): Population variance of the class accuracies.
        bias (Aggregate): max(max A / (min A + 0.01) - 1, 0).
        worst_class (WorstClass): The class with the lowest accuracy.
        worst_10pct (WorstFraction): Mean of the worst tenth of the classes.
        harmonic_mean (Aggregate): 0 if a class is at 0.
        geometric_mean (Aggregate): 0 if a class is at 0.
        gini (Aggregate): Gini coefficient of the class accuracies.
    """
    overall: float
    class_mean: Aggregate
    groups: Optional[GroupAccuracy]
    variance: Aggregate
    bias: Aggregate
    worst_class: WorstClass
    worst_10pct: WorstFraction
    harmonic_mean: Aggregate
    geometric_mean: Aggregate
    gini: Aggregate


def fairness_summary(classes: ClassAccuracy,
                     train_counts=None,
                     head_above: int = 100,
                     tail_below: int = 20) -> FairnessSummary:
    """All the numbers about class fairness of one evaluation.

    Args:
        classes (ClassAccuracy): From :func:`class_accuracy`.
        train_counts (optional): (C,) integers, training images of every
            class. Defaults to None, which leaves the groups out.
        head_above (int): Head is strictly above this. Defaults to 100.
        tail_below (int): Tail is strictly below this. Defaults to 20.

    Returns:
        FairnessSummary: Each number beside the classes that entered it.

    Raises:
        ValueError: As :func:`group_accuracy`.
    """
    accuracy = classes.accuracy
    groups = None
    if train_counts is not None:
        groups = group_accuracy(accuracy, train_counts, head_above, tail_below)
    return FairnessSummary(
        overall=classes.overall,
        class_mean=class_mean(accuracy),
        groups=groups,
        variance=accuracy_variance(accuracy),
        bias=max_min_bias(accuracy),
        worst_class=worst_class(accuracy),
        worst_10pct=worst_fraction(accuracy, 0.1),
        harmonic_mean=harmonic_mean(accuracy),
        geometric_mean=geometric_mean(accuracy),
        gini=gini(accuracy))
