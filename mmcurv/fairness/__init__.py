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
from .correlation import (Correlation, adjusted_correlation,
                          partial_correlation, pearson, spearman,
                          spearman_interval)
from .intervals import (Interval, PairedDifference, difference_interval,
                        mean_interval, paired_difference, paired_interval,
                        paired_mean_interval, wilson_interval)
from .noise import noise_alone, true_variance, without_noise
from .significance import (ClassesDiffer, below_the_rest, benjamini_hochberg,
                           classes_differ, holm, mcnemar_test,
                           two_accuracies_test)
from .spread import (FairnessSummary, Group, GroupAccuracy, accuracy_variance,
                     fairness_summary, gini, group_accuracy, group_names,
                     max_min_bias)

__all__ = [
    'Aggregate', 'ClassAccuracy', 'ClassesDiffer', 'Correlation',
    'FairnessSummary', 'Group', 'GroupAccuracy', 'Interval',
    'PairedDifference', 'WorstClass', 'WorstFraction', 'accuracy_variance',
    'adjusted_correlation', 'below_the_rest', 'benjamini_hochberg',
    'class_accuracy', 'class_mean', 'classes_differ', 'difference_interval',
    'fairness_summary', 'geometric_mean', 'gini', 'group_accuracy',
    'group_names', 'harmonic_mean', 'holm', 'max_min_bias', 'mcnemar_test',
    'mean_interval', 'noise_alone', 'paired_difference', 'paired_interval',
    'paired_mean_interval', 'partial_correlation', 'pearson', 'spearman',
    'spearman_interval', 'true_variance', 'two_accuracies_test',
    'wilson_interval', 'without_noise', 'worst_class', 'worst_fraction'
]
