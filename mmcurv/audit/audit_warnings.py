# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a reader should know before believing the numbers of an audit."""
from typing import List, Optional, Sequence

import numpy as np

from .accuracy import TOLERANCE, ClassScores
from .options import AuditOptions

UNUSABLE_SHARE = 0.05  # of the points of a class
FAR = 1e-3  # what a separation may lose to rounding
FEW_TESTS = 10
NAMED = 8


def audit_warnings(rows: Sequence[dict],
                   scores: ClassScores,
                   options: AuditOptions,
                   reader=None) -> List[dict]:
    """Warnings about classes, fits and accuracies.

    Args:
        rows (Sequence[dict]): ``classes`` of the audit.
        scores (ClassScores): Their accuracies.
        options (AuditOptions): What was asked for.
        reader (ClassReader, optional): Of the features; None without them.
            Defaults to None.

    Returns:
        list[dict]: Each of a ``kind``, with a ``message`` in words and the
        ``classes`` (indices) that it is about.
    """
    found = [] if reader is None else _of_geometry(rows, options, reader)
    found += [
        _accuracy(rows, scores),
        _few_tests(rows, scores),
    ]
    return [warning for warning in found if warning is not None]


def _of_geometry(rows: Sequence[dict], options: AuditOptions,
                 reader) -> List[Optional[dict]]:
    points = np.array([row['num_points'] for row in rows])
    measured = np.array([row['points_measured'] for row in rows])
    used = np.array([row['points_used'] for row in rows])
    bad = np.array([row['ill_conditioned'] for row in rows])
    unsure = np.array([row['normal_undetermined'] for row in rows])
    log_curvature = np.array([row['log_curvature'] for row in rows], float)
    curvature = np.array([row['curvature'] for row in rows], float)
    least = options.neighbors_needed + 1
    with np.errstate(invalid='ignore', divide='ignore'):
        lost = 1 - used / measured
        loose, guessed = bad / used, unsure / used
    fitted = points >= least
    return [
        _about(rows, points == 0, 'absent_class',
               'no sample in the geometry split: all its geometry is nan',
               'no samples in the geometry split: all their geometry is nan'),
        _about(
            rows, (points > 0) & ~fitted, 'tiny_class',
            f'fewer than the {least} samples that a curvature with '
            f'tangent_dim={options.tangent_dim} needs: it is nan'),
        _about(
            rows, fitted & (points <= options.k), 'few_neighbors',
            f'at most k={options.k} samples, so that fewer neighbours are '
            'used and the whole class is one neighbourhood: its curvature '
            'does not compare with that of larger classes'),
        _about(
            rows, fitted & (lost > UNUSABLE_SHARE), 'degenerate',
            f'more than {UNUSABLE_SHARE:.0%} of neighbourhoods that '
            'determine no curvature (duplicates, or points on a line)'),
        _about(
            rows, fitted & (loose > UNUSABLE_SHARE), 'ill_conditioned',
            f'more than {UNUSABLE_SHARE:.0%} of fits that lose half of the '
            'digits; try a smaller tangent_dim or a larger k'),
        _about(
            rows,
            np.isinf(log_curvature) | np.isinf(curvature), 'infinite',
            'a curvature of 0 or beyond the range of floating point: it is '
            'left out of the correlations that cannot take it'),
        _about(
            rows, fitted & (guessed > UNUSABLE_SHARE), 'normal_undetermined',
            f'more than {UNUSABLE_SHARE:.0%} of normals that rounding of the '
            f'{reader.features.dtype} features could have chosen: the '
            'smallest variance of a neighbourhood lies where rounding begins. '
            'Store the features in float32, or use --normal next'),
        _far_from_origin(rows, options, reader),
    ]


def warning(kind: str, message: str, classes: Sequence[int] = ()) -> dict:
    """One warning as the audit holds it."""
    return dict(kind=kind, message=message, classes=[int(c) for c in classes])


def _about(rows: Sequence[dict],
           which: np.ndarray,
           kind: str,
           have: str,
           have_many: Optional[str] = None) -> Optional[dict]:
    """'2 classes have ...: cat, dog.' about some classes, None about none."""
    places = np.flatnonzero(which)
    if not len(places):
        return None
    start = f'{len(places)} of {len(rows)} classes'
    verb = 'has' if len(places) == 1 else 'have'
    have = have if len(places) == 1 or have_many is None else have_many
    named = ', '.join(rows[c]['name'] for c in places[:NAMED])
    more = len(places) - NAMED
    named += f' and {more} more' if more > 0 else ''
    return warning(kind, f'{start} {verb} {have}. Classes: {named}.', places)


def _far_from_origin(rows: Sequence[dict], options: AuditOptions,
                     reader) -> Optional[dict]:
    """log det(I + S) is exact to eps times the largest eigenvalue of S."""
    if options.center_separation or not reader.present:
        return None
    points = reader(reader.present[0]).double()
    largest = float(points.square().sum(1).mean())
    rest = float(points.var(0).mean()) if len(points) > 1 else 0.
    error = reader.feature_dim * np.finfo(float).eps * largest / (1 + rest)
    if error <= FAR:
        return None
    return warning(
        'far_from_origin', 'The features lie so far from the origin, '
        f'{largest**0.5:.3g} on average, that separation and nearest '
        'manifold lose their digits. Subtract the mean of all features, or '
        'use --center-separation.')


def _accuracy(rows: Sequence[dict], scores: ClassScores) -> Optional[dict]:
    if scores.source is None:
        return warning(
            'no_accuracy', 'There are no predictions and no class_accuracy: '
            'only the geometry is known, nothing can be correlated with it.')
    if scores.disagreement > TOLERANCE:
        return warning(
            'accuracy_source', 'class_accuracy differs from the accuracy of '
            f'the predictions by up to {scores.disagreement:.3f}; the '
            'predictions were used. Leave predictions out to use '
            'class_accuracy.')
    return _about(rows, np.isnan(scores.accuracy), 'no_test_sample',
                  'no known accuracy and is left out of every mean',
                  'no known accuracy and are left out of every mean')


def _few_tests(rows: Sequence[dict], scores: ClassScores) -> Optional[dict]:
    if scores.count is None:
        return None
    return _about(
        rows, (scores.count > 0) & (scores.count < FEW_TESTS), 'few_tests',
        f'fewer than {FEW_TESTS} test samples: see the interval of its '
        'accuracy', f'fewer than {FEW_TESTS} test samples: see the intervals '
        'of their accuracies')
