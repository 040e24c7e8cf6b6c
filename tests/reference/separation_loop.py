# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Separation degree, with every cloud built anew for every class."""
import numpy as np

from .volume_loop import volume_loop


def separation_loop(features, labels, num_classes, center=False):
    """(Vol(Z) - Vol(Z')) / Vol(Z_i) of each class, Ma et al., Algorithm 2."""
    features, labels = np.asarray(features, np.float64), np.asarray(labels)
    degrees = []
    for c in range(num_classes):
        own = volume_loop(features[labels == c], center)
        others = volume_loop(features[labels != c], center)
        gain = volume_loop(features, center) - others
        degrees.append(gain / own if own > 0 else np.nan)
    return np.array(degrees)


def pairwise_loop(features, labels, num_classes, center=False):
    """Degree of class i among the points of classes i and j alone."""
    features, labels = np.asarray(features, np.float64), np.asarray(labels)
    degrees = np.full((num_classes, num_classes), np.nan)
    for i in range(num_classes):
        for j in range(num_classes):
            both = (labels == i) | (labels == j)
            if i != j and (labels == i).any() and (labels == j).any():
                degrees[i, j] = separation_loop(features[both], labels[both],
                                                num_classes, center)[i]
    return degrees
