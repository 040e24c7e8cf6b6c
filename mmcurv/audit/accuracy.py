# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is known of each class's accuracy, and what is made of it.

Which classes are taken for which, whether a model is right as often as it is
sure, and how each measure of the classes goes with their accuracy.
"""
import math
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmcurv.fairness import (Correlation, accuracy_variance, class_accuracy,
                             class_mean, gini, group_names, max_min_bias,
                             partial_correlation, pearson, spearman,
                             wilson_interval, worst_class, worst_fraction)
from .feature_bank import FeatureBank
from .options import AuditOptions

TOLERANCE = 1e-3  # class_accuracy may have been rounded


class ClassScores(NamedTuple):
    """Accuracy of C classes; each field has shape (C,).

    Attributes:
        accuracy (np.ndarray): Fractions; nan where not known.
        correct (np.ndarray, optional): Correct test samples; None if only
            fractions are known.
        count (np.ndarray, optional): Test samples; likewise.
        low (np.ndarray): Lower end of the 95 % Wilson interval; nan without
            counts.
        high (np.ndarray): Its upper end.
        overall (float): Fraction of all test samples; nan without counts.
        source (str, optional): 'predictions', 'class_accuracy' or None.
        disagreement (float): Largest difference between the accuracy of the
            predictions and a given class_accuracy; 0 if only one is there.
    """
    accuracy: np.ndarray
    correct: Optional[np.ndarray]
    count: Optional[np.ndarray]
    low: np.ndarray
    high: np.ndarray
    overall: float
    source: Optional[str]
    disagreement: float


def class_scores(bank: FeatureBank) -> ClassScores:
    """Accuracy of each class: from predictions, else as the bank gives it.

    Args:
        bank (FeatureBank): With predictions, class_accuracy, both or none.

    Returns:
        ClassScores: See there.

    Raises:
        ValueError: If the bank holds no sample.
    """
    if not len(bank.labels):
        raise ValueError('expected test samples, got an empty test set. '
                         'Check the split, or what wrote the features.')
    absent = np.full(bank.num_classes, math.nan)
    given = absent if bank.class_accuracy is None else bank.class_accuracy
    if bank.predictions is None:
        source = None if bank.class_accuracy is None else 'class_accuracy'
        return ClassScores(given, None, None, absent, absent, math.nan, source,
                           0.)
    found = class_accuracy(bank.labels, bank.predictions, bank.num_classes)
    interval = wilson_interval(found.correct, found.count)
    apart = np.abs(found.accuracy - given)
    apart = apart[~np.isnan(apart)]
    return ClassScores(found.accuracy, found.correct, found.count,
                       interval.low, interval.high, found.overall,
                       'predictions', float(apart.max(initial=0)))


SUMMARY_RESAMPLES = 1000
CONFIDENCE = 0.95
STATISTICS: Dict[str, Callable] = dict(
    class_mean=lambda accuracy: class_mean(accuracy).value,
    variance=lambda accuracy: accuracy_variance(accuracy).value,
    bias=lambda accuracy: max_min_bias(accuracy).value,
    gini=lambda accuracy: gini(accuracy).value,
    worst_class=lambda accuracy: worst_class(accuracy).accuracy,
    worst_10pct=lambda accuracy: worst_fraction(accuracy).accuracy,
)


def accuracy_summary(scores: ClassScores, train_counts: Optional[np.ndarray],
                     class_names: Sequence[str],
                     options: AuditOptions) -> Dict[str, dict]:
    """Summary of class accuracies, as fractions.

    Args:
        scores (ClassScores): Of C classes.
        train_counts (np.ndarray, optional): (C,) training images; None leaves
            the groups out.
        class_names (Sequence[str]): C names.
        options (AuditOptions): Thresholds of the groups, and the seed.

    Returns:
        dict: Name to ``value``, ``low``, ``high``, and ``entered``, the number
        of classes with a known accuracy; groups also have ``classes``, the
        worst class ``class`` and ``name``. The interval of overall is
        Wilson's over samples; the others are percentile bootstraps over
        classes, which for the worst class can only reach up.
    """
    summary = dict(overall=_overall(scores))
    for name, statistic in STATISTICS.items():
        summary[name] = _entry(scores.accuracy, statistic, options.seed)
    worst = worst_class(scores.accuracy)
    name = None if worst.index is None else class_names[worst.index]
    summary['worst_class'].update({'class': worst.index, 'name': name})
    groups = None
    if train_counts is not None:
        groups = group_names(train_counts, options.head_above,
                             options.tail_below)
    for group in ('head', 'middle', 'tail'):
        members = np.zeros(len(scores.accuracy), bool)
        if groups is not None:
            members = groups == group
        summary[group] = dict(
            _entry(scores.accuracy[members], STATISTICS['class_mean'],
                   options.seed),
            classes=int(members.sum()))
    return summary


def _overall(scores: ClassScores) -> dict:
    if scores.count is None or not scores.count.sum():
        return dict(value=math.nan, low=math.nan, high=math.nan, entered=0)
    interval = wilson_interval([int(scores.correct.sum())],
                               [int(scores.count.sum())], CONFIDENCE)
    return dict(
        value=scores.overall,
        low=float(interval.low[0]),
        high=float(interval.high[0]),
        entered=int((scores.count > 0).sum()))


def _entry(accuracy: np.ndarray, statistic: Callable, seed: int) -> dict:
    known = accuracy[~np.isnan(accuracy)]
    low = high = math.nan
    if len(known) > 1:
        rng = np.random.default_rng(seed)
        values = [
            statistic(known[rng.integers(len(known), size=len(known))])
            for _ in range(SUMMARY_RESAMPLES)
        ]
        tail = (1 - CONFIDENCE) / 2
        low, high = np.quantile(values, [tail, 1 - tail]).tolist()
    return dict(
        value=float(statistic(known)), low=low, high=high, entered=len(known))


BINS = 15


def calibration(labels: np.ndarray,
                predictions: np.ndarray,
                confidence: np.ndarray,
                groups: Optional[np.ndarray] = None) -> Dict[str, dict]:
    """Reliability of the largest softmax probability, by group of classes.

    Guo et al., "On Calibration of Modern Neural Networks", 2017: bins of
    equal width, and the expected calibration error (ECE), the mean of
    abs(accuracy - confidence) over bins weighed by their samples.

    Args:
        labels (np.ndarray): (N,) int64 in [0, C).
        predictions (np.ndarray): (N,) int64.
        confidence (np.ndarray): (N,) fractions; nan is left out.
        groups (np.ndarray, optional): (C,) 'head', 'middle' or 'tail' of each
            class. Defaults to None: 'all' alone.

    Returns:
        dict: 'all' and each group that has samples, to ``ece`` (a fraction),
        ``entered`` (samples) and ``bins``: low and high end, mean confidence
        and accuracy (nan if empty) and count.
    """
    known = ~np.isnan(confidence)
    correct = labels == predictions
    found = dict(all=_reliability(correct[known], confidence[known]))
    if groups is not None:
        for group in ('head', 'middle', 'tail'):
            member = known & (groups[labels] == group)
            if member.any():
                found[group] = _reliability(correct[member],
                                            confidence[member])
    return found


def _reliability(correct: np.ndarray, confidence: np.ndarray) -> dict:
    edges = np.linspace(0, 1, BINS + 1)
    # A bin holds its upper end, so that 1 needs no bin of its own.
    place = np.clip(np.searchsorted(edges, confidence) - 1, 0, BINS - 1)
    count = np.bincount(place, minlength=BINS)
    right = np.bincount(place, correct, BINS)
    sure = np.bincount(place, confidence, BINS)
    total = len(confidence)
    ece = float(np.abs(right - sure).sum() / total) if total else math.nan
    bins = [
        dict(
            low=float(edges[b]),
            high=float(edges[b + 1]),
            confidence=float(sure[b] / n) if n else math.nan,
            accuracy=float(right[b] / n) if n else math.nan,
            count=int(n)) for b, n in enumerate(count)
    ]
    return dict(bins=bins, ece=ece, entered=total)


class Confusion(NamedTuple):
    """Samples of one class that were predicted as another.

    Attributes:
        true (int): Class of the samples.
        predicted (int): Class they were taken for.
        count (int): Number of samples.
        share (float): Of all test samples of the true class.
    """
    true: int
    predicted: int
    count: int
    share: float


def confusions(labels: np.ndarray, predictions: np.ndarray,
               num_classes: int) -> List[Confusion]:
    """All pairs of classes that were confused, the most frequent first.

    No (C, C) table is made, so that many classes cost nothing.

    Args:
        labels (np.ndarray): (N,) int64 in [0, C).
        predictions (np.ndarray): (N,) int64 in [0, C).
        num_classes (int): C.

    Returns:
        list[Confusion]: By falling count, then rising true and predicted
        class.
    """
    count = np.bincount(labels, minlength=num_classes)
    wrong = labels != predictions
    codes, times = np.unique(
        labels[wrong] * num_classes + predictions[wrong], return_counts=True)
    order = np.argsort(-times, kind='stable')
    return [
        Confusion(
            int(code // num_classes), int(code % num_classes), int(n),
            float(n / count[code // num_classes]))
        for code, n in zip(codes[order], times[order])
    ]


def top_of_each_class(found: List[Confusion]) -> dict:
    """The most frequent confusion of each class that has one, by class."""
    top = {}
    for confusion in found:
        top.setdefault(confusion.true, confusion)
    return top


def pairs_of(found: List[Confusion]) -> List[Tuple[int, int]]:
    """(true, predicted) of each confusion."""
    return [(confusion.true, confusion.predicted) for confusion in found]


CLASSES, IMAGES = 8, 6


def hardest_images(bank: FeatureBank, accuracy: np.ndarray) -> List[dict]:
    """Wrongly classified images of the worst classes.

    Args:
        bank (FeatureBank): Test split with paths and predictions; without
            them there are none.
        accuracy (np.ndarray): (C,) fractions or nan.

    Returns:
        list[dict]: Of the 8 worst classes, worst first, up to 6 images each:
        class, name, path, true and predicted class, predicted_name, and
        score, the confidence of the wrong prediction, largest first (nan and
        in the order of the split where it is not known).
    """
    if bank.paths is None or bank.predictions is None:
        return []
    worst = np.argsort(accuracy, kind='stable')  # nan comes last
    worst = worst[~np.isnan(accuracy[worst])][:CLASSES]
    images = []
    for c in worst.tolist():
        wrong = np.flatnonzero((bank.labels == c) & (bank.predictions != c))
        if bank.confidence is not None:
            order = np.argsort(-bank.confidence[wrong], kind='stable')
            wrong = wrong[order]
        for i in wrong[:IMAGES].tolist():
            predicted = int(bank.predictions[i])
            score = math.nan
            if bank.confidence is not None:
                score = float(bank.confidence[i])
            images.append({
                'class': c,
                'name': bank.class_names[c],
                'path': bank.paths[i],
                'true': c,
                'predicted': predicted,
                'predicted_name': bank.class_names[predicted],
                'score': score,
            })
    return images


def off_trend(curvature: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Distance of each class from the line of accuracy over curvature.

    Args:
        curvature (np.ndarray): (C,), nan or infinite where not known.
        accuracy (np.ndarray): (C,), nan where not known.

    Returns:
        np.ndarray: (C,) residuals of the least-squares line in units of their
        standard deviation (with C - 2 degrees of freedom); positive where the
        class is better than the line. nan where either is not known, and
        everywhere if fewer than 4 classes are known or one of the two is
        constant.
    """
    known = np.isfinite(curvature) & np.isfinite(accuracy)
    z = np.full(len(curvature), math.nan)
    x, y = curvature[known], accuracy[known]
    if len(x) < 4 or not np.ptp(x) or not np.ptp(y):
        return z
    x = x / np.abs(x).max()  # squares of any unit stay finite
    x = x - x.mean()
    residual = y - y.mean() - x * (x @ y) / (x @ x)
    deviation = math.sqrt(residual @ residual / (len(x) - 2))
    if deviation > 1e-12:
        z[known] = residual / deviation
    return z


