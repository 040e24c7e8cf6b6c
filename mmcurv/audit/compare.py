# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What changed from one audit to another, class by class."""
import math
from collections import Counter
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from scipy.special import stdtrit

from mmcurv.fairness import (Correlation, benjamini_hochberg,
                             difference_interval, mcnemar_test, mean_interval,
                             paired_interval, paired_mean_interval, pearson,
                             spearman, spearman_interval, two_accuracies_test)
from mmcurv.numbers import MOVED, clean, column, listing, plural
from .accuracy import GROUPS, OF_SPREAD, corrected
from .records import unpack_images

SHOWN = 5  # names


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
        bool or None: None if nobody can tell: a fingerprint is missing, the
        two are of different things, or they are of features, which another
        model has other ones of the same images.
    """
    (first,
     kind_a), (second,
               kind_b) = ((audit['provenance'].get('accuracy_fingerprint'),
                           audit['provenance'].get('accuracy_fingerprint_of'))
                          for audit in (audit_a, audit_b))
    if not (first and second) or kind_a is None or kind_a != kind_b:
        return None
    if first == second:
        return True
    return None if kind_a == 'features' else False


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
                'checked: not both name their data set, sample ids or '
                'paths.'))
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


class Images(NamedTuple):
    """Test images of C matched classes that two audits share.

    Attributes:
        only_a (np.ndarray): (C,) images that only the model of A gets right.
        only_b (np.ndarray): (C,) those of B.
        count (np.ndarray): (C,) images.
    """
    only_a: np.ndarray
    only_b: np.ndarray
    count: np.ndarray


OF_SPREAD_AFTER = ('worst_10pct', 'worst_class', 'variance', 'gini', 'bias')


def compare_summary(a: dict, b: dict, images: Optional[Images]) -> dict:
    """Change of every summary number over the same classes.

    Args:
        a (dict): ``classes``, rows of audit A.
        b (dict): ``classes``, rows of audit B in the same order.
        images (Images, optional): The images of both; None if they cannot
            be paired.

    Returns:
        dict: Name to ``a``, ``b``, ``value`` (b - a), ``entered``, and the
        95 % interval ``low``, ``high`` over images within the classes, whose
        ``interval`` says which: 'paired images' or 'independent images'; nan
        and None where none is known to hold. ``p_value`` of overall is
        McNemar's. Numbers that noise makes worse have ``a_corrected`` and
        ``b_corrected``.
    """
    sides = [_Side(a), _Side(b)]
    weights = sides[0].count
    summary = dict(
        overall=_mean_change(sides, images, weights=weights, overall=True),
        class_mean=_mean_change(sides, images))
    group = np.array([
        row.get('group') or twin.get('group')
        for row, twin in zip(a['classes'], b['classes'])
    ])
    for name in GROUPS:
        summary[name] = _mean_change(sides, images, group == name)
    for name in OF_SPREAD_AFTER:
        summary[name] = _spread_change(sides, name)
    if images is not None:
        summary['overall']['p_value'] = float(
            mcnemar_test([images.only_a.sum()], [images.only_b.sum()])[0])
    return summary


class _Side:
    """Accuracies (C,) of one audit, and counts, nan where not known."""

    def __init__(self, audit: dict) -> None:
        self.accuracy = column(audit, 'accuracy')
        self.correct = column(audit, 'correct')
        self.count = column(audit, 'test_count')

    def counts(self, which: np.ndarray) -> tuple:
        return (self.correct[which].astype(np.int64),
                self.count[which].astype(np.int64))


def _change(a: float, b: float, entered: int) -> dict:
    return dict(
        a=float(a),
        b=float(b),
        value=float(b - a),
        low=math.nan,
        high=math.nan,
        entered=int(entered),
        interval=None,
        p_value=None,
        a_corrected=None,
        b_corrected=None)


def _mean_change(sides: list,
                 images: Optional[Images],
                 members: Optional[np.ndarray] = None,
                 weights: Optional[np.ndarray] = None,
                 overall: bool = False) -> dict:
    both = ~np.isnan(sides[0].accuracy + sides[1].accuracy)
    if members is not None:
        both &= members
    counted = both & np.isfinite(sides[0].count + sides[1].count +
                                 sides[0].correct + sides[1].correct)
    counted &= (sides[0].count > 0) & (sides[1].count > 0)
    with np.errstate(invalid='ignore', divide='ignore'):
        if overall:
            means = [
                side.correct[counted].sum() / side.count[counted].sum()
                for side in sides
            ]
        else:
            means = [
                side.accuracy[both].mean() if both.any() else math.nan
                for side in sides
            ]
    entry = _change(*means, (counted if overall else both).sum())
    if not counted.any() or not overall and (counted != both).any():
        return entry
    if images is not None:
        _, low, high = paired_mean_interval(
            images.only_a[counted], images.only_b[counted],
            images.count[counted], weights[counted] if overall else None)
        entry.update(low=low, high=high, interval='paired images')
        return entry
    ends = [
        mean_interval(*side.counts(counted),
                      side.count[counted] if overall else None)
        for side in sides
    ]
    (mean_a, low_a, high_a), (mean_b, low_b, high_b) = ends
    # Newcombe's way from two intervals to that of their difference.
    change = mean_b - mean_a
    entry.update(
        low=change - math.hypot(mean_b - low_b, high_a - mean_a),
        high=change + math.hypot(high_b - mean_b, mean_a - low_a),
        interval='independent images')
    return entry


def _spread_change(sides: list, name: str) -> dict:
    both = ~np.isnan(sides[0].accuracy + sides[1].accuracy)
    if not both.any():
        return _change(math.nan, math.nan, 0)
    entry = _change(*(OF_SPREAD[name](side.accuracy[both]) for side in sides),
                    both.sum())
    for which, side in zip(('a', 'b'), sides):
        known = both & np.isfinite(side.count + side.correct)
        if known.any() and (known == both).all():
            value = corrected(name, *side.counts(known))
            entry[f'{which}_corrected'] = None if math.isnan(value) else value
    return entry


def compare_geometry(a: dict, b: dict, permutations: int,
                     seed: int) -> Dict[str, dict]:
    """Change of every measure over the same classes.

    Args:
        a (dict): ``classes``, rows of audit A.
        b (dict): ``classes``, rows of audit B in the same order.
        permutations (int): Of the p-values.
        seed (int): Of these.

    Returns:
        dict: Measure to ``a`` and ``b`` (means over classes), ``value`` (mean
        change), ``low``, ``high`` (95 %, Student's t over the classes;
        ``interval`` 'classes'), ``entered``, ``wilcoxon_p`` (signed-rank
        test of the changes), ``order`` (Spearman's correlation of the classes
        in A and in B), and of the measure's change with the change of
        accuracy ``pearson``, ``pearson_p``, ``spearman``, ``spearman_p``,
        ``spearman_low``, ``spearman_high``. nan where it is not known.
    """
    gain = column(b, 'accuracy') - column(a, 'accuracy')
    entries = {}
    for measure in MOVED:
        before, after = column(a, measure), column(b, measure)
        change = after - before
        known = np.isfinite(change)
        entry = dict.fromkeys(('a', 'b', 'value', 'low', 'high', 'wilcoxon_p',
                               'order', 'pearson', 'pearson_p', 'spearman',
                               'spearman_p', 'spearman_low', 'spearman_high'),
                              math.nan)
        entry.update(entered=int(known.sum()), interval=None)
        entries[measure] = entry
        if not known.any():
            continue
        entry.update(
            a=float(before[known].mean()),
            b=float(after[known].mean()),
            value=float(change[known].mean()),
            wilcoxon_p=_wilcoxon(change[known]),
            order=_correlation(spearman, before, after, 0, seed).value)
        if known.sum() > 2:
            size = int(known.sum())
            half = stdtrit(size - 1, 0.975) * float(
                change[known].std(ddof=1)) / math.sqrt(size)
            entry.update(
                low=entry['value'] - half,
                high=entry['value'] + half,
                interval='classes')
        for name, kind in (('pearson', pearson), ('spearman', spearman)):
            found = _correlation(kind, change, gain, permutations, seed)
            entry.update({name: found.value, f'{name}_p': found.p_value})
        low, high = spearman_interval(entry['spearman'], found.entered)
        entry.update(spearman_low=low, spearman_high=high)
    return entries


def _wilcoxon(change: np.ndarray) -> float:
    if change.size < 2:
        return math.nan
    if not change.any():
        return 1.
    from scipy.stats import wilcoxon  # takes most of a second
    return float(wilcoxon(change).pvalue)


def _correlation(kind, x: np.ndarray, y: np.ndarray, draws: int,
                 seed: int) -> Correlation:
    known = np.isfinite(x + y)
    x, y = x[known], y[known]
    if x.size < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation('', *[math.nan] * 4, 0.95, int(x.size), 0, 0)
    return kind(x, y, draws, 0, seed=seed)


SCHEMA, SCHEMA_VERSION = 'mmcurv.comparison', 2
FALSE_DISCOVERIES = 0.05


def compare(audit_a: dict,
            audit_b: dict,
            permutations: int = 1999,
            seed: int = 0,
            same_images: Optional[bool] = None) -> dict:
    """Compare two audits of the same classes; every change is B minus A.

    Classes are matched by name, and every number is over the classes that
    both audits have. Where both were tested on the same images, the tests
    and intervals are paired, image by image.

    Args:
        audit_a (dict): Audit record, the earlier or the baseline.
        audit_b (dict): Audit record.
        permutations (int): Of the p-values of correlations. Defaults to 1999.
        seed (int): Of these. Defaults to 0.
        same_images (bool, optional): True if the caller knows that both list
            the same images in one order, False to compare them as different
            ones. Defaults to None: as their fingerprints say.

    Returns:
        dict: Record of schema 'mmcurv.comparison' version 2, see
        docs/audit.md; nan stands for unknown.

    Raises:
        ValueError: If the audits have no class name in common, a name stands
            for several classes, or ``same_images`` and the images say
            otherwise.
    """
    matching = match_classes(audit_a, audit_b)
    a, b = (dict(classes=list(rows)) for rows in zip(*matching.pairs))
    images, why = paired_images(audit_a, audit_b, matching, same_images)
    rows = _class_rows(a, b, images)
    method = ("McNemar's exact test, paired images" if images is not None else
              "Fisher's exact test, images not paired")
    tested = sum(row['p_value'] is not None for row in rows)
    return dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        a=audit_a['provenance'],
        b=audit_b['provenance'],
        same_test_set=same_test_set(audit_a, audit_b),
        paired=images is not None,
        unpaired_why=why,
        images=None if images is None else int(images.count.sum()),
        tests=dict(
            method=method,
            correction='Benjamini-Hochberg',
            level=FALSE_DISCOVERIES,
            classes=tested),
        summary=compare_summary(a, b, images),
        classes=rows,
        gained=_named(rows, 'gained'),
        paid=_named(rows, 'paid'),
        newly_failing=[
            row['name'] for row in rows
            if row['failing_b'] and row['failing_a'] is False
        ],
        no_longer_failing=[
            row['name'] for row in rows
            if row['failing_a'] and row['failing_b'] is False
        ],
        geometry=compare_geometry(a, b, permutations, seed),
        only_a=matching.only_a,
        only_b=matching.only_b,
        warnings=comparison_warnings(audit_a, audit_b, matching))


def paired_images(
        audit_a: dict, audit_b: dict, matching: Matching,
        same_images: Optional[bool]) -> Tuple[Optional[Images], Optional[str]]:
    """The images of both audits, or why they cannot be paired.

    Args:
        audit_a (dict): Audit record.
        audit_b (dict): Audit record.
        matching (Matching): Their classes.
        same_images (bool, optional): What the caller knows of them.

    Returns:
        tuple: Images and None, or None and one sentence.
    """
    same = same_test_set(audit_a, audit_b)
    packed = [audit.get('images') for audit in (audit_a, audit_b)]
    why = None
    if same_images is False:
        why = 'It was asked for independent images.'
    elif None in packed:
        which = 'A' if packed[0] is None else 'B'
        why = f'{which} does not hold which images were right.'
    elif same is False and not same_images:
        why = 'They were tested on different images.'
    elif same is None and not same_images:
        why = ('Nothing tells whether the images are the same: no data set, '
               'sample ids or paths of both. If they are, in one order, say '
               'so with --same-images (same_images=True).')
    if why is not None:
        return None, why
    (labels_a, right_a), (labels_b, right_b) = map(unpack_images, packed)
    place_a = _places(audit_a, labels_a, [row for row, _ in matching.pairs])
    place_b = _places(audit_b, labels_b, [twin for _, twin in matching.pairs])
    if len(place_a) != len(place_b) or (place_a != place_b).any():
        why = (f'A lists {len(place_a)} images and B {len(place_b)}, whose '
               'classes differ.')
        if same_images:
            raise ValueError(f'--same-images: {why} They cannot be the same '
                             'images in one order.')
        return None, why
    known = place_a >= 0
    place, right_a, right_b = place_a[known], right_a[known], right_b[known]
    size = len(matching.pairs)

    def counted(which: np.ndarray) -> np.ndarray:
        return np.bincount(place[which], minlength=size)

    return Images(
        counted(right_a & ~right_b), counted(right_b & ~right_a),
        np.bincount(place, minlength=size)), None


def _places(audit: dict, labels: np.ndarray, rows: List[dict]) -> np.ndarray:
    """Place among the matched classes of each image, -1 for none."""
    place = np.full(len(audit['classes']) + 1, -1)
    for where, row in enumerate(rows):
        place[row['class']] = where
    if ((labels < 0) | (labels >= len(audit['classes']))).any():
        raise ValueError('images of the audit name classes that it does not '
                         'have. Make the audit anew.')
    return place[labels]


def _class_rows(a: dict, b: dict, images: Optional[Images]) -> List[dict]:
    first, second = (column(side, 'accuracy') for side in (a, b))
    low, high, p_values = _tests(a, b, images)
    q_values = benjamini_hochberg(p_values)
    moved = {key: column(b, key) - column(a, key) for key in MOVED}
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
             p_value=_known(p_values[c]),
             q_value=_known(q_values[c]),
             only_a_right=None if images is None else int(images.only_a[c]),
             only_b_right=None if images is None else int(images.only_b[c]),
             failing_a=row.get('failing'),
             failing_b=twin.get('failing'),
             outcome=_outcome(second[c] - first[c], q_values[c]))
        for c, (row, twin) in enumerate(zip(a['classes'], b['classes']))
    ]


def _tests(a: dict, b: dict, images: Optional[Images]) -> tuple:
    """Ends of the change's interval and p-value of each class, (C,)."""
    if images is not None:
        found = paired_interval(images.only_a, images.only_b, images.count)
        p_values = mcnemar_test(images.only_a, images.only_b)
        return found.low, found.high, np.where(images.count > 0, p_values,
                                               np.nan)
    counts = [
        column(side, key) for side in (a, b)
        for key in ('correct', 'test_count')
    ]
    known = np.isfinite(counts).all(0)
    # A class without counts is one without images: its interval is nan.
    counts = [np.where(known, values, 0).astype(int) for values in counts]
    found = difference_interval(*counts)
    return found.low, found.high, two_accuracies_test(*counts)


def _known(value: float) -> Optional[float]:
    return None if np.isnan(value) else float(value)


def _outcome(change: float, q_value: float) -> Optional[str]:
    if np.isnan(q_value):
        return None
    if q_value > FALSE_DISCOVERIES:
        return 'unclear'
    return 'gained' if change > 0 else 'paid'


def _named(rows: List[Dict], outcome: str) -> List[str]:
    members = [row for row in rows if row['outcome'] == outcome]
    members.sort(key=lambda row: -abs(row['change']))
    return [row['name'] for row in members]
