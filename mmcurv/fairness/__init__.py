# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How unequally a classifier treats its classes.

Pure functions of arrays: sequences, numpy arrays and tensors go in, numpy
arrays and named results come out. Accuracies are fractions in [0, 1]; nan
stands for a class that is absent, and every aggregate says how many classes
entered it.
"""
from .aggregate import Aggregate, class_mean
from .class_accuracy import ClassAccuracy, class_accuracy
from .correlation import Correlation, pearson, spearman
from .dispersion import accuracy_variance, gini, max_min_bias
from .groups import Group, GroupAccuracy, group_accuracy, group_names
from .intervals import Interval, difference_interval, wilson_interval
from .means import geometric_mean, harmonic_mean
from .paired_difference import PairedDifference, paired_difference
from .partial_correlation import partial_correlation
from .summary import FairnessSummary, fairness_summary
from .worst import WorstClass, WorstFraction, worst_class, worst_fraction

__all__ = [
    'Aggregate', 'ClassAccuracy', 'Correlation', 'FairnessSummary', 'Group',
    'GroupAccuracy', 'Interval', 'PairedDifference', 'WorstClass',
    'WorstFraction', 'accuracy_variance', 'class_accuracy', 'class_mean',
    'difference_interval', 'fairness_summary', 'geometric_mean', 'gini',
    'group_accuracy', 'group_names', 'harmonic_mean', 'max_min_bias',
    'paired_difference', 'partial_correlation', 'pearson', 'spearman',
    'wilson_interval', 'worst_class', 'worst_fraction'
]
