# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What an audit can use of what it was given, and what it says of the rest."""
import os
from typing import List, NamedTuple, Optional

import numpy as np

from .audit_warnings import warning
from .feature_bank import FeatureBank, check_bank
from .feature_files import KEYS, check_finite, describe_unusable, finite_rows
from .options import AuditOptions

NEARLY_EQUAL = 1.1  # sizes that measure a volume alike


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
            banks are of different classes, features are not finite, or one
            class and a few matrices do not fit into memory.
    """
    check_bank(bank)
    check_bank(tests)
    if not len(bank.labels):
        raise ValueError('expected samples, got an empty set of features. '
                         'Check the split, or what wrote them.')
    if bank.class_names != tests.class_names:
        only = set(bank.class_names) ^ set(tests.class_names)
        told = f'only one of them has {_few(sorted(only))}' if only else (
            'their order differs')
        raise ValueError(
            'expected both splits to have the same classes in the same '
            f'order, got {bank.num_classes} ({_few(bank.class_names)}) for '
            f'the geometry and {tests.num_classes} '
            f'({_few(tests.class_names)}) for the accuracy; {told}. Give '
            'class_names (--class-names FILE), the list of all classes, '
            'for both.')
    present = np.unique(bank.labels)
    if len(present) < 2:
        name = bank.class_names[present[0]]
        raise ValueError(
            f'expected samples of at least 2 classes, got only {name!r} '
            f'({len(bank.labels)} samples): an audit compares classes. Check '
            'the labels; for one point cloud use mmcurv.geometry.')
    if bank.features is None:
        return np.ones(len(bank.labels), bool)
    finite = finite_rows(bank.features)
    if not options.drop_nan:
        check_finite(finite, bank.labels, bank.class_names)
    elif not finite.any():
        raise ValueError('expected finite features, but every sample holds '
                         'NaN or infinity: nothing is left to measure.')
    return finite


def check_memory(needed: int) -> None:
    """Raise ValueError if the machine cannot hold what an audit must hold."""
    try:
        there = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    except (AttributeError, OSError, ValueError):  # no such system call
        return
    if needed > there:
        raise ValueError(
            f'expected features that one class of and a few (p, p) matrices '
            f'fit into memory, but these need {needed / 2**30:.1f} GiB of '
            f'{there / 2**30:.1f} GiB. Pool the features, project them on '
            'fewer dimensions, or give --class-size a number.')


class Comparable(NamedTuple):
    """Which classes can be compared, and on how many points.

    Attributes:
        which (np.ndarray): (C,) bool.
        size (int, optional): Points that each class is measured on at most;
            None for all that it has.
        how (str): 'all points' or 'equal sizes'.
        why (str): One sentence.
    """
    which: np.ndarray
    size: Optional[int]
    how: str
    why: str


def comparable_classes(count: np.ndarray, options: AuditOptions) -> Comparable:
    """Classes whose curvature means the same.

    A class of at most k points is one neighbourhood. Volume and intrinsic
    dimension grow with the number of points: where numbers differ, as many
    of each class are drawn. The size is that of the largest (classes that
    have so many) x log(size).

    Args:
        count (np.ndarray): (C,) points of each class.
        options (AuditOptions): k and ``class_size``.

    Returns:
        Comparable: See there.
    """
    k, enough = options.k, count > options.k
    sizes = np.unique(count[enough])
    size = options.class_size if isinstance(options.class_size, int) else None
    if options.class_size == 'equal' and len(sizes) and (
            sizes[-1] > NEARLY_EQUAL * sizes[0]):
        kept = (count[:, None] >= sizes).sum(0) * np.log(sizes)
        size = int(sizes[kept.argmax()])
    if size is None:
        which, have = enough, f'more than k={k} points'
        how, all_have = 'all points', ''
    else:
        which, have = enough & (count >= min(size, count.max())), (
            f'{size} points')
        how = 'equal sizes'
        all_have = (f'Class sizes differ ({count[count > 0].min()} to '
                    f'{count.max()}), so each class was measured on {size} '
                    'random points. ')
    left = int((~which).sum())
    if left:
        why = (f'{all_have}{left} of {len(count)} classes have fewer than '
               f'{size} points and are left out.' if size else
               f'{left} of {len(count)} classes have at most k={k} points '
               'and are left out.')
    else:
        why = f'{all_have}All {len(count)} classes have {have}.'
    return Comparable(which, size, how, why)


def input_warnings(finite: np.ndarray, bank: FeatureBank, reader,
                   options: AuditOptions) -> List[dict]:
    """Warnings about what was read.

    Args:
        finite (np.ndarray): (N,) bool, the samples that are used.
        bank (FeatureBank): Of the geometry.
        reader (ClassReader, optional): Of its classes; None without features.
        options (AuditOptions): The bound on memory.

    Returns:
        list[dict]: As those of
        :func:`~mmcurv.audit.audit_warnings.audit_warnings`.
    """
    found = []
    unused = bank.metadata.get('unused')
    if unused:
        found.append(
            warning(
                'unused', f'Not used: {_few(unused)} of the file. What an '
                f'audit reads is called {", ".join(KEYS)}.'))
    if not finite.all():
        text = describe_unusable(finite, bank.labels, bank.class_names)
        found.append(
            warning(
                'dropped', f'Of the features, {text}. These samples were '
                'left out of the geometry.',
                classes_unusable(finite, bank.labels)))
    if reader is not None:
        found += _memory(reader, options)
    return found


def _memory(reader, options: AuditOptions) -> List[dict]:
    from .geometry import memory_needed
    needed = memory_needed(reader)
    if needed <= options.max_memory:
        return []
    return [
        warning(
            'memory', f'The largest class and the matrices of '
            f'{reader.feature_dim} features take about '
            f'{needed / 2**20:.0f} MiB, more than the '
            f'{options.max_memory / 2**20:.0f} MiB that were allowed.')
    ]


def classes_unusable(finite: np.ndarray, labels: np.ndarray) -> List[int]:
    """Classes that have a sample that is not finite, ascending."""
    return np.unique(labels[~finite]).tolist()


def _few(names: List[str]) -> str:
    return ', '.join(names[:3]) + (', ...' if len(names) > 3 else '')
