# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether the geometry of the classes moved, and with it their accuracy."""
import math
from typing import Dict

import numpy as np
from scipy import stats

from mmcurv.fairness import paired_difference, pearson, spearman
from .compare_summary import mean
from .measures import column

# Curvature only as its logarithm: its scale is that of the features to the
# power of -m, which a logarithm turns into a constant.
MOVED = ('log_curvature', 'volume', 'separation', 'radius',
         'intrinsic_dimension')


def compare_geometry(a: dict, b: dict, resamples: int,
                     seed: int) -> Dict[str, dict]:
    """Change of every measure over the same classes.

    Args:
        a (dict): ``classes``, rows of audit A.
        b (dict): ``classes``, rows of audit B in the same order.
        resamples (int): Of the bootstraps, and permutations of the p-values.
        seed (int): Of both.

    Returns:
        dict: Measure to ``a`` and ``b`` (means over classes), ``value`` (mean
        change), ``low``, ``high``, ``entered``, ``wilcoxon_p`` (signed-rank
        test of the changes), ``order`` (Spearman's correlation of the classes
        in A and in B) and ``pearson``, ``pearson_p``, ``pearson_low``,
        ``pearson_high`` of the measure's change with the change of accuracy.
        nan where it is not known.
    """
    gain = column(b, 'accuracy') - column(a, 'accuracy')
    entries = {}
    for measure in MOVED:
        before, after = column(a, measure), column(b, measure)
        change = after - before
        mean_change = paired_difference([before], [after],
                                        mean,
                                        resamples,
                                        seed=seed)
        together = _correlation(pearson, change, gain, resamples, seed)
        entries[measure] = dict(
            a=mean_change.first,
            b=mean_change.second,
            value=mean_change.value,
            low=mean_change.low,
            high=mean_change.high,
            entered=mean_change.entered,
            wilcoxon_p=_wilcoxon(change[np.isfinite(change)]),
            order=_correlation(spearman, before, after, 0, seed)['value'],
            pearson=together['value'],
            pearson_p=together['p_value'],
            pearson_low=together['low'],
            pearson_high=together['high'])
    return entries


def _wilcoxon(change: np.ndarray) -> float:
    if change.size < 2:
        return math.nan
    if not change.any():
        return 1.
    return float(stats.wilcoxon(change).pvalue)


def _correlation(kind, x: np.ndarray, y: np.ndarray, draws: int,
                 seed: int) -> dict:
    known = np.isfinite(x + y)
    x, y = x[known], y[known]
    if x.size < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return dict.fromkeys(('value', 'p_value', 'low', 'high'), math.nan)
    return vars(kind(x, y, draws, draws, seed=seed))
