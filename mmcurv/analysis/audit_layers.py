# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One classifier at several layers."""
from typing import Dict, Optional

from .audit import audit
from .audit_options import AuditOptions
from .correlation_table import MEASURES
from .feature_bank import FeatureBank
from .progress import Progress, silent


def audit_layers(banks: Dict[str, FeatureBank],
                 main: str,
                 accuracy_bank: Optional[FeatureBank] = None,
                 options: AuditOptions = AuditOptions(),
                 progress: Progress = silent,
                 cache_file: Optional[str] = None,
                 with_diagnosis: bool = False) -> dict:
    """Audit one classifier at several layers.

    Args:
        banks (dict): Layer to its features of one split.
        main (str): Layer that the record is about.
        accuracy_bank (FeatureBank, optional): As in
            :func:`~mmcurv.analysis.audit.audit`. Defaults
            to None: each layer's own bank.
        options (AuditOptions): See there; by default
            all its defaults.
        progress (Progress): Told how far the work is;
            by default nobody is.
        cache_file (str, optional): As in
            :func:`~mmcurv.analysis.audit.audit`; each layer appends
            its number. Defaults to None.
        with_diagnosis (bool): As in
            :func:`~mmcurv.analysis.audit.audit`, of ``main`` alone.
            Defaults to False.

    Returns:
        dict: The record of ``main``, whose ``layers`` hold, for every layer
        in the given order, its correlations, feature_dim, and for each class
        the measures of its geometry.
    """
    records = {}
    for place, (layer, bank) in enumerate(banks.items()):

        def told(stage: str, done: int, total: int) -> None:
            progress(f'{layer}: {stage}', done, total)

        records[layer] = audit(
            bank, accuracy_bank, options, told if len(banks) > 1 else progress,
            None if cache_file is None else f'{cache_file}.{place}',
            with_diagnosis and layer == main)
    record = records[main]
    measured = ('class', 'num_points', 'points_used', *MEASURES)
    record['layers'] = {
        layer:
        dict(
            feature_dim=own['provenance']['feature_dim'],
            correlation=own['correlation'],
            classes=[{
                key: row[key]
                for key in measured if key in row
            } for row in own['classes']])
        for layer, own in records.items()
    }
    return record
