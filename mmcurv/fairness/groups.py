# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Head, Middle and Tail: classes by their number of training images.

The thresholds are those of the long-tailed literature that Ma et al.
("Predicting and Enhancing the Fairness of DNNs with the Curvature of
Perceptual Manifolds", section 7) follow: Head above 100 training images,
Middle 20 to 100 inclusive, Tail below 20.
"""
from dataclasses import dataclass

import numpy as np

from ._checks import as_accuracy, as_counts, check_same_length


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
    return GroupAccuracy(
        head=_group(accuracy[names == 'head']),
        middle=_group(accuracy[names == 'middle']),
        tail=_group(accuracy[names == 'tail']))


def _group(members: np.ndarray) -> Group:
    known = members[~np.isnan(members)]
    mean = float(known.mean()) if known.size else np.nan
    return Group(mean, known.size, members.size)
