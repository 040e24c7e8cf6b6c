# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The finished runs of a collection as the figures of the paper take them."""
from typing import Any, Dict, Optional

from mmcurv.benchmark.collecting.metrics import GEOMETRY, run_metrics


def data_label(dataset: str, imbalance_factor: Optional[float]) -> str:
    """'CIFAR-10-LT, imbalance 100', or the data set alone if it is balanced.
    """
    if imbalance_factor is None:
        return dataset
    return f'{dataset}, imbalance {imbalance_factor:g}'


def figure_runs(collection: Dict[str, Any]) -> Dict[str, Any]:
    """Take the main numbers out of a collection.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        dict: ``runs``, the finished ones, each with ``model``, ``dataset``
        (with the imbalance factor), ``method``, ``cr``, ``variant``,
        ``tau``, ``seed``, ``overall`` (fraction), ``variance`` of the class
        accuracies as fractions, ``pearson`` and the other numbers of the
        geometry; nan where a record has none.
    """
    runs = []
    for run in collection['runs']:
        if run['state'] != 'done':
            continue
        numbers = run_metrics(run['record'])
        runs.append(
            dict(
                model=run['model'],
                dataset=data_label(run['dataset'], run['imbalance_factor']),
                method=run['method'],
                cr=run['cr'],
                variant=run['variant'],
                tau=run['tau'],
                seed=run['seed'],
                overall=numbers['overall'] / 100,
                variance=numbers['variance'],
                pearson=numbers['correlation'],
                **{key: numbers[key]
                   for key in GEOMETRY}))
    return dict(runs=runs)
