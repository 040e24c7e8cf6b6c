# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What it would cost to lift the failing classes, as an audit records it."""
from typing import Optional

import numpy as np

from .feature_bank import FeatureBank

FEWEST = 20  # images of a class, as fairness_shift asks for
MOST_SCORES = 2e7  # beyond it takes longer than a page may
STRENGTHS = tuple(np.round(np.arange(0, 1.51, 0.1), 2))
RESAMPLES = 200
MAX_COST = 0.005
NUMBERS = ('overall', 'class_mean', 'variance', 'worst_tenth')
ENDS = ('', '_change', '_low', '_high')


def shift_record(tests: FeatureBank,
                 train_counts: Optional[np.ndarray] = None,
                 features: Optional[np.ndarray] = None,
                 seed: int = 0) -> dict:
    """``shift`` of the audit record.

    Args:
        tests (FeatureBank): With the scores of the test images.
        train_counts (np.ndarray, optional): (C,) training images. Defaults to
            None: no logit adjustment to compare with.
        features (np.ndarray, optional): (N, p) of the same images. Defaults
            to None: a class is as hard as its mean loss.
        seed (int): Of halves and resamples. Defaults to 0.

    Returns:
        dict: ``why``, which input is missing, None if none is. Then
        ``measure`` (the difficulty), ``strength``, ``recommended``,
        ``max_cost``, ``images`` reported on, ``methods``, each at its chosen
        strength with the numbers of
        :class:`~mmcurv.audit.shift.FairnessShift` and their changes, and
        ``curve``: method to ``strength``, ``overall_change`` and
        ``worst_tenth_change``, lists.
    """
    why = _missing(tests)
    if why is None:
        from .shift import fairness_shift  # half a second
        try:
            found = fairness_shift(
                tests.scores,
                tests.labels,
                features,
                train_counts=_all_positive(train_counts),
                class_names=tests.class_names,
                max_cost=MAX_COST,
                strengths=STRENGTHS,
                resamples=RESAMPLES,
                seed=seed)
        except ValueError as error:
            why = str(error)
    if why is not None:
        return dict(why=why)
    columns = ['method', 'strength'
               ] + [number + end for number in NUMBERS for end in ENDS]
    curve = {
        method: {
            name: rows[name].tolist()
            for name in ('strength', 'overall_change', 'worst_tenth_change')
        }
        for method, rows in found.curve.groupby('method', sort=False)
    }
    return dict(
        why=None,
        measure=found.measure,
        strength=float(found.strength),
        recommended=found.recommended,
        max_cost=MAX_COST,
        images=len(tests.labels) // 2,
        methods=found.methods[columns].to_dict('records'),
        curve=curve)


def _missing(tests: FeatureBank) -> Optional[str]:
    if tests.scores is None:
        return ('The scores of every class (logits or probabilities) are '
                'missing.')
    count = np.bincount(tests.labels, minlength=tests.num_classes)
    few = int((count < FEWEST).sum())
    if few:
        return (f'Test images are missing: {few} of {len(count)} classes have '
                f'fewer than {FEWEST}, which is what it takes to choose a '
                'shift on one half and to report it on the other.')
    if tests.scores.size > MOST_SCORES:
        return (f'{tests.scores.size:.1e} scores take longer than a page '
                'may.')
    return None


def _all_positive(counts: Optional[np.ndarray]) -> Optional[np.ndarray]:
    return counts if counts is not None and counts.min() > 0 else None
