# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Slow, plain forms of the numbers made from class accuracies.

Python floats and loops only. Absent classes are None here, never nan.
"""
import math


def class_accuracy(labels, predictions, num_classes):
    """Lists of accuracy (None if absent), correct and count, class by class.
    """
    correct = [0] * num_classes
    count = [0] * num_classes
    for label, prediction in zip(labels, predictions):
        count[label] += 1
        if prediction == label:
            correct[label] += 1
    accuracy = []
    for c in range(num_classes):
        accuracy.append(correct[c] / count[c] if count[c] else None)
    return accuracy, correct, count


def known(accuracy):
    return [a for a in accuracy if a is not None]


def mean(values):
    return sum(values) / len(values)


def group_of(train_count, head_above=100, tail_below=20):
    if train_count > head_above:
        return 'head'
    if train_count >= tail_below:
        return 'middle'
    return 'tail'


def group_mean(accuracy, train_counts, group):
    """Mean of a group (None if empty), and how many classes entered."""
    members = []
    for a, n in zip(accuracy, train_counts):
        if group_of(n) == group and a is not None:
            members.append(a)
    return (mean(members) if members else None), len(members)


def variance(values):
    centre = mean(values)
    return sum((a - centre)**2 for a in values) / len(values)


def bias(values, eps):
    return max(max(values) / (min(values) + eps) - 1, 0)


def gini(values):
    total = 0
    for a in values:
        for b in values:
            total += abs(a - b)
    return total / (2 * len(values)**2 * mean(values))


def harmonic_mean(values):
    return len(values) / sum(1 / a for a in values)


def geometric_mean(values):
    return math.prod(values)**(1 / len(values))


def worst_tenth(values):
    """Mean of the worst tenth, rounded up to whole classes."""
    taken = -(-len(values) // 10)
    return mean(sorted(values)[:taken]), taken
