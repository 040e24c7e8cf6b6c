# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What two audits must share for their difference to mean something."""
from typing import List, Optional

from .match_classes import Matching
from .words import clean, plural

SHORT = 12  # characters of a fingerprint
SAME_FEATURES = (('layer', 'layer'), ('pooling', 'pooling of maps'),
                 ('feature_dim', 'number of features'))


def same_test_set(audit_a: dict, audit_b: dict) -> Optional[bool]:
    """Whether both accuracies are of the same images.

    Args:
        audit_a (dict): Audit record.
        audit_b (dict): Audit record.

    Returns:
        bool or None: None if a fingerprint is missing, so nobody can tell.
    """
    first, second = (
        audit['provenance'].get('accuracy_fingerprint')
        for audit in (audit_a, audit_b))
    return None if not (first and second) else first == second


def comparison_warnings(audit_a: dict, audit_b: dict,
                        matching: Matching) -> List[dict]:
    """Differences between two audits that are not differences of the models.

    Args:
        audit_a (dict): Audit record.
        audit_b (dict): Audit record.
        matching (Matching): Their classes.

    Returns:
        list[dict]: ``kind``, ``message``, ``classes`` (names) and ``loud``,
        which is True if the accuracies cannot be compared as they stand.
    """
    a, b = audit_a['provenance'], audit_b['provenance']
    warnings = _test_set(audit_a, audit_b, matching)
    warnings += _class_sets(matching)
    if _differ(a, b, 'geometry_fingerprint'):
        warnings.append(
            _warning(
                'geometry_set',
                'The geometry was measured on different images: fingerprint '
                f'{_short(a["geometry_fingerprint"])} in A, '
                f'{_short(b["geometry_fingerprint"])} in B.'))
    changed = [
        f'{label} ({clean(a[key], 60)} in A, {clean(b[key], 60)} in B)'
        for key, label in SAME_FEATURES if _differ(a, b, key)
    ]
    options_a, options_b = a.get('options') or {}, b.get('options') or {}
    changed += [
        f'option {clean(key, 40)} ({clean(options_a.get(key), 40)} in A, '
        f'{clean(options_b.get(key), 40)} in B)'
        for key in sorted({*options_a, *options_b})
        if options_a.get(key) != options_b.get(key)
    ]
    if changed:
        warnings.append(
            _warning(
                'geometry_options', 'The geometry was not measured alike: '
                f'{", ".join(changed)}. Its values cannot be compared.'))
    return warnings


def _test_set(audit_a: dict, audit_b: dict, matching: Matching) -> List[dict]:
    a, b = audit_a['provenance'], audit_b['provenance']
    warnings = []
    if _differ(a, b, 'accuracy_split'):
        warnings.append(
            _warning(
                'accuracy_split',
                f'A was tested on the {clean(a["accuracy_split"], 40)} split '
                f'and B on the {clean(b["accuracy_split"], 40)} split.', True))
    same = same_test_set(audit_a, audit_b)
    if same is False:
        warnings.append(
            _warning(
                'test_set', 'A and B were tested on different images: '
                f'fingerprint {_short(a["accuracy_fingerprint"])} in A, '
                f'{_short(b["accuracy_fingerprint"])} in B. What changed may '
                'be the test set and not the model. Test both on one split.',
                True))
    elif same is None:
        warnings.append(
            _warning(
                'test_set_unknown',
                'Whether both were tested on the same images cannot be '
                'checked: '
                f'{"A" if not a.get("accuracy_fingerprint") else "B"} has no '
                'fingerprint of its accuracy split.'))
    other = [
        str(row['name']) for row, twin in matching.pairs
        if _differ(row, twin, 'test_count')
    ]
    if other:
        warnings.append(
            _warning(
                'test_counts', f'{plural(len(other), "class", "classes")} '
                'with another number of test images in B than in A.', True,
                other))
    return warnings


def _class_sets(matching: Matching) -> List[dict]:
    warnings = []
    for only, here, there in ((matching.only_a, 'A', 'B'), (matching.only_b,
                                                            'B', 'A')):
        if only:
            warnings.append(
                _warning(
                    'classes', f'{plural(len(only), "class", "classes")} of '
                    f'{here} not in {there}, left out of every number.', True,
                    only))
    regrouped = [
        str(row['name']) for row, twin in matching.pairs
        if _differ(row, twin, 'train_count')
    ]
    if regrouped:
        warnings.append(
            _warning(
                'train_counts',
                f'{plural(len(regrouped), "class", "classes")} '
                'with another number of training images in B than in A; head, '
                'middle and tail are those of A.', False, regrouped))
    return warnings


def _differ(a: dict, b: dict, key: str) -> bool:
    """Both are known and not the same."""
    return a.get(key) is not None and b.get(key) is not None and (a[key]
                                                                  != b[key])


def _short(fingerprint) -> str:
    return clean(fingerprint, SHORT)


def _warning(kind: str, message: str, loud: bool = False, classes=()) -> dict:
    return dict(kind=kind, message=message, loud=loud, classes=list(classes))
