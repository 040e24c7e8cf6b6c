# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What one evaluation says, as numbers by name and as one row per class."""
from typing import List, Optional, Sequence

from mmcurv.fairness import (ClassAccuracy, FairnessSummary, group_names,
                             wilson_interval)

SCHEMA = 'mmcurv.class_accuracy'
SCHEMA_VERSION = 1
UNITS = dict(
    accuracies='percent',
    variance='population variance of fractions',
    bias='ratio of accuracies minus 1',
    gini='fraction')


def metric_values(summary: FairnessSummary) -> dict:
    """Numbers of an evaluation by the names that logs and ``save_best`` use.

    Args:
        summary (FairnessSummary): Accuracies as fractions.

    Returns:
        dict[str, float]: Accuracies in percent, as mmpretrain gives them;
        variance, bias and Gini of fractions. nan where no class entered.
    """
    groups = summary.groups
    fractions = dict(
        overall=summary.overall,
        class_mean=summary.class_mean.value,
        head=groups.head.accuracy if groups else float('nan'),
        middle=groups.middle.accuracy if groups else float('nan'),
        tail=groups.tail.accuracy if groups else float('nan'),
        worst_class=summary.worst_class.accuracy,
        worst_10pct=summary.worst_10pct.accuracy,
        harmonic_mean=summary.harmonic_mean.value,
        geometric_mean=summary.geometric_mean.value)
    values = {name: 100 * float(value) for name, value in fractions.items()}
    values.update(
        variance=float(summary.variance.value),
        bias=float(summary.bias.value),
        gini=float(summary.gini.value))
    return values


def entered_classes(summary: FairnessSummary) -> dict:
    """Number of classes behind the aggregates, which nan alone hides."""
    groups = summary.groups
    return dict(
        class_mean=summary.class_mean.entered,
        head=groups.head.entered if groups else 0,
        middle=groups.middle.entered if groups else 0,
        tail=groups.tail.entered if groups else 0,
        worst_10pct=summary.worst_10pct.taken)


def class_rows(classes: ClassAccuracy,
               names: Sequence[str],
               train_counts: Optional[Sequence[int]] = None,
               head_above: int = 100,
               tail_below: int = 20,
               confidence: float = 0.95) -> List[dict]:
    """One row per class, in the order of the classes.

    Args:
        classes (ClassAccuracy): C classes.
        names (Sequence[str]): (C,) names.
        train_counts (Sequence[int], optional): (C,) training images. Defaults
            to None, which leaves group and count empty (None).
        head_above (int): Head is strictly above this. Defaults to 100.
        tail_below (int): Tail is strictly below this. Defaults to 20.
        confidence (float): Of the Wilson interval. Defaults to 0.95.

    Returns:
        list[dict]: class, name, group, train_count, test_count, correct,
        accuracy, wilson_low and wilson_high, the last three in percent.
    """
    size = classes.count.size
    groups, counts = [None] * size, [None] * size
    if train_counts is not None:
        counts = [int(n) for n in train_counts]
        groups = group_names(counts, head_above, tail_below).tolist()
    interval = wilson_interval(classes.correct, classes.count, confidence)
    columns = dict(
        name=[str(name) for name in names],
        group=groups,
        train_count=counts,
        test_count=classes.count.tolist(),
        correct=classes.correct.tolist(),
        accuracy=(100 * classes.accuracy).tolist(),
        wilson_low=(100 * interval.low).tolist(),
        wilson_high=(100 * interval.high).tolist())
    return [{
        'class': c,
        **dict(zip(columns, row))
    } for c, row in enumerate(zip(*columns.values()))]
