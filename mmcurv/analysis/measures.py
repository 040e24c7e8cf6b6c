# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the measures of an audit are called, their units and definitions."""
from typing import Dict, NamedTuple

import numpy as np


class Measure(NamedTuple):
    """One measure of a class.

    Attributes:
        label (str): As a heading.
        unit (str): Of its values; empty if it has none.
        meaning (str): One sentence for a reader who has not seen the paper.
        logarithmic (bool): Whether it is drawn on a logarithmic axis.
    """
    label: str
    unit: str
    meaning: str
    logarithmic: bool = False


MEASURES: Dict[str, Measure] = dict(
    curvature=Measure(
        'Curvature', 'length⁻ᵐ',
        'How strongly the class manifold bends: |det| of the Hessian of a '
        'quadric fitted to the k nearest neighbours of each point, reduced '
        'over the points. Depends on the scale of the features.'),
    log_curvature=Measure('Log curvature', 'natural logarithm',
                          'Logarithm of the curvature.'),
    volume=Measure(
        'Volume', 'bits',
        'Half the log2 of det(I + covariance): how much space the class '
        'manifold takes up.'),
    separation=Measure(
        'Separation', '',
        'How much volume the class adds to all the others, relative to its '
        'own volume; larger is better separated.'),
    radius=Measure('Radius', 'feature units',
                   'Mean distance of the points from their class mean.'),
    intrinsic_dimension=Measure(
        'Intrinsic dimension', '',
        'Number of directions in which the class manifold extends, estimated '
        'from the distances between neighbours.'),
    train_count=Measure('Training images', '',
                        'Number of training images of the class.', True),
)


def with_unit(measure: Measure) -> str:
    """Label and unit of an axis, 'Volume (bits)'."""
    return f'{measure.label} ({measure.unit})' if measure.unit else (
        measure.label)


def column(audit: dict, key: str) -> np.ndarray:
    """One quantity of every class.

    Args:
        audit (dict): Audit record.
        key (str): Field of ``classes``.

    Returns:
        np.ndarray: (C,) float64, nan where it is not known.
    """
    return np.array([
        np.nan if row.get(key) is None else row[key]
        for row in audit['classes']
    ], float)
