# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What changed from one audit to another, class by class."""
import math
from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from scipy import stats

from mmcurv.fairness import (PairedDifference, difference_interval,
                             paired_difference, pearson, spearman)
from .report.numbers import clean, column, listing, plural

SHOWN = 5


class Matching(NamedTuple):
    """Classes of two audits.

    Attributes:
        pairs (list[tuple]): Row of A and row of B, in the order of A.
        only_a (list[str]): Names that B does not have.
        only_b (list[str]): Names that A does not have.
    """
    pairs: List[Tuple[dict, dict]]
    only_a: List[str]
    only_b: List[str]


def match_classes(audit_a: dict, audit_b: dict) -> Matching:
    """Pair the classes of two audits by name.

    Args:
        audit_a (dict): Audit record.
        audit_b (dict): Audit record; its classes may stand in any order.

    Returns:
        Matching: At least one pair.

    Raises:
        ValueError: If a name stands for several classes of one audit, or no
            name is in both.
    """
    rows_a, rows_b = (_by_name(audit, which)
                      for audit, which in ((audit_a, 'A'), (audit_b, 'B')))
    pairs = [(row, rows_b[name]) for name, row in rows_a.items()
             if name in rows_b]
    if not pairs:
        raise ValueError(
            'expected two audits of the same classes, but no class name is '
            f'in both: A has {_some(rows_a)}, B has {_some(rows_b)}. Classes '
            'are matched by name; give both audits the same class names.')
    return Matching(pairs, [name for name in rows_a if name not in rows_b],
                    [name for name in rows_b if name not in rows_a])


def _by_name(audit: dict, which: str) -> dict:
    rows = audit['classes']
    counts = Counter(str(row['name']) for row in rows)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise ValueError(
            f'{plural(len(repeated), "class name")} of audit {which} '
            f'{"stands" if len(repeated) == 1 else "stand"} for several '
            f'classes: {_some(repeated)}. Classes are matched by name; give '
            'each class its own.')
    return {str(row['name']): row for row in rows}


def _some(names) -> str:
    names = [repr(clean(name, 40)) for name in names]
    if len(names) > SHOWN:
        return f'{", ".join(names[:SHOWN])} and {len(names) - SHOWN:,} more'
    return listing(names)


SHORT = 12  # characters of a fingerprint
SAME_FEATURES = (('layer', 'layer'), ('pooling', 'pooling of maps'),
                 ('feature_dim', 'number of features'))


def same_test_set(audit_a: dict, audit_b: dict) -> Optional[bool]:
    """Whether both accuracies are of the same images.

    Args:
        audit_a (dict): Audit record.
        audit_b (dict): Audit record.

    Returns:
        bool or None: None if a fingerprint is missing, so nobody can tell.
    """
    first, second = (
        audit['provenance'].get('accuracy_fingerprint')
        for audit in (audit_a, audit_b))
    return None if not (first and second) else first == second


def comparison_warnings(audit_a: dict, audit_b: dict,
                        matching: Matching) -> List[dict]:
    """Differences between two audits that are not differences of the models.

    Args:
        audit_a (dict): Audit record.
        audit_b (dict): Audit record.
        matching (Matching): Their classes.

    Returns:
        list[dict]: ``kind``, ``message``, ``classes`` (names) and ``loud``,
        which is True if the accuracies cannot be compared as they stand.
    """
    a, b = audit_a['provenance'], audit_b['provenance']
    warnings = _test_set(audit_a, audit_b, matching)
    warnings += _class_sets(matching)
    if _differ(a, b, 'geometry_fingerprint'):
        warnings.append(
            _warning(
                'geometry_set',
                'The geometry was measured on different images: fingerprint '
                f'{_short(a["geometry_fingerprint"])} in A, '
                f'{_short(b["geometry_fingerprint"])} in B.'))
    changed = [
        f'{label} ({clean(a[key], 60)} in A, {clean(b[key], 60)} in B)'
        for key, label in SAME_FEATURES if _differ(a, b, key)
    ]
    options_a, options_b = a.get('options') or {}, b.get('options') or {}
    changed += [
        f'option {clean(key, 40)} ({clean(options_a.get(key), 40)} in A, '
        f'{clean(options_b.get(key), 40)} in B)'
        for key in sorted({*options_a, *options_b})
        if options_a.get(key) != options_b.get(key)
    ]
    if changed:
        warnings.append(
            _warning(
                'geometry_options', 'The geometry was not measured alike: '
                f'{", ".join(changed)}. Its values cannot be compared.'))
    return warnings


