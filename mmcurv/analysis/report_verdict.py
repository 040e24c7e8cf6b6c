# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What an audit found, in plain words with the numbers.

The words say what goes together over the classes; no sentence names a cause.
"""
from typing import Dict, List, Optional

import numpy as np

from .measures import MEASURES, column
from .words import (clean, interval, is_known, listing, p_value, percent,
                    plural, signed)

NAMED = 5
SHAPE = ('curvature', 'separation', 'volume', 'radius', 'intrinsic_dimension')


def failing_classes(audit: dict) -> Optional[np.ndarray]:
    """Classes that are worse than the mean class by more than chance.

    Args:
        audit (dict): Audit record.

    Returns:
        np.ndarray or None: Places in ``classes``, worst first, of those with
        their whole 95 % Wilson interval below the class mean; None if no
        class has an interval.
    """
    high = column(audit, 'wilson_high')
    mean = audit['summary']['class_mean']['value']
    if not (is_known(mean) and np.isfinite(high).any()):
        return None
    below = np.flatnonzero(high < mean)
    accuracy = column(audit, 'accuracy')
    return below[np.argsort(accuracy[below], kind='stable')]


def verdict(audit: dict) -> Dict[str, object]:
    """Which classes fail, and which measures go with class accuracy.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: ``headline`` (str) and ``sentences`` (list[str]).
    """
    failing = failing_classes(audit)
    headline = f'{_failing_headline(audit, failing)} {_trend_headline(audit)}'
    sentences = [_failing_sentence(audit, failing)]
    sentences += _correlation_sentences(audit)
    return dict(headline=headline, sentences=sentences)


def is_clear(found: dict) -> bool:
    """Whether the bootstrap interval of Pearson's r leaves out 0.

    Args:
        found (dict): Correlation of one measure.

    Returns:
        bool: False also if there is no interval.
    """
    low, high = found.get('pearson_low'), found.get('pearson_high')
    return is_known(low) and is_known(high) and (low > 0 or high < 0)


def _found(audit: dict, measure: str) -> dict:
    found = (audit.get('correlation') or {}).get(measure) or {}
    return found if is_known(found.get('pearson')) else {}


def _failing_headline(audit: dict, failing: Optional[np.ndarray]) -> str:
    total = audit['summary']['class_mean'].get('entered') or 0
    if failing is None:
        return 'Which classes differ by more than chance cannot be told.'
    if not len(failing):
        return 'No class is clearly below the class mean.'
    verb = 'is' if len(failing) == 1 else 'are'
    return (f'{len(failing):,} of {plural(total, "class", "classes")} {verb} '
            'clearly below the class mean.')


def _trend_headline(audit: dict) -> str:
    found = _found(audit, 'curvature')
    if not found:
        return 'The correlation with curvature is not known.'
    if not is_clear(found):
        return 'Accuracy shows no clear correlation with curvature.'
    goes = 'lower' if found['pearson'] < 0 else 'higher'
    return (f'More curved classes have {goes} accuracy '
            f'(r = {signed(found["pearson"])}).')


def _failing_sentence(audit: dict, failing: Optional[np.ndarray]) -> str:
    accuracy = column(audit, 'accuracy')
    mean = percent(audit['summary']['class_mean']['value'])
    if failing is None:
        order = np.argsort(accuracy, kind='stable')
        order = order[np.isfinite(accuracy[order])][:NAMED]
        if not len(order):
            return 'No class accuracy is known.'
        return ('No test counts are known, so there is no interval around a '
                f'class accuracy. The lowest: {_named(audit, order)}.')
    if not len(failing):
        return (f'The class mean is {mean}; no class has its whole 95 % '
                'Wilson interval below it.')
    total = int(np.isfinite(column(audit, 'wilson_high')).sum())
    text = (f'The class mean is {mean}. Classes whose whole 95 % Wilson '
            f'interval lies below it, worst first: '
            f'{_named(audit, failing[:NAMED])}')
    if len(failing) > NAMED:
        text += f', and {len(failing) - NAMED:,} more'
    return (f'{text}. If all classes were equal, about {0.025 * total:.1f} '
            f'of {total:,} would lie there by chance.')


def _named(audit: dict, places: np.ndarray) -> str:
    rows = [audit['classes'][c] for c in places]
    return listing(f'{clean(row["name"], 40)} ({percent(row["accuracy"])})'
                   for row in rows)


def _correlation_sentences(audit: dict) -> List[str]:
    found = _found(audit, 'curvature')
    if not found:
        return [
            'Too few classes have both an accuracy and a curvature for a '
            'correlation.'
        ]
    text = ('Correlation of curvature and class accuracy: Pearson '
            f'{_with_interval(found)}')
    if not is_clear(found):
        text += '; the interval does not leave out 0'
    sentences = [f'{text}.']
    best = max(
        SHAPE, key=lambda key: abs(_found(audit, key).get('pearson', 0)))
    if best != 'curvature':
        sentences.append(
            f'Of the {len(SHAPE)} measures, '
            f'{MEASURES[best].label.lower()} correlates most strongly with '
            f'class accuracy: Pearson {_with_interval(_found(audit, best))}.')
    sentences.append(_size_sentence(found))
    return sentences


def _size_sentence(found: dict) -> str:
    partial = found.get('partial_pearson')
    if not is_known(partial):
        return ('What part the number of training images has in this cannot '
                'be told: it is not known, or the same for all classes.')
    return ('Given the log training counts, the correlation with curvature is '
            f'{signed(partial)} '
            f'({p_value(found.get("partial_p"))}).')


def _with_interval(found: dict) -> str:
    ends = interval(
        found.get('pearson_low'), found.get('pearson_high'), signed)
    return (f'{signed(found["pearson"])} (95 % interval {ends}, '
            f'{p_value(found.get("pearson_p"))}, '
            f'{plural(found.get("entered") or 0, "class", "classes")})')
