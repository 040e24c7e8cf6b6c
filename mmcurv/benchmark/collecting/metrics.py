# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers of a run that tables and statistics are made of."""
import math
from typing import Any, Dict, Optional

ACCURACIES = ('overall', 'head', 'middle', 'tail', 'class_mean', 'worst_class',
              'worst_10pct', 'variance', 'bias', 'gini')
GEOMETRY = ('curvature_variance', 'log_curvature_variance', 'correlation',
            'log_correlation')
COST = ('cr_share', 'seconds')
METRICS = ACCURACIES + GEOMETRY + COST


def run_metrics(record: Dict[str, Any]) -> Dict[str, float]:
    """Every number of a finished run.

    Those of the accuracies are of the evaluation that its protocol names as
    the main one. The geometry was measured after the last epoch.

    Args:
        record (dict): Of a run.

    Returns:
        dict[str, float]: ``METRICS`` in their order; accuracies in per cent,
        variance, bias and Gini of fractions; nan for what is absent.
    """
    found = evaluation_metrics(record, record['protocol']['main'])
    for keys, section in ((GEOMETRY, 'geometry'), (COST, 'cost')):
        values = record[section] or {}
        found.update({key: as_float(values.get(key)) for key in keys})
    return found


def evaluation_metrics(record: Dict[str, Any], which: str) -> Dict[str, float]:
    """Accuracies, and how unequal they are, of one evaluation of a run.

    Args:
        record (dict): Of a run.
        which (str): 'last' or 'best'.

    Returns:
        dict[str, float]: ``ACCURACIES``; nan for what is absent.
    """
    values = (record['results'] or {}).get(which) or {}
    values = values.get('metrics') or {}
    return {key: as_float(values.get(key)) for key in ACCURACIES}


def as_float(value: Optional[float]) -> float:
    """The number; nan for None, which stands for nan in JSON."""
    return math.nan if value is None else float(value)
