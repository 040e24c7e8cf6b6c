# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the paired differences of a page say together."""
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import ABSENT, interval, is_known, plural
from .outcome import (BETTER, CLEAR, LEVEL, NO_TEST, OUTCOMES, UNCLEAR,
                      UNCORRECTED, UNKNOWN, WORSE, count_outcomes, outcome)
from .page_numbers import PAGE_NUMBERS

GLANCED = ('overall', 'head', 'middle', 'tail', 'variance',
           'log_curvature_variance', 'log_correlation')
RULE = (
    'A difference is clear if its 95 % interval excludes 0 and its p-value is '
    f'at most {LEVEL:g} after Holm’s correction for the number of comparisons '
    'of the same number on this page. “Only before correction” is what chance '
    'gives now and then among many comparisons. No test: one seed alone, or '
    'differences that are all equal. Differences are paired: both runs have '
    'the same seed.')


def glance_rows(summary: Dict[str, Any]) -> List[dict]:
    """How many comparisons have each outcome, for the main numbers.

    Args:
        summary (dict): Of a collection.

    Returns:
        list[dict]: ``label`` and ``counts`` in the order of ``OUTCOMES``.
    """
    return [
        dict(label=number.label, counts=list(counts.values()))
        for number, counts in ((number, _counts(summary, number))
                               for number in PAGE_NUMBERS
                               if number.key in GLANCED)
        if sum(counts.values()) > counts[UNKNOWN]
    ]


def glance_columns(rows: List[dict]) -> List[tuple]:
    """Outcomes that some row has, and those that are always told.

    Args:
        rows (list[dict]): Of :func:`glance_rows`.

    Returns:
        list[tuple]: Place among ``OUTCOMES``, and name.
    """
    always = (BETTER, WORSE, UNCLEAR)
    return [(i, name) for i, name in enumerate(OUTCOMES)
            if name in always or any(row['counts'][i] for row in rows)]


def headline(summary: Dict[str, Any]) -> str:
    """What CR did to overall accuracy, in one sentence.

    Args:
        summary (dict): Of a collection.

    Returns:
        str: With the number of comparisons.
    """
    counts = _counts(summary, PAGE_NUMBERS[0])
    known = sum(counts.values()) - counts[UNKNOWN]
    if not known:
        return ('No comparison with and without CR can be made yet: none has '
                'both runs with the same seed.')
    if known == 1:
        return _only(summary)
    clear = sum(counts[name] for name in CLEAR)
    size = plural(known, 'comparison')
    if clear:
        text = ('Overall accuracy with CR is clearly better in '
                f'{counts[BETTER]:,} and clearly worse in {counts[WORSE]:,} '
                f'of {size}')
    else:
        text = ('Overall accuracy with CR is clearly different in none of '
                f'{size}')
    rest = [
        f'{counts[name]:,} {one if counts[name] == 1 else many}'
        for name, one, many in (
            (UNCORRECTED, 'differs only before correction',
             'differ only before correction'),
            (NO_TEST, 'allows no test', 'allow no test')) if counts[name]
    ]  # yapf: disable
    return text + (f'; {" and ".join(rest)}.' if rest else '.')


def _only(summary: Dict[str, Any]) -> str:
    """The same of a single comparison, with its numbers."""
    number = PAGE_NUMBERS[0]
    entry, = (
        pair['metrics'][number.key] for pair in summary['pairs']
        if is_known(pair['metrics'][number.key]['difference']))
    said = outcome(entry, number.better)
    words = {
        UNCLEAR: 'not clearly different',
        NO_TEST: 'different by what allows no test'
    }.get(said, said)
    ends = interval(entry['low'], entry['high'], number.show_change)
    text = f'{number.show_change(entry["difference"])} points'
    if ends != ABSENT:
        text += f', 95 % interval {ends}'
    return f'Overall accuracy with CR is {words}: {text}.'


def _counts(summary: Dict[str, Any], number) -> Dict[str, int]:
    return count_outcomes(
        [pair['metrics'].get(number.key, {}) for pair in summary['pairs']],
        number.better)
