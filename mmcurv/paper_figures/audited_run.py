# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The history of a run whose checkpoints were audited after the training."""
import os.path as osp
from typing import Any, Dict, List

import numpy as np

from mmcurv.audit.audit import RUN_SCHEMA as SCHEMA
from mmcurv.engine.geometry_record import MEASURES
from .records import read_record


def history_of_audits(path: str, name: str) -> Dict[str, Any]:
    """What :func:`~.run_history.read_history` gives, from audits.

    Args:
        path (str): ``run.json`` that ``tools/analyze_curvature.py
            --work-dir`` wrote; the audits stand beside it.
        name (str): How figures call the run.

    Returns:
        dict: A history. The audits know no training loss: it is nan.

    Raises:
        ValueError: If the checkpoints are not those of epochs, or the audits
            are not of the same classes.
    """
    record = read_record(path)
    if record['kind'] != 'epoch':
        raise ValueError(
            f'expected checkpoints of epochs in {path}, got those of '
            f'iterations ({record["kind"]}): the figures are over epochs.')
    checkpoints = sorted(record['checkpoints'], key=lambda c: c['number'])
    audits = [
        read_record(osp.join(osp.dirname(path), checkpoint['audit']))
        for checkpoint in checkpoints
    ]
    classes = [[row['name'] for row in audit['classes']] for audit in audits]
    if any(names != classes[0] for names in classes):
        raise ValueError(f'expected audits of the same classes in {path}. '
                         'Audit the checkpoints of one run again.')
    last = audits[-1]
    facts = last['provenance']
    history = dict(
        name=name,
        epochs=[checkpoint['number'] for checkpoint in checkpoints],
        classes=classes[0],
        settings=dict(
            layer=facts['layer'],
            options=facts['options'],
            num_points=facts['num_features'],
            feature_dim=facts['feature_dim']),
        split={},
        test_count=_counts(last['classes']))
    for key in ('accuracy', *MEASURES):
        history[key] = [_column(audit['classes'], key) for audit in audits]
    unknown = [float('nan')] * len(audits)
    return dict(history, train_loss=unknown, train_objective=unknown)


def is_audited_run(path: str) -> bool:
    """Whether a file is a record of such audits."""
    return osp.isfile(path) and read_record(path).get('schema') == SCHEMA


def _counts(rows: List[dict]) -> Any:
    counts = [row['test_count'] for row in rows]
    return None if any(count is None for count in counts) else counts


def _column(rows: List[dict], key: str) -> List[float]:
    return np.array([row[key] for row in rows], dtype=float).tolist()
