# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes a classifier fails, who paid for a change, and why.

    >>> from mmcurv.audit import audit
    >>> audit(labels, predictions).failing

Nothing is imported before it is asked for.
"""
from importlib import import_module
from typing import Any

HOME = dict(
    Audit='arrays',
    AuditOptions='options',
    Comparison='arrays',
    audit='arrays',
    audit_model='arrays',
    FairnessShift='shift',
    fairness_shift='shift')
__all__ = sorted(HOME)


def __getattr__(name: str) -> Any:
    if name not in HOME:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{HOME[name]}'), name)
