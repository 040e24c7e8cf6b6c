# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 6: how well the curvature at each layer goes with accuracy."""
import os.path as osp
from typing import Any, Dict, Sequence

import numpy as np
from matplotlib.patches import Patch

from mmcurv.audit.report.style import (MUTED, color, literal, outer_legend,
                                       panels)
from .records import read_record, split_name

REMEDY = ('Audit a checkpoint at several layers, for example\n  python '
          'tools/analyze_curvature.py CONFIG CHECKPOINT --layers 1/3 2/3 last '
          '--out-dir audit\nand give audit/audit.json.')


def measure(paths: Sequence[str]) -> Dict[str, Any]:
    """Correlations of audits that cover several layers.

    Args:
        paths (Sequence[str]): Of ``audit.json`` files or their folders;
            ``NAME=PATH`` names one.

    Returns:
        dict: A record for :func:`plot`; nan where a layer has none.

    Raises:
        FileNotFoundError: If an audit is missing or has no layers.
    """
    if not paths:
        raise FileNotFoundError(f'expected audits, got none. {REMEDY}')
    models = []
    for given in paths:
        name, path = split_name(given)
        if osp.isdir(path):
            path = osp.join(path, 'audit.json')
        if not osp.isfile(path):
            raise FileNotFoundError(f'expected an audit at {path}, found '
                                    f'none. {REMEDY}')
        layers = read_record(path).get('layers') or {}
        if not layers:
            raise FileNotFoundError(f'expected several layers in {path}, '
                                    f'found none. {REMEDY}')
        models.append(
            dict(
                name=name,
                layers=list(layers),
                pearson=[
                    layer['correlation']['curvature']['pearson']
                    for layer in layers.values()
                ]))
    return dict(models=models)


def plot(record: Dict[str, Any]):
    """Absolute correlation at each layer, as in the paper, per model.

    Filled bars are negative correlations, hollow ones positive: the paper's
    absolute value hides the sign.

    Args:
        record (dict): Of :func:`measure`.

    Returns:
        tuple: Figure and axes (1, 1).
    """
    models = record['models']
    figure, axes = panels(
        1, 1, width=max(4.5, 1 + 1.6 * len(models)), height=3.8)
    axis = axes[0, 0]
    most = max(len(model['layers']) for model in models)
    width = 0.8 / most
    handles, labels = [], []
    for i in range(most):
        own = [(x, model) for x, model in enumerate(models)
               if i < len(model['layers'])]
        names = dict.fromkeys(model['layers'][i] for _, model in own)
        for x, model in own:
            value = np.array(model['pearson'][i], dtype=float)  # None is nan
            axis.bar(
                x + (i - (most - 1) / 2) * width,
                np.abs(value),
                0.92 * width,
                edgecolor=color(i),
                facecolor=color(i) if value < 0 else 'none')
        handles.append(Patch(color=color(i)))
        labels.append(literal(', '.join(names)))
    axis.set_xticks(
        range(len(models)), [literal(model['name']) for model in models])
    axis.set_ylim(0, 1)
    axis.set_ylabel("|Pearson's correlation|\nof curvature and accuracy")
    outer_legend(figure, handles, labels, 'outside upper left')
    figure.supxlabel(
        'Filled: negative. Hollow: positive.', color=MUTED, fontsize=8)
    return figure, axes
