# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether an audit can be made of these features, and what to say of them."""
from typing import List

import numpy as np

from .audit_options import AuditOptions
from .audit_warnings import warning
from .class_reader import ClassReader
from .feature_bank import FeatureBank, check_bank
from .finite_rows import (check_finite, classes_unusable, describe_unusable,
                          finite_rows)
from .measure_classes import memory_needed


def check_input(bank: FeatureBank, tests: FeatureBank,
                options: AuditOptions) -> np.ndarray:
    """Say what bars an audit, or which samples it can use.

    Args:
        bank (FeatureBank): Of the geometry.
        tests (FeatureBank): Of the accuracy.
        options (AuditOptions): Whether NaN may be dropped.

    Returns:
        np.ndarray: (N,) bool, the samples with finite features.

    Raises:
        ValueError: If there are no samples, of fewer than 2 classes, the
            banks are of different classes, or features are not finite.
    """
    check_bank(bank)
    check_bank(tests)
    if not len(bank.features):
        raise ValueError('expected samples, got an empty set of features. '
                         'Check the split, or what wrote them.')
    if bank.class_names != tests.class_names:
        raise ValueError(
            'expected both splits to have the same classes in the same '
            f'order, got {bank.num_classes} ({_few(bank.class_names)}) for '
            f'the geometry and {tests.num_classes} '
            f'({_few(tests.class_names)}) for the accuracy. Extract both '
            'with one config.')
    present = np.unique(bank.labels)
    if len(present) < 2:
        name = bank.class_names[present[0]]
        raise ValueError(
            f'expected samples of at least 2 classes, got only {name!r} '
            f'({len(bank.labels)} samples): an audit compares classes. Check '
            'the labels; for one point cloud use mmcurv.geometry.')
    finite = finite_rows(bank.features)
    if not options.drop_nan:
        check_finite(finite, bank.labels, bank.class_names)
    elif not finite.any():
        raise ValueError('expected finite features, but every sample holds '
                         'NaN or infinity: nothing is left to measure.')
    return finite


def input_warnings(finite: np.ndarray, bank: FeatureBank, reader: ClassReader,
                   options: AuditOptions) -> List[dict]:
    """Warnings about what was read.

    Args:
        finite (np.ndarray): (N,) bool, the samples that are used.
        bank (FeatureBank): Of the geometry.
        reader (ClassReader): Of its classes.
        options (AuditOptions): The bound on memory.

    Returns:
        list[dict]: As those of
        :func:`~mmcurv.analysis.audit_warnings.audit_warnings`.
    """
    found = []
    if not finite.all():
        text = describe_unusable(finite, bank.labels, bank.class_names)
        found.append(
            warning(
                'dropped', f'Of the features, {text}. These samples were '
                'left out of the geometry.',
                classes_unusable(finite, bank.labels)))
    needed = memory_needed(reader)
    if needed > options.max_memory:
        found.append(
            warning(
                'memory', f'The largest class and the matrices of '
                f'{reader.feature_dim} features take about '
                f'{needed / 2**20:.0f} MiB, more than the '
                f'{options.max_memory / 2**20:.0f} MiB that were allowed.'))
    return found


def _few(names: List[str]) -> str:
    return ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')
