# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which class of one audit is which class of another: those of one name."""
from collections import Counter
from typing import List, NamedTuple, Tuple

from .words import clean, listing, plural

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
