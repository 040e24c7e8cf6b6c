# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes a classifier fails, who paid for a change, and why.

    >>> from mmcurv.audit import audit
    >>> audit(labels, predictions).failing

Nothing is imported before it is asked for.
"""
from mmcurv.exports import lazy_exports

__getattr__, __all__ = lazy_exports(
    __name__,
    dict(
        arrays=['Audit', 'Comparison', 'audit', 'audit_model'],
        options=['AuditOptions'],
        shift=['FairnessShift', 'fairness_shift']))
