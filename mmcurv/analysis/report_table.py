# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The class table of a page: what each column shows and sorts by."""
import math
from typing import Any, Callable, Dict, List, NamedTuple, Sequence

from .measures import MEASURES
from .words import (ABSENT, clean, count, fixed, interval, is_known, number,
                    percent, signed)


class Column(NamedTuple):
    """One column.

    Attributes:
        key (str): In the page, unique.
        label (str): Its heading.
        meaning (str): Shown when the pointer rests on the heading.
        show (Callable): Maps a row of the record to a text.
        sort (Callable): Maps a row to a number, a text or None (last).
        kind (str): 'text', 'number' or 'bar'. Defaults to 'number'.
    """
    key: str
    label: str
    meaning: str
    show: Callable[[dict], str]
    sort: Callable[[dict], Any]
    kind: str = 'number'


def field(key: str, label: str, meaning: str, show: Callable) -> Column:
    """A column of one number of the record.

    Args:
        key (str): Field of the row.
        label (str): Heading.
        meaning (str): Its definition.
        show (Callable): Maps the number to a text.

    Returns:
        Column: Sorted by the number.
    """
    return Column(key, label, meaning, lambda row: show(row.get(key)),
                  lambda row: row.get(key))


def neighbour(key: str, label: str, meaning: str, value: str,
              show: Callable) -> Column:
    """A column of another class and how near it is.

    Args:
        key (str): Field of the row that holds a record with ``name``.
        label (str): Heading.
        meaning (str): Its definition.
        value (str): Field of that record to show and to sort by.
        show (Callable): Maps that value to a text.

    Returns:
        Column: Sorted by the value.
    """

    def text(row: dict) -> str:
        other = row.get(key)
        if not other:
            return ABSENT
        return f'{clean(other["name"])}\n{show(other.get(value))}'

    return Column(key, label, meaning, text, lambda row:
                  (row.get(key) or {}).get(value), 'text')


def accuracy_text(row: dict) -> str:
    """'21.0 %' and, on a second line, '14.2 to 29.9 %' if it is known."""
    text = percent(row.get('accuracy'))
    ends = interval(row.get('wilson_low'), row.get('wilson_high'), percent)
    return text if ends == ABSENT else f'{text}\n{ends}'


CLASS_COLUMNS = (
    Column('name', 'Class', 'Name of the class.',
           lambda row: clean(row['name']), lambda row: str(row['name']),
           'text'),
    field('train_count', 'Train n', 'Training images of the class.', count),
    field('test_count', 'Test n', 'Test images of the class.', count),
    Column(
        'accuracy', 'Accuracy',
        'Share of the class’s test images that are predicted as it, with its '
        '95 % Wilson interval; the line marks the class mean.', accuracy_text,
        lambda row: row.get('accuracy'), 'bar'),
    field('curvature', 'Curvature', MEASURES['curvature'].meaning, number),
    field('curvature_rank', 'Rank', '1 is the most curved class.', count),
    field('volume', 'Volume, bits', MEASURES['volume'].meaning, fixed(1)),
    field('separation', 'Separation', MEASURES['separation'].meaning, number),
    field('intrinsic_dimension', 'Dim.',
          'Intrinsic dimension. ' + MEASURES['intrinsic_dimension'].meaning,
          fixed(1)),
    field(
        'off_trend', 'Off trend',
        'Accuracy minus that of the straight line through all classes at '
        'the class’s curvature, in standard deviations; from ±2 on the class '
        'is named in the figures.', signed),
    neighbour(
        'top_confusion', 'Top confusion',
        'The class it is most often taken for, and the share of its test '
        'images.', 'share', percent),
    neighbour(
        'nearest_manifold', 'Nearest manifold',
        'The class from which it is least separated, of those with the '
        'nearest centres, and that separation.', 'separation', number),
)


def class_table(rows: List[dict],
                columns: Sequence[Column]) -> Dict[str, list]:
    """The table as the page and its script need it.

    Args:
        rows (list[dict]): In the order in which they stand at first.
        columns (Sequence[Column]): One of which no row knows anything is left
            out.

    Returns:
        dict: ``columns`` (key, label, meaning, kind), ``rows`` (texts) and
        ``sort`` (values), both row by row.
    """
    shown = [
        column for column in columns if any(
            _compact(column.sort(row)) is not None for row in rows)
    ]
    return dict(
        columns=[
            dict(
                key=column.key,
                label=column.label,
                meaning=column.meaning,
                kind=column.kind) for column in shown
        ],
        rows=[[column.show(row) for column in shown] for row in rows],
        sort=[[_compact(column.sort(row)) for column in shown]
              for row in rows])


def worst_first(classes: List[dict]) -> List[dict]:
    """Rows by accuracy, lowest first; those without one at the end.

    Args:
        classes (list[dict]): Rows of the record.

    Returns:
        list[dict]: The same rows.
    """
    return sorted(
        classes,
        key=lambda row: row['accuracy']
        if is_known(row.get('accuracy')) else math.inf)


def _compact(value: Any) -> Any:
    if isinstance(value, float):
        return float(f'{value:.6g}') if math.isfinite(value) else None
    return clean(value) if isinstance(value, str) else value
