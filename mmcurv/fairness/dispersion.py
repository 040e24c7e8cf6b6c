# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How unequal the class accuracies are: variance, bias, Gini."""
import numpy as np

from .aggregate import Aggregate, known_accuracies


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
    known = known_accuracies(accuracy)
    return Aggregate(float(known.var()) if known.size else np.nan, known.size)


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
    known = known_accuracies(accuracy)
    if not known.size:
        return Aggregate(np.nan, 0)
    bias = max(known.max() / (known.min() + eps) - 1, 0.0)
    return Aggregate(float(bias), known.size)


def gini(accuracy) -> Aggregate:
    """Gini coefficient sum_ij |A_i - A_j| / (2 C^2 mean A).

    Computed from the sorted values, without the C x C differences.

    Args:
        accuracy: (C,) fractions in [0, 1]; nan classes are left out.

    Returns:
        Aggregate: In [0, 1 - 1/C]. 0 if all classes are equal, also if all
        are 0, where the quotient is 0/0 but nothing is unequal.
    """
    known = np.sort(known_accuracies(accuracy))
    size = known.size
    if not size:
        return Aggregate(np.nan, 0)
    total = known.sum()
    if total == 0:
        return Aggregate(0.0, size)
    weights = 2 * np.arange(1, size + 1) - size - 1  # (C,)
    # The weights add up to 0; without the smallest, equal classes give 0.
    return Aggregate(
        float(weights @ (known - known[0]) / (size * total)), size)
