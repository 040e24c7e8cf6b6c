# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How unequally a classifier treats its classes.

Pure functions of arrays: sequences, numpy arrays and tensors go in, numpy
arrays and named results come out. Accuracies are fractions in [0, 1]; nan
stands for a class that is absent, and every aggregate says how many classes
entered it.
"""
from .accuracy import (Aggregate, ClassAccuracy, WorstClass, WorstFraction,
                       class_accuracy, class_mean, geometric_mean,
                       harmonic_mean, worst_class, worst_fraction)
from .correlation import Correlation, partial_correlation, pearson, spearman
from .intervals import (Interval, PairedDifference, difference_interval,
                        paired_difference, wilson_interval)
from .spread import (FairnessSummary, Group, GroupAccuracy, accuracy_variance,
                     fairness_summary, gini, group_accuracy, group_names,
                     max_min_bias)

__all__ = [
    'Aggregate', 'ClassAccuracy', 'Correlation', 'FairnessSummary', 'Group',
    'GroupAccuracy', 'Interval', 'PairedDifference', 'WorstClass',
    'WorstFraction', 'accuracy_variance', 'class_accuracy', 'class_mean',
    'difference_interval', 'fairness_summary', 'geometric_mean', 'gini',
    'group_accuracy', 'group_names', 'harmonic_mean', 'max_min_bias',
    'paired_difference', 'partial_correlation', 'pearson', 'spearman',
    'wilson_interval', 'worst_class', 'worst_fraction'
]
