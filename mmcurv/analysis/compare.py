# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What changed from one audit to another, class by class."""
from typing import Dict, List, Optional

import numpy as np

from mmcurv.fairness import difference_interval
from .compare_conditions import comparison_warnings, same_test_set
from .compare_geometry import compare_geometry
from .compare_summary import compare_summary
from .match_classes import match_classes
from .measures import column

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