def _test_set(audit_a: dict, audit_b: dict, matching: Matching) -> List[dict]:
    a, b = audit_a['provenance'], audit_b['provenance']
    warnings = []
    if _differ(a, b, 'accuracy_split'):
        warnings.append(
            _warning(
                'accuracy_split',
                f'A was tested on the {clean(a["accuracy_split"], 40)} split '
                f'and B on the {clean(b["accuracy_split"], 40)} split.', True))
    same = same_test_set(audit_a, audit_b)
    if same is False:
        warnings.append(
            _warning(
                'test_set', 'A and B were tested on different images: '
                f'fingerprint {_short(a["accuracy_fingerprint"])} in A, '
                f'{_short(b["accuracy_fingerprint"])} in B. What changed may '
                'be the test set and not the model. Test both on one split.',
                True))
    elif same is None:
        warnings.append(
            _warning(
                'test_set_unknown',
                'Whether both were tested on the same images cannot be '
                'checked: '
                f'{"A" if not a.get("accuracy_fingerprint") else "B"} has no '
                'fingerprint of its accuracy split.'))
    other = [
        str(row['name']) for row, twin in matching.pairs
        if _differ(row, twin, 'test_count')
    ]
    if other:
        warnings.append(
            _warning(
                'test_counts', f'{plural(len(other), "class", "classes")} '
                'with another number of test images in B than in A.', True,
                other))
    return warnings


def _class_sets(matching: Matching) -> List[dict]:
    warnings = []
    for only, here, there in ((matching.only_a, 'A', 'B'), (matching.only_b,
                                                            'B', 'A')):
        if only:
            warnings.append(
                _warning(
                    'classes', f'{plural(len(only), "class", "classes")} of '
                    f'{here} not in {there}, left out of every number.', True,
                    only))
    regrouped = [
        str(row['name']) for row, twin in matching.pairs
        if _differ(row, twin, 'train_count')
    ]
    if regrouped:
        warnings.append(
            _warning(
                'train_counts',
                f'{plural(len(regrouped), "class", "classes")} '
                'with another number of training images in B than in A; head, '
                'middle and tail are those of A.', False, regrouped))
    return warnings


def _differ(a: dict, b: dict, key: str) -> bool:
    """Both are known and not the same."""
    return a.get(key) is not None and b.get(key) is not None and (a[key]
                                                                  != b[key])


def _short(fingerprint) -> str:
    return clean(fingerprint, SHORT)


def _warning(kind: str, message: str, loud: bool = False, classes=()) -> dict:
    return dict(kind=kind, message=message, loud=loud, classes=list(classes))


GROUPS = ('head', 'middle', 'tail')


def compare_summary(a: dict, b: dict, resamples: int,
                    seed: int) -> Dict[str, dict]:
    """Change of every summary number over the same classes.

    A lowest class and a ratio of extremes have no interval: the bootstrap
    does not hold for extremes.

    Args:
        a (dict): ``classes``, rows of audit A.
        b (dict): ``classes``, rows of audit B in the same order.
        resamples (int): Of the bootstrap.
        seed (int): Of the bootstrap.

    Returns:
        dict: Name to ``a``, ``b``, ``value`` (b - a), ``low``, ``high`` and
        ``entered``; nan where nothing is known.
    """
    accuracy = [column(side, 'accuracy') for side in (a, b)]

    def of_classes(statistic, members=slice(None), samples=resamples):
        return _entry(
            paired_difference([accuracy[0][members]], [accuracy[1][members]],
                              statistic,
                              samples,
                              seed=seed))

    counts = [[column(side, key) for key in ('correct', 'test_count')]
              for side in (a, b)]
    summary = dict(
        overall=_entry(
            paired_difference(*counts, overall, resamples, seed=seed)),
        class_mean=of_classes(mean))
    group = np.array([
        row.get('group') or twin.get('group')
        for row, twin in zip(a['classes'], b['classes'])
    ])
    for name in GROUPS:
        summary[name] = of_classes(mean, group == name)
    summary.update(
        worst_10pct=of_classes(worst_tenth),
        worst_class=of_classes(lowest, samples=0),
        variance=of_classes(variance),
        gini=of_classes(gini),
        bias=of_classes(bias, samples=0))
    return summary


