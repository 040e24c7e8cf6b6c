# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How near readings of the classes' log G are to each other."""
import copy
import itertools

import numpy as np

from mmcurv.engine.geometry_record import pearson_or_nan
from mmcurv.fairness import spearman


def agreement(values, others):
    """How near two readings of the classes' log G are.

    Classes that are not finite in both are left out; ``entered`` counts the
    others.

    Args:
        values (Sequence[float]): Shape (C,).
        others (Sequence[float]): Shape (C,).

    Returns:
        dict: ``pearson`` and ``spearman`` over the classes, nan for fewer
        than three or constant ones; ``largest`` and ``mean`` absolute
        difference, ``bias`` (mean of values minus others); ``spread``
        (standard deviation of ``others`` over the classes, which differences
        compare with); ``entered``.
    """
    both = np.array([values, others], dtype=float)  # (2, C)
    both = both[:, np.isfinite(both).all(0)]
    apart = np.abs(both[0] - both[1])
    straight, entered = pearson_or_nan(*both)
    by_rank = float('nan')
    if not np.isnan(straight):
        by_rank = spearman(*both, permutations=0, resamples=0).value
    some = entered > 0
    return dict(
        pearson=straight,
        spearman=by_rank,
        largest=float(apart.max()) if some else float('nan'),
        mean=float(apart.mean()) if some else float('nan'),
        bias=float((both[0] - both[1]).mean()) if some else float('nan'),
        spread=float(both[1].std()) if some else float('nan'),
        entered=entered)


def remembered_and_fresh(curvature):
    """log G of the classes (C,) as remembered, and with every pooled point
    measured anew; the PooledCurvature stays as it is."""
    anew = copy.deepcopy(curvature)
    anew.measure_all()
    return curvature.class_values().tolist(), anew.class_values().tolist()


def compare_runs(runs):
    """Agreement of every pair that is asked for, epoch by epoch."""
    within = [
        dict(
            refresh=run['refresh'],
            seed=run['seed'],
            epoch=at['epoch'],
            **agreement(at['remembered'], at['fresh'])) for run in runs
        for at in run['epochs']
    ]
    between, seeds = [], []
    for one, two in itertools.combinations(runs, 2):
        pair = dict(refreshes=[one['refresh'], two['refresh']],
                    seeds=[one['seed'], two['seed']])  # yapf: disable
        rows = [
            dict(
                **pair,
                epoch=a['epoch'],
                **agreement(a['remembered'], b['remembered']))
            for a, b in zip(one['epochs'], two['epochs'])
        ]
        if one['seed'] == two['seed']:
            between += rows
        elif one['refresh'] == two['refresh']:
            seeds += rows
    return dict(within=within, between=between, seeds=seeds)
