# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How unequal the class accuracies are: variance, bias, Gini, the groups Head,
Middle and Tail by number of training images, and all numbers together."""
from dataclasses import dataclass
from typing import Optional

import numpy as np

from .accuracy import (Aggregate, ClassAccuracy, WorstClass, WorstFraction,
                       aggregate, class_mean, geometric_mean, harmonic_mean,
                       worst_class, worst_fraction)
from .checks import as_accuracy, as_counts, check_same_length


def accuracy_variance(accuracy) -> Aggregate:
    """Variance of the class accuracies.

    Ma et al., "Predicting and Enhancing the Fairness of DNNs with the
    Curvature of Perceptual Manifolds", Fig. 1 and section 7.6, measure the
    bias of a model by it. The paper does not say which variance, nor in which
    unit: here it is the population variance (divided by the number of
    classes) of fractions. Of percentages it would be 10,000 times as large.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: In [0, 0.25]; 0 if all classes are equal.
    """
    return aggregate(accuracy, np.var)


def max_min_bias(accuracy, eps: float = 0.01) -> Aggregate:
    """Bias max(max A / (min A + eps) - 1, 0).

    Quoted by Ma et al. (section 2) from Sinha et al., "Class-difficulty based
    methods for long-tailed visual recognition". Neither formula fixes eps;
    the default is that of the code which Sinha et al. published. With a class
    at 0 the value is max A / eps - 1: it then says more about eps than about
    the model.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.
        eps (float): Positive, a fraction like the accuracies. Defaults to
            0.01.

    Returns:
        Aggregate: At least 0; 0 if all classes are equal.

    Raises:
        ValueError: If eps is not positive.
    """
    if not eps > 0:
        raise ValueError(f'eps: expected a positive number, got {eps}.')
    return aggregate(
        accuracy, lambda known: max(known.max() / (known.min() + eps) - 1, 0))


def gini(accuracy) -> Aggregate:
    """Gini coefficient sum_ij |A_i - A_j| / (2 C^2 mean A).

    Computed from the sorted values, without the C x C differences.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: In [0, 1 - 1/C]. 0 if all classes are equal, also if all
        are 0, where the quotient is 0/0 but nothing is unequal.
    """
    return aggregate(accuracy, gini_of)


def gini_of(accuracy: np.ndarray) -> np.ndarray:
    """:func:`gini` of known accuracies along the last axis, (..., C)."""
    ordered = np.sort(accuracy, -1)
    size, total = ordered.shape[-1], ordered.sum(-1)
    weights = 2 * np.arange(1, size + 1) - size - 1  # (C,)
    # The weights add up to 0; without the smallest, equal classes give 0.
    apart = (ordered - ordered[..., :1]) @ weights
    return np.where(total > 0, apart / (size * np.where(total > 0, total, 1)),
                    0.)


@dataclass(frozen=True)
class Group:
    """One group of classes.

    Attributes:
        accuracy (float): Mean of the known class accuracies of the group, a
            fraction; nan if none is known.
        entered (int): Classes of the group whose accuracy is known.
        classes (int): Classes of the group.
    """
    accuracy: float
    entered: int
    classes: int


@dataclass(frozen=True)
class GroupAccuracy:
    """Accuracy of the three groups."""
    head: Group
    middle: Group
    tail: Group


def group_names(train_counts,
                head_above: int = 100,
                tail_below: int = 20) -> np.ndarray:
    """Name of the group of every class.

    The default thresholds are those of the long-tailed literature that Ma et
    al. ("Predicting and Enhancing the Fairness of DNNs with the Curvature of
    Perceptual Manifolds", section 7) follow.

    Args:
        train_counts: (C,) integers, training images of every class. A class
            without any is a Tail class.
        head_above (int): Head is strictly above this. Defaults to 100.
        tail_below (int): Tail is strictly below this. Defaults to 20.

    Returns:
        np.ndarray: (C,) of 'head', 'middle' or 'tail'.

    Raises:
        TypeError: If the counts are not integers.
        ValueError: If a count is negative or the thresholds overlap.
    """
    if tail_below > head_above + 1:
        raise ValueError(
            'expected tail_below <= head_above + 1, got '
            f'tail_below={tail_below} and head_above={head_above}, which puts '
            'a class into two groups.')
    counts = as_counts('train_counts', train_counts)
    return np.where(counts > head_above, 'head',
                    np.where(counts < tail_below, 'tail', 'middle'))


def group_accuracy(accuracy,
                   train_counts,
                   head_above: int = 100,
                   tail_below: int = 20) -> GroupAccuracy:
    """Mean of the class accuracies inside Head, Middle and Tail.

    On a balanced test set this equals the accuracy over all images of the
    group; on others it does not, and every class still counts the same.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.
        train_counts: (C,) integers, training images of every class.
        head_above (int): Head is strictly above this. Defaults to 100.
        tail_below (int): Tail is strictly below this. Defaults to 20.

    Returns:
        GroupAccuracy: The three groups; an empty one is nan, never 0.

    Raises:
        ValueError: As :func:`group_names`, or if the lengths differ.
    """
    accuracy = as_accuracy(accuracy)
    names = group_names(train_counts, head_above, tail_below)
    check_same_length(accuracy=accuracy, train_counts=names)
    groups = {}
    for name in ('head', 'middle', 'tail'):
        members = accuracy[names == name]
        mean = class_mean(members)
        groups[name] = Group(mean.value, mean.entered, members.size)
    return GroupAccuracy(**groups)


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
