# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whom CR pushes, how hard and where to, as a table."""
from typing import Any, Dict, List

from mmcurv.audit.report.numbers import fixed
from .text_table import TextTable

NOTE = (
    'Norm of the gradient of CR in an image\'s feature over that of '
    'cross-entropy, mean over the images of a class each, for the classes of '
    'the given numbers of training images. Last, over all classes, the mean '
    'cosine of the push with the direction away from the class\'s centre, '
    'and that of the two gradients.')
ratio, cosine = fixed(2), fixed(2)


def gradient_table(record: Dict[str, Any]) -> TextTable:
    """Settings of CR by classes.

    Args:
        record (dict): Written by ``benchmarks/cr_gradient.py``.

    Returns:
        TextTable: A line for each setting.
    """
    variants = record['variants']
    counts = [row['train_count'] for row in next(iter(variants.values()))]
    rows = [[name, *_row(classes)] for name, classes in variants.items()]
    return TextTable(
        'Gradient of CR over that of cross-entropy',
        ['Setting', *(f'{n:,}' for n in counts), 'outward', 'with CE'], rows,
        'l' + 'r' * (len(counts) + 2), NOTE)


def _row(classes: List[Dict[str, Any]]) -> List[str]:
    means = [[row[name] for row in classes if row[name] is not None]
             for name in ('outward', 'with_ce')]
    return [
        *(ratio(row['cr_norm'] / row['ce_norm']) for row in classes),
        *(cosine(sum(known) / len(known)) for known in means)
    ]
