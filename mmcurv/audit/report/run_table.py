# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A terminal table of the last epochs of several runs."""
from typing import Dict, List, Tuple

import numpy as np
from rich.table import Table

from mmcurv.fairness import accuracy_variance, group_accuracy, pearson
from .run_record import RunRecord


def last_epoch_measures(run: RunRecord) -> Dict[str, float]:
    """Accuracies in per cent, the rest in its own unit; nan if undefined.

    Args:
        run (RunRecord): A run.

    Returns:
        dict: Name to value, in the order in which people read them.
    """
    accuracy, curvature = run.accuracy[-1], run.curvature[-1]
    tested = np.isfinite(accuracy)
    overall = np.average(accuracy[tested], weights=run.test_counts[tested])
    groups = group_accuracy(accuracy, run.train_counts.astype(int))
    measures = {'Overall accuracy (%)': 100 * overall}
    for name in ('head', 'middle', 'tail'):
        group = getattr(groups, name)
        measures[f'{name.title()} accuracy (%)'] = 100 * group.accuracy
    known = curvature[np.isfinite(curvature)]
    logs = np.log(known[known > 0])
    measures['Variance of class accuracy'] = accuracy_variance(accuracy).value
    measures['Variance of curvature'] = known.var() if len(known) else np.nan
    measures['Variance of log curvature'] = logs.var() if len(logs) else np.nan
    measures['Correlation of curvature and accuracy'] = pearson(
        curvature, accuracy, permutations=0, resamples=0).value
    return measures


def comparison_table(runs: Dict[str, RunRecord]) -> Table:
    """Measures of every run after its last epoch, and what changed.

    Args:
        runs (dict): Name to run; the difference is second minus first when
            there are two.

    Returns:
        Table: For ``rich.print``.
    """
    columns = {name: last_epoch_measures(run) for name, run in runs.items()}
    table = Table(title='After the last epoch')
    table.add_column('')
    for name in columns:
        table.add_column(name, justify='right')
    if len(columns) == 2:
        table.add_column('difference', justify='right')
    for row in _rows(list(columns.values())):
        table.add_row(*row)
    return table


def _rows(columns: List[Dict[str, float]]) -> List[Tuple[str, ...]]:
    rows = []
    for name in columns[0]:
        values = [column[name] for column in columns]
        if len(values) == 2:
            values.append(values[1] - values[0])
        show = '{:.1f}' if name.endswith('(%)') else '{:.4g}'
        cells = [show.format(value) for value in values[:len(columns)]]
        cells += [
            show.replace(':', ':+').format(value)
            for value in values[len(columns):]
        ]
        rows.append((name, *cells))
    return rows
