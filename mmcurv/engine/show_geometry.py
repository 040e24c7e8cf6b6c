# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Shows a record of the class geometry in the log and in the visualizer."""
import math
from typing import Any, Dict

import numpy as np
from mmengine.visualization import Visualizer

from mmcurv.engine.geometry_record import MEASURES

OF_THE_RUN = ('train_loss', 'train_objective', 'seconds', 'share_of_training')


def show_geometry(visualizer: Visualizer, record: Dict[str, Any]) -> None:
    """Scalars to every backend, histograms to those that can draw them.

    Args:
        visualizer (Visualizer): Of the run; the epoch is the step.
        record (dict): Of GeometryMonitorHook.
    """
    numbers = {name: record.get(name, math.nan) for name in OF_THE_RUN}
    for kind in ('mean', 'imbalance'):
        for name, value in record[kind].items():
            numbers[f'{name}_{kind}'] = value
    _show(visualizer, numbers, record['epoch'])
    for backend in visualizer._vis_backends.values():
        add_histogram = getattr(backend.experiment, 'add_histogram', None)
        for name in MEASURES if add_histogram else ():
            values = np.array(record[name], dtype=float)
            # TensorBoard's bins end at 1e20, and it has none for the others.
            values = values[np.abs(values) < 1e20]
            if values.size:
                add_histogram(f'geometry/{name}', values, record['epoch'])


def show_correlation(visualizer: Visualizer, record: Dict[str, Any]) -> None:
    """Correlations with the class accuracies as scalars, see above."""
    _show(
        visualizer, {
            f'{name}_accuracy_pearson': found['pearson']
            for name, found in record['correlation'].items()
        }, record['epoch'])


def describe(record: Dict[str, Any]) -> str:
    """One line for the log."""
    parts = [
        f'{name} {record["mean"][name]:.4g} (imbalance '
        f'{record["imbalance"][name]:.4g})' for name in MEASURES
    ]
    text = (f'Geometry of {len(record["curvature"])} classes, '
            f'{record["num_points"]} images: {", ".join(parts)}; took '
            f'{record["seconds"]:.1f} s.')
    share = record['share_of_training']
    if math.isfinite(share):
        text += (f' All measurements together: {100 * share:.1f} % of the '
                 'time of the training epochs.')
    return text


def _show(visualizer: Visualizer, numbers: Dict[str, float],
          epoch: int) -> None:
    known = {
        f'geometry/{name}': value
        for name, value in numbers.items() if math.isfinite(value)
    }
    if known:
        visualizer.add_scalars(known, step=epoch)
