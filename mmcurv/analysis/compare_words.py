# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a comparison found, in plain words with the numbers."""
from typing import Dict, List

from .compare_figures import MOVED
from .measures import MEASURES
from .words import (clean, interval, is_known, listing, number, p_value,
                    percent, plural, points, probability, signed)

NAMED = 5


def signed_number(value) -> str:
    """Three significant digits with their sign, for values of any size."""
    text = number(value)
    return f'+{text}' if is_known(value) and value > 0 else text


# Field of the summary, its name, how its value and its change are shown.
SUMMARY = (
    ('overall', 'All test images', percent, points),
    ('class_mean', 'Class mean', percent, points),
    ('head', 'Head', percent, points),
    ('middle', 'Middle', percent, points),
    ('tail', 'Tail', percent, points),
    ('worst_10pct', 'Worst tenth', percent, points),
    ('worst_class', 'Worst class', percent, points),
    ('variance', 'Variance', number, signed_number),
    ('gini', 'Gini', number, signed_number),
    ('bias', 'Bias', number, signed_number),
)


def headline(comparison: dict) -> str:
    """How many classes gained, how many paid, and the net effect.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        str: Two sentences.
    """
    net = comparison['summary']['class_mean']
    if not is_known(net['value']):
        return 'No class accuracy is known in both audits.'
    net = f'The class mean changed by {_points(net)}.'
    if all(row['outcome'] is None for row in comparison['classes']):
        return f'{net} Which classes gained or paid cannot be told.'
    gained, paid = len(comparison['gained']), len(comparison['paid'])
    return (f'{plural(gained, "class", "classes")} clearly gained, {paid:,} '
            f'clearly paid. {net}')


def sentences(comparison: dict) -> List[str]:
    """The findings behind the headline.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        list[str]: One paragraph each.
    """
    net = comparison['summary']['class_mean']
    size = plural(net['entered'], 'class', 'classes')
    texts = [
        f'Class mean: {percent(net["a"])} in A, {percent(net["b"])} in B, '
        f'over {size}. The interval is a paired bootstrap: classes are '
        'resampled, each with both of its accuracies.'
    ]
    tested = sum(row['outcome'] is not None for row in comparison['classes'])
    if tested:
        texts.append(
            f'Gained, in points: {_named(comparison, "gained")}. Paid: '
            f'{_named(comparison, "paid")}. A class is named if the whole '
            '95 % interval of its change lies on one side of 0; if nothing '
            f'had changed, up to about {0.025 * tested:.1f} of {tested:,} '
            'would be named on each side by chance.')
    return texts + [
        text
        for text in (_moved(comparison, measure) for measure in MOVED) if text
    ]


def summary_rows(comparison: dict) -> List[Dict[str, str]]:
    """The numbers about fairness in A, in B and between them.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        list[dict]: Texts ``label``, ``a``, ``b``, ``change``, ``interval``
        and ``entered``; numbers that are not known are left out.
    """
    return [
        dict(
            label=label,
            a=show(entry['a']),
            b=show(entry['b']),
            change=show_change(entry['value']),
            interval=interval(entry['low'], entry['high'], show_change),
            entered=f'{entry["entered"]:,}')
        for key, label, show, show_change in SUMMARY
        for entry in [comparison['summary'][key]] if is_known(entry['value'])
    ]


def geometry_rows(comparison: dict) -> List[Dict[str, str]]:
    """How the measures moved.

    Args:
        comparison (dict): Record of a comparison.

    Returns:
        list[dict]: Texts by field of the record's ``geometry``, with
        ``label``; measures that are not known are left out.
    """
    return [
        dict(
            label=MEASURES[key].label,
            a=number(entry['a']),
            b=number(entry['b']),
            change=signed_number(entry['value']),
            interval=interval(entry['low'], entry['high'], signed_number),
            wilcoxon_p=probability(entry['wilcoxon_p']),
            order=signed(entry['order']),
            pearson=signed(entry['pearson']),
            pearson_ends=interval(entry['pearson_low'], entry['pearson_high'],
                                  signed),
            pearson_p=probability(entry['pearson_p']),
            entered=f'{entry["entered"]:,}')
        for key, entry in comparison['geometry'].items()
        if is_known(entry['value'])
    ]


def _points(entry: dict) -> str:
    text = f'{points(entry["value"])} points'
    if is_known(entry['low']):
        text += f' ({interval(entry["low"], entry["high"], points)})'
    return text


def _named(comparison: dict, outcome: str) -> str:
    changes = {row['name']: row['change'] for row in comparison['classes']}
    names = comparison[outcome]
    if not names:
        return 'none'
    texts = [
        f'{clean(name, 40)} ({points(changes[name])})'
        for name in names[:NAMED]
    ]
    if len(names) > NAMED:
        return f'{", ".join(texts)} and {len(names) - NAMED:,} more'
    return listing(texts)


def _moved(comparison: dict, measure: str) -> str:
    entry = comparison['geometry'][measure]
    if not is_known(entry['low']):
        return ''
    label = MEASURES[measure].label
    ends = interval(entry['low'], entry['high'], signed_number)
    moved = entry['low'] > 0 or entry['high'] < 0
    text = (f'{label} {"moved" if moved else "did not clearly move"}: '
            f'{signed_number(entry["value"])} on average over classes '
            f'(95 % interval {ends}, Wilcoxon '
            f'{p_value(entry["wilcoxon_p"])})')
    if is_known(entry['pearson']):
        ends = interval(entry['pearson_low'], entry['pearson_high'], signed)
        text += ('; its change correlates with the change of accuracy at '
                 f'{signed(entry["pearson"])} ({ends}, '
                 f'{p_value(entry["pearson_p"])})')
    return f'{text}.'
