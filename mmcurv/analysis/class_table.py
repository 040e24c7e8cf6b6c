# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The classes of an audit as a flat table."""
import math
from typing import List

COLUMNS = ('class', 'name', 'group', 'train_count', 'test_count', 'correct',
           'accuracy', 'wilson_low', 'wilson_high', 'num_points',
           'points_used', 'curvature', 'log_curvature', 'curvature_rank',
           'volume', 'separation', 'radius', 'intrinsic_dimension',
           'fit_residual', 'fit_condition', 'ill_conditioned', 'off_trend')


def class_table(record: dict) -> List[dict]:
    """Rows for ``classes.csv``.

    Args:
        record (dict): Audit record.

    Returns:
        list[dict]: One per class. Numbers that are not known are nan where
        the quantity exists and empty where it was never asked for; names are
        as they came.
    """
    return [_flat(row) for row in record['classes']]


def _flat(row: dict) -> dict:
    flat = {name: row.get(name) for name in COLUMNS}
    confusion, near = row['top_confusion'] or {}, row['nearest_manifold'] or {}
    flat.update(
        top_confusion=confusion.get('name'),
        top_confusion_count=confusion.get('count'),
        top_confusion_share=confusion.get('share', math.nan),
        nearest_manifold=near.get('name'),
        nearest_manifold_separation=near.get('separation', math.nan))
    return flat