MEASURES = ('curvature', 'log_curvature', 'volume', 'separation', 'radius',
            'intrinsic_dimension', 'train_count')
# Values shuffled per p-value: with thousands of classes fewer permutations.
MOST_VALUES = 2e7
PERMUTATIONS, RESAMPLES, FEWEST = 9999, 2000, 499


def correlation_table(columns: Dict[str, np.ndarray],
                      accuracy: np.ndarray,
                      train_counts: Optional[np.ndarray] = None,
                      seed: int = 0) -> Dict[str, dict]:
    """Correlation of every measure with class accuracy.

    Pearson as Ma et al. report it (sections 4 and 5.3); rank correlation,
    permutation p-values, bootstrap intervals and the partial correlation
    given log training count are additions.

    Args:
        columns (dict): Measure to its values (C,). Infinite values, which an
            overflow or a flat class gives, are left out as nan is.
        accuracy (np.ndarray): (C,) fractions or nan.
        train_counts (np.ndarray, optional): (C,) training images. Defaults to
            None, which leaves the partial correlations nan.
        seed (int): Of permutations and bootstrap. Defaults to 0.

    Returns:
        dict: Measure to pearson, pearson_p, pearson_low, pearson_high, the
        same for spearman, partial_pearson, partial_spearman, partial_p (of
        the partial Pearson), entered, permutations, and ``why``, which says
        why there is no correlation, or is None.
    """
    return {
        measure: _of_measure(measure, values, accuracy, train_counts, seed)
        for measure, values in columns.items()
    }


