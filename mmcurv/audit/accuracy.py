# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is known of each class's accuracy, and what is made of it.

Which classes are taken for which, whether a model is right as often as it is
sure, and how each measure of the classes goes with their accuracy.
"""
import math
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from mmcurv.fairness import (adjusted_correlation, below_the_rest,
                             benjamini_hochberg, class_accuracy,
                             classes_differ, group_names, holm, mean_interval,
                             noise_alone, pearson, spearman, spearman_interval,
                             true_variance, wilson_interval, without_noise,
                             worst_class)
from mmcurv.fairness.accuracy import worst_of
from mmcurv.fairness.correlation import permutation_p_values, ranks
from mmcurv.fairness.spread import gini_of
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


CONFIDENCE = 0.95
FALSE_DISCOVERIES = 0.05
GROUPS = ('head', 'middle', 'tail')
# Numbers that noise of few images makes worse, of accuracies (..., entered).
OF_SPREAD: Dict[str, Callable] = dict(
    variance=lambda accuracy: accuracy.var(-1),
    bias=lambda accuracy: np.maximum(
        accuracy.max(-1) / (accuracy.min(-1) + 0.01) - 1, 0),
    gini=gini_of,
    worst_class=lambda accuracy: accuracy.min(-1),
    worst_10pct=lambda accuracy: worst_of(accuracy, 0.1),
)


def accuracy_summary(scores: ClassScores, train_counts: Optional[np.ndarray],
                     bank: FeatureBank, options: AuditOptions,
                     f1: Optional[np.ndarray]) -> Dict[str, dict]:
    """Summary of class accuracies, as fractions.

    Args:
        scores (ClassScores): Of C classes.
        train_counts (np.ndarray, optional): (C,) training images; None leaves
            the groups out.
        bank (FeatureBank): What the scores are of.
        options (AuditOptions): Thresholds of the groups, and the seed.
        f1 (np.ndarray, optional): (C,) F1 of each class; None where there are
            no predictions.

    Returns:
        dict: Name to ``value``; ``entered``, the number of classes with a
        known accuracy; ``low`` and ``high``, the 95 % interval over test
        images within the classes (``interval`` 'images'), nan where none is
        known to hold (``interval`` None). Means also have ``spread``: the
        standard deviation and the 10th and 90th percentile of the class
        accuracies behind them. Numbers that noise makes worse also have
        ``corrected``, without it (of variance and Gini; nan of the others, of
        which none is known to be right), and ``noise``, what they would be if
        all classes were equally good. Groups have ``classes``, the worst class
        ``class`` and ``name``.
    """
    summary = dict(overall=_mean(scores, weights=scores.count))
    summary['overall']['value'] = scores.overall
    summary['class_mean'] = _mean(scores, spread=True)
    for name in OF_SPREAD:
        summary[name] = _spread(scores, name, options.seed)
    worst = worst_class(scores.accuracy)
    name = None if worst.index is None else bank.class_names[worst.index]
    summary['worst_class'].update({'class': worst.index, 'name': name})
    groups = groups_of(train_counts, options)
    for group in GROUPS:
        members = np.zeros(len(scores.accuracy), bool)
        if groups is not None:
            members = groups == group
        summary[group] = dict(
            _mean(scores, members, spread=True), classes=int(members.sum()))
    if f1 is not None:
        known = f1[~np.isnan(f1)]
        summary['macro_f1'] = _entry(
            float(known.mean()) if known.size else math.nan, known.size)
    if bank.top5 is not None:
        right = np.bincount(bank.labels, bank.top5, bank.num_classes)
        top5 = scores._replace(
            correct=right.astype(np.int64), accuracy=right / scores.count)
        summary['top5'] = _mean(top5, weights=scores.count)
    return summary


def groups_of(train_counts: Optional[np.ndarray],
              options: AuditOptions) -> Optional[np.ndarray]:
    """(C,) 'head', 'middle' or 'tail'; None without training counts."""
    if train_counts is None:
        return None
    return group_names(train_counts, options.head_above, options.tail_below)


def _entry(value: float,
           entered: int,
           low: float = math.nan,
           high: float = math.nan) -> dict:
    known = not math.isnan(low)
    return dict(
        value=value,
        low=low,
        high=high,
        entered=int(entered),
        interval='images' if known else None)


def _mean(scores: ClassScores,
          members=slice(None),
          weights: Optional[np.ndarray] = None,
          spread: bool = False) -> dict:
    accuracy = scores.accuracy[members]
    known = accuracy[~np.isnan(accuracy)]
    if scores.count is None:
        entry = _entry(
            float(known.mean()) if known.size and weights is None and spread
            else math.nan, known.size if spread else 0)
    else:
        mean, low, high = mean_interval(
            scores.correct[members], scores.count[members],
            None if weights is None else weights[members], CONFIDENCE)
        entry = _entry(mean, known.size, low, high)
    if spread:
        entry['spread'] = None
        if known.size > 1:
            low, high = np.quantile(known, [0.1, 0.9])
            entry['spread'] = dict(
                sd=float(known.std()), q10=float(low), q90=float(high))
    return entry


def _spread(scores: ClassScores, name: str, seed: int) -> dict:
    known = scores.accuracy[~np.isnan(scores.accuracy)]
    entry = _entry(
        float(OF_SPREAD[name](known)) if known.size else math.nan, known.size)
    entry.update(corrected=math.nan, noise=math.nan)
    if scores.count is not None and known.size:
        entry.update(
            corrected=corrected(name, scores.correct, scores.count),
            noise=noise_alone(
                scores.correct, scores.count, OF_SPREAD[name], seed=seed))
    return entry


def corrected(name: str, correct: np.ndarray, count: np.ndarray) -> float:
    """A number of ``OF_SPREAD`` without noise; nan where none is known.

    Of 100 classes of 10 images the worst tenth came out too good by as much
    as the plain one is too bad, so that there is none of single classes.
    """
    if name == 'variance':
        return true_variance(correct, count)[1]
    if name == 'gini':
        truer = without_noise(correct, count)
        return float(gini_of(truer[~np.isnan(truer)]))
    return math.nan


def failing_classes(scores: ClassScores) -> Dict[str, np.ndarray]:
    """Classes that are worse than the rest by more than chance.

    Returns:
        dict: ``p`` and ``q``, (C,) p-values of
        :func:`~mmcurv.fairness.below_the_rest` and those adjusted for the
        number of classes (Benjamini and Hochberg), nan where not known.
    """
    p = np.full(len(scores.accuracy), math.nan)
    if scores.count is not None:
        p = below_the_rest(scores.correct, scores.count)
    return dict(p=p, q=benjamini_hochberg(p))


def differ(scores: ClassScores, seed: int) -> dict:
    """``classes_differ`` of the audit record."""
    if scores.count is None:
        return dict(
            p_value=math.nan,
            statistic=math.nan,
            df=0,
            method=None,
            permutations=0,
            entered=0,
            why='The numbers of test images are not known.')
    found = classes_differ(scores.correct, scores.count, seed=seed)
    why = None
    if math.isnan(found.p_value):
        why = 'Fewer than two classes have test images.'
    return dict(vars(found), why=why)


def precision_and_f1(labels: np.ndarray, predictions: np.ndarray,
                     num_classes: int) -> Dict[str, np.ndarray]:
    """Of each class, (C,); nan where it is not defined.

    Returns:
        dict: ``predicted_count``, images predicted as the class;
        ``precision``, the share of them that are of it, nan if there are
        none; ``f1``, 2 correct / (predicted + actual), nan if neither.
    """
    correct = np.bincount(labels[labels == predictions], minlength=num_classes)
    actual = np.bincount(labels, minlength=num_classes)
    predicted = np.bincount(predictions, minlength=num_classes)
    with np.errstate(invalid='ignore', divide='ignore'):
        return dict(
            predicted_count=predicted,
            precision=correct / predicted,
            f1=2 * correct / (predicted + actual))


BINS = 15


def calibration(bank: FeatureBank,
                groups: Optional[np.ndarray] = None) -> Dict[str, dict]:
    """Reliability of the largest softmax probability, by group of classes.

    Guo et al., "On Calibration of Modern Neural Networks", 2017: bins of
    equal width, and the expected calibration error (ECE), the mean of
    abs(accuracy - confidence) over bins weighed by their samples.

    Args:
        bank (FeatureBank): With predictions and confidence, whose nan is
            left out.
        groups (np.ndarray, optional): (C,) 'head', 'middle' or 'tail' of each
            class. Defaults to None: 'all' alone.

    Returns:
        dict: 'all' and each group that has samples, to ``ece`` (a fraction),
        ``entered`` (samples), ``bins``: low and high end, mean confidence
        and accuracy (nan if empty) and count, and ``nll`` and ``brier``, the
        means of minus the log likelihood and of the Brier score (0 to 2),
        nan without scores.
    """
    known = ~np.isnan(bank.confidence)
    members = dict(all=known)
    if groups is not None:
        for group in GROUPS:
            member = known & (groups[bank.labels] == group)
            if member.any():
                members[group] = member
    correct = bank.labels == bank.predictions
    found = {}
    for name, member in members.items():
        found[name] = _reliability(correct[member], bank.confidence[member])
        for score in ('nll', 'brier'):
            values = getattr(bank, score)
            found[name][score] = math.nan
            if values is not None and member.any():
                found[name][score] = float(values[member].mean())
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


def confused_pairs(found: List[Confusion], count: np.ndarray) -> List[dict]:
    """Confusions both ways, the most frequent pair first.

    Args:
        found (list[Confusion]): All of them.
        count (np.ndarray): (C,) test samples.

    Returns:
        list[dict]: ``a`` < ``b``, classes; ``a_as_b`` and ``b_as_a``,
        samples; ``count``, both together; ``share`` of the samples of both.
    """
    pairs: Dict[tuple, dict] = {}
    for one in found:
        a, b = sorted((one.true, one.predicted))
        pair = pairs.setdefault((a, b), dict(a=a, b=b, a_as_b=0, b_as_a=0))
        pair['a_as_b' if one.true == a else 'b_as_a'] = one.count
    for pair in pairs.values():
        pair['count'] = pair['a_as_b'] + pair['b_as_a']
        pair['share'] = pair['count'] / int(count[[pair['a'], pair['b']
                                                   ]].sum())
    return sorted(
        pairs.values(),
        key=lambda pair: (-pair['count'], pair['a'], pair['b']))


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
            'intrinsic_dimension', 'neighbor_purity', 'relative_spread',
            'train_count')
GIVEN = ('train_count', 'separation')
# Values shuffled per p-value: with thousands of classes fewer permutations.
MOST_VALUES, PERMUTATIONS, FEWEST = 2e7, 9999, 499
LEAST_CLASSES = 4
ALPHA = 0.05


def correlation_table(columns: Dict[str, np.ndarray],
                      accuracy: np.ndarray,
                      seed: int = 0) -> Dict[str, dict]:
    """Correlation of every measure with class accuracy.

    Pearson as Ma et al. report it (sections 4 and 5.3); rank correlation,
    p-values and partial correlations are additions. Holm's correction is
    over the measures that contend to explain the accuracy: all but the log
    curvature, which has the ranks of the curvature.

    Args:
        columns (dict): Measure to its values (C,); nan and infinite values,
            which an overflow or a flat class gives, are left out.
        accuracy (np.ndarray): (C,) fractions or nan.
        seed (int): Of the permutations. Defaults to 0.

    Returns:
        dict: Measure to pearson, pearson_p, spearman, spearman_p,
        spearman_low, spearman_high, holm_p (of spearman_p), partial_pearson,
        partial_spearman and partial_p (Student's t, of the latter) given the
        log training count and the separation, ``given`` (those of the two
        that were), entered, permutations, p_floor (what a p-value cannot
        fall below) and ``why``, which says why there is no correlation, or is
        None.
    """
    columns = {name: _finite(values) for name, values in columns.items()}
    entries = {name: _no_correlation() for name in columns}
    known = {}  # classes that have a measure, to the measures
    for name, values in columns.items():
        both = ~np.isnan(values) & ~np.isnan(accuracy)
        entries[name]['entered'] = size = int(both.sum())
        if size < LEAST_CLASSES:
            entries[name]['why'] = (
                f'{size} of {len(values)} classes have both numbers, fewer '
                f'than {LEAST_CLASSES}: nothing can be said.')
        elif not np.ptp(values[both]) or not np.ptp(accuracy[both]):
            what = name if np.ptp(accuracy[both]) else 'accuracy'
            entries[name]['why'] = (
                f'{what} is the same for all {size} classes: a constant has '
                'no correlation.')
        else:
            known.setdefault(both.tobytes(), (both, []))[1].append(name)
    for both, names in known.values():
        _correlate(entries, names, [columns[name][both] for name in names],
                   accuracy[both], seed)
    contending = [name for name in entries if name != 'log_curvature']
    adjusted = holm([entries[name]['spearman_p'] for name in contending])
    for name, p_value in zip(contending, adjusted.tolist()):
        entries[name]['holm_p'] = p_value
    for name, entry in entries.items():
        if entry['why'] is None:
            _adjust(entry, name, columns, accuracy)
    return entries


def _no_correlation() -> dict:
    numbers = ('pearson', 'pearson_p', 'spearman', 'spearman_p',
               'spearman_low', 'spearman_high', 'holm_p', 'partial_pearson',
               'partial_spearman', 'partial_p')
    return dict(
        dict.fromkeys(numbers, math.nan),
        given=[],
        entered=0,
        permutations=0,
        p_floor=None,
        why=None)


def _correlate(entries: Dict[str,
                             dict], names: List[str], values: List[np.ndarray],
               accuracy: np.ndarray, seed: int) -> None:
    """Correlations of measures that are known for the same classes."""
    size = len(accuracy)
    draws = int(min(PERMUTATIONS, max(FEWEST, MOST_VALUES // size)))
    plain = np.stack([one / np.abs(one).max() for one in values], 1)
    in_ranks = ranks(plain.T).T
    linear_p, used = permutation_p_values(plain, accuracy, draws, seed)
    rank_p, _ = permutation_p_values(in_ranks, ranks(accuracy), draws, seed)
    for place, name in enumerate(names):
        linear = pearson(plain[:, place], accuracy, 0, 0).value
        ranked = spearman(plain[:, place], accuracy, 0, 0).value
        low, high = spearman_interval(ranked, size, CONFIDENCE)
        entries[name].update(
            pearson=linear,
            pearson_p=float(linear_p[place]),
            spearman=ranked,
            spearman_p=float(rank_p[place]),
            spearman_low=low,
            spearman_high=high,
            permutations=used,
            p_floor=2 / (used + 1))


def _adjust(entry: dict, name: str, columns: Dict[str, np.ndarray],
            accuracy: np.ndarray) -> None:
    """What is left of a correlation given training count and separation."""
    given = []
    for other in GIVEN:
        values = columns.get(other)
        if other == name or values is None:
            continue
        if other == 'train_count':
            values = np.log(np.where(values > 0, values, math.nan))
        both = values[~np.isnan(values + columns[name] + accuracy)]
        if both.size and np.ptp(both):  # the same for all explains nothing
            given.append((other, values))
    if not given:
        return
    entry['given'] = [other for other, _ in given]
    others = [values for _, values in given]
    entry['partial_pearson'], _ = adjusted_correlation(columns[name], accuracy,
                                                       others, 'pearson')
    entry['partial_spearman'], entry['partial_p'] = adjusted_correlation(
        columns[name], accuracy, others, 'spearman')


def verdict(correlation: Dict[str, dict], has_geometry: bool,
            has_accuracy: bool, comparable: int, classes: int) -> dict:
    """Which measure goes with accuracy, and whether curvature adds to it.

    Args:
        correlation (dict): Of :func:`correlation_table`, over comparable
            classes.
        has_geometry (bool): Whether features were given.
        has_accuracy (bool): Whether accuracies are known.
        comparable (int): Classes that entered.
        classes (int): All classes.

    Returns:
        dict: ``verdict`` of the audit record, see docs/audit.md.
    """
    known = {
        name: entry
        for name, entry in correlation.items()
        if name != 'log_curvature' and not math.isnan(entry['spearman'])
    }
    order = sorted(known, key=lambda name: -abs(known[name]['spearman']))
    clear = [name for name in order if known[name]['holm_p'] <= ALPHA]
    answer = 'clear' if clear else 'none_clear'
    if not has_geometry:
        answer = 'no_geometry'
    elif not has_accuracy:
        answer = 'no_accuracy'
    elif not known:
        answer = 'too_few'
    own = correlation.get('curvature')
    curvature, beaten_by = None, []
    if own is not None:
        fields = ('spearman', 'holm_p', 'partial_spearman', 'partial_p',
                  'given')
        curvature = {key: own[key] for key in fields}
        survives = None
        if not math.isnan(own['partial_p']):
            survives = 'curvature' in clear and own['partial_p'] <= ALPHA
        curvature['survives'] = survives
        beaten_by = [
            name for name in clear
            if not abs(known[name]['spearman']) <= abs(own['spearman'])
        ]
    return dict(
        answer=answer,
        best=(clear or order or [None])[0],
        clear=clear,
        contenders=list(known),
        alpha=ALPHA,
        classes=comparable,
        of=classes,
        curvature=curvature,
        beaten_by=beaten_by,
        sign_turns_with_k=None)


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


def _finite(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    return np.where(np.isfinite(values), values, math.nan)
