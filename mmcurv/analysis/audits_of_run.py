# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The audits of all checkpoints of a run, as curves over its epochs."""
from typing import Dict, List, Sequence, Tuple

import numpy as np

from .class_rows import columns_of
from .correlation_table import MEASURES

SCHEMA = 'mmcurv.audits_of_run'
SCHEMA_VERSION = 1


def audits_of_run(audits: Sequence[Tuple[str, int, str, dict]],
                  kind: str) -> dict:
    """What a run's audits say, checkpoint by checkpoint.

    Args:
        audits (Sequence[tuple]): Tag such as 'epoch_012', number, path of its
            ``audit.json`` relative to this record, and the audit record.
        kind (str): What the number counts, 'epoch' or 'iter'.

    Returns:
        dict: Record with ``checkpoints``, each with tag, number, audit (the
        path), summary, correlation, and ``measures``: for each the mean and
        the population variance over the classes that entered, whose number
        stands beside.
    """
    return dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        kind=kind,
        checkpoints=[
            dict(
                tag=tag,
                number=number,
                audit=path,
                checkpoint=record['provenance']['checkpoint'],
                summary=record['summary'],
                correlation=record['correlation'],
                measures=_measures(record['classes']))
            for tag, number, path, record in audits
        ])


def _measures(rows: List[dict]) -> Dict[str, dict]:
    measures = {}
    for name, values in columns_of(rows, ('accuracy', *MEASURES)).items():
        values = values[np.isfinite(values)]
        known = len(values) > 0
        measures[name] = dict(
            mean=float(values.mean()) if known else None,
            variance=float(values.var()) if known else None,
            entered=len(values))
    return measures