def overall(correct: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Share of all test images that are correct, (..., n) to (...)."""
    with np.errstate(invalid='ignore'):
        return correct.sum(-1) / count.sum(-1)


def mean(accuracy: np.ndarray) -> np.ndarray:
    """Mean of the class accuracies."""
    return accuracy.mean(-1)


def lowest(accuracy: np.ndarray) -> np.ndarray:
    """Accuracy of the worst class."""
    return accuracy.min(-1)


def worst_tenth(accuracy: np.ndarray) -> np.ndarray:
    """As :func:`mmcurv.fairness.worst_fraction` at 0.1."""
    taken = math.ceil(round(0.1 * accuracy.shape[-1], 9))
    return np.partition(accuracy, taken - 1)[..., :taken].mean(-1)


def variance(accuracy: np.ndarray) -> np.ndarray:
    """As :func:`mmcurv.fairness.accuracy_variance`."""
    return accuracy.var(-1)


def gini(accuracy: np.ndarray) -> np.ndarray:
    """As :func:`mmcurv.fairness.gini`."""
    ordered = np.sort(accuracy)
    size, total = ordered.shape[-1], ordered.sum(-1)
    weights = 2 * np.arange(1, size + 1) - size - 1
    unequal = (ordered - ordered[..., :1]) @ weights
    return unequal / (size * np.where(total == 0, 1, total))


def bias(accuracy: np.ndarray) -> np.ndarray:
    """As :func:`mmcurv.fairness.max_min_bias` at its default eps."""
    ratio = accuracy.max(-1) / (accuracy.min(-1) + 0.01)
    return np.maximum(ratio - 1, 0)


def _entry(found: PairedDifference) -> dict:
    return dict(
        a=found.first,
        b=found.second,
        value=found.value,
        low=found.low,
        high=found.high,
        entered=found.entered)


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


SCHEMA, SCHEMA_VERSION = 'mmcurv.comparison', 1


def compare(audit_a: dict,
            audit_b: dict,
            resamples: int = 2000,
            seed: int = 0) -> dict:
    """Compare two audits of the same classes; every change is B minus A.

    Classes are matched by name, and every number is over the classes that
    both audits have. Intervals of the summary and of the geometry are paired
    bootstraps: classes are resampled, each with both of its values.

    Args:
        audit_a (dict): Audit record, the earlier or the baseline.
        audit_b (dict): Audit record.
        resamples (int): Of the bootstraps. Defaults to 2000.
        seed (int): Of the bootstraps. Defaults to 0.

    Returns:
        dict: Record of schema 'mmcurv.comparison': ``a`` and ``b`` (where
        they are from), ``same_test_set``, ``summary``, ``classes``, ``gained``
        and ``paid`` (names, largest change first), ``geometry`` and
        ``warnings``. nan stands for unknown.

    Raises:
        ValueError: If the audits have no class name in common, or a name
            stands for several classes.
    """
    matching = match_classes(audit_a, audit_b)
    a, b = (dict(classes=list(rows)) for rows in zip(*matching.pairs))
    rows = _class_rows(a, b)
    return dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        a=audit_a['provenance'],
        b=audit_b['provenance'],
        same_test_set=same_test_set(audit_a, audit_b),
        summary=compare_summary(a, b, resamples, seed),
        classes=rows,
        gained=_named(rows, 'gained'),
        paid=_named(rows, 'paid'),
        geometry=compare_geometry(a, b, resamples, seed),
        only_a=matching.only_a,
        only_b=matching.only_b,
        warnings=comparison_warnings(audit_a, audit_b, matching))


def _class_rows(a: dict, b: dict) -> List[dict]:
    first, second = (column(side, 'accuracy') for side in (a, b))
    low, high = _intervals(a, b)
    moved = {
        key: column(b, key) - column(a, key)
        for key in ('log_curvature', 'volume', 'separation')
    }
    return [
        dict({f'{key}_change': float(moved[key][c])
              for key in moved},
             name=row['name'],
             class_a=row['class'],
             class_b=twin['class'],
             group=row.get('group') or twin.get('group'),
             train_count=row.get('train_count'),
             test_count=row.get('test_count'),
             accuracy_a=float(first[c]),
             accuracy_b=float(second[c]),
             change=float(second[c] - first[c]),
             low=float(low[c]),
             high=float(high[c]),
             outcome=_outcome(low[c], high[c]))
        for c, (row, twin) in enumerate(zip(a['classes'], b['classes']))
    ]


def _intervals(a: dict, b: dict) -> tuple:
    counts = [
        column(side, key) for side in (a, b)
        for key in ('correct', 'test_count')
    ]
    known = np.isfinite(counts).all(0)
    # A class without counts is one without images: its interval is nan.
    found = difference_interval(*(np.where(known, values, 0).astype(int)
                                  for values in counts))
    return found.low, found.high


def _outcome(low: float, high: float) -> Optional[str]:
    if np.isnan(low):
        return None
    return 'gained' if low > 0 else 'paid' if high < 0 else 'unclear'


def _named(rows: List[Dict], outcome: str) -> List[str]:
    members = [row for row in rows if row['outcome'] == outcome]
    members.sort(key=lambda row: -abs(row['change']))
    return [row['name'] for row in members]