def quick_correlation(kind: Callable, values: np.ndarray,
                      accuracy: np.ndarray) -> float:
    """Coefficient alone; nan where there is none.

    Args:
        kind (Callable): ``pearson`` or ``spearman``.
        values (np.ndarray): (C,).
        accuracy (np.ndarray): (C,).
    """
    try:
        return kind(_finite(values), accuracy, 0, 0).value
    except ValueError:
        return math.nan


def _of_measure(measure: str, values: np.ndarray, accuracy: np.ndarray,
                train_counts: Optional[np.ndarray], seed: int) -> dict:
    values = _finite(values)
    entry = dict.fromkeys(
        ('pearson', 'pearson_p', 'pearson_low', 'pearson_high', 'spearman',
         'spearman_p', 'spearman_low', 'spearman_high', 'partial_pearson',
         'partial_spearman', 'partial_p'), math.nan)
    both = ~np.isnan(values) & ~np.isnan(accuracy)
    entry.update(entered=int(both.sum()), permutations=0, why=None)
    draws = dict(
        permutations=int(
            min(PERMUTATIONS, max(FEWEST, MOST_VALUES // max(1, both.sum())))),
        resamples=int(
            min(RESAMPLES, max(FEWEST, MOST_VALUES // max(1, both.sum())))),
        seed=seed)
    try:
        linear = pearson(values, accuracy, **draws)
        entry.update(_fields('pearson', linear))
        entry.update(_fields('spearman', spearman(values, accuracy, **draws)))
        entry.update(permutations=linear.permutations)
    except ValueError as error:
        entry['why'] = str(error)
        return entry
    if train_counts is None or measure == 'train_count':
        return entry
    try:
        given = partial_correlation(values, accuracy, train_counts, **draws)
        ranked = partial_correlation(
            values,
            accuracy,
            train_counts,
            kind='spearman',
            permutations=0,
            resamples=0)
        entry.update(
            partial_pearson=given.value,
            partial_p=given.p_value,
            partial_spearman=ranked.value)
    except ValueError as error:
        entry['why'] = f'partial correlation: {error}'
    return entry


def _fields(name: str, found: Correlation) -> dict:
    return {
        name: found.value,
        f'{name}_p': found.p_value,
        f'{name}_low': found.low,
        f'{name}_high': found.high
    }


def _finite(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    return np.where(np.isfinite(values), values, math.nan)
