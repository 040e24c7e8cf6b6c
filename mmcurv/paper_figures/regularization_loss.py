# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 12 and 13: what the loss and its gradient do with the curvatures."""
from typing import Any, Dict

import numpy as np
import torch

from mmcurv.audit.report.style import (INK, color, outer_legend, panels,
                                       set_heading)
from mmcurv.regularization import curvature_loss

VARIANTS = {
    'hard max, detached (default)': ('hard', True),
    'hard max with gradient': ('hard', False),
    'logsumexp, detached': ('logsumexp', True),
    'logsumexp with gradient': ('logsumexp', False),
}
STYLES = ('-', '--', '-', '--')


def measure_rejected() -> Dict[str, Any]:
    """Fig. 12: -log(G / max G), which Section 6.2 considers and rejects.

    It is the implemented loss of the inverse curvatures, so the same
    function computes it.

    Returns:
        dict: A record for :func:`plot`.
    """
    return _measure(-1, 'Fig. 12: -log(G / max G), the rejected form')


def measure_used() -> Dict[str, Any]:
    """Fig. 13: the implemented loss of the inverse curvatures' maximum.

    Returns:
        dict: A record for :func:`plot`.
    """
    return _measure(1, 'Fig. 13: -log(1/G / max 1/G), the used form')


def plot(record: Dict[str, Any]):
    """Loss, and its slope for both classes, over one class's curvature.

    Args:
        record (dict): Of :func:`measure_rejected` or :func:`measure_used`.

    Returns:
        tuple: Figure and axes (1, 3).
    """
    figure, axes = panels(1, 3, width=3.9, height=3.2)
    kinds = (('loss', 'loss'), ('slope_moving', 'slope of the loss in log G'),
             ('slope_fixed', 'slope of the loss in log G₁'))
    heads = ('Loss of two classes, G₁ = 1', 'The class at G',
             'The class at G₁ = 1')
    for axis, head, (key, label) in zip(axes.flat, heads, kinds):
        for i, (name, curves) in enumerate(record['variants'].items()):
            axis.plot(
                record['curvature'],
                curves[key],
                STYLES[i],
                color=color(i // 2),
                alpha=0.85,
                lw=2.4 if i % 2 == 0 else 1.4,
                label=name)
        axis.axvline(1, color='k', lw=0.6)
        axis.set_xscale('log')
        axis.set_xlabel('curvature G')
        axis.set_ylabel(label)
        set_heading(axis, head)
    outer_legend(figure, *axes[0, 0].get_legend_handles_labels(),
                 'outside lower center', len(record['variants']))
    figure.suptitle(record['title'], color=INK, fontsize=10)
    return figure, axes


def _measure(sign: int, heading: str) -> Dict[str, Any]:
    curvature = np.geomspace(0.1, 10, 121)
    variants = {}
    for name, (mode, detach) in VARIANTS.items():
        rows = [_loss_and_slopes(g, sign, mode, detach) for g in curvature]
        keys = ('loss', 'slope_moving', 'slope_fixed')
        variants[name] = dict(zip(keys, np.array(rows).T.tolist()))
    return dict(title=heading, curvature=curvature.tolist(), variants=variants)


def _loss_and_slopes(g: float, sign: int, mode: str, detach: bool):
    log_g = torch.tensor([np.log(g), 0.], dtype=torch.float64)
    log_g.requires_grad_()
    loss = curvature_loss(sign * log_g, mode, detach)
    slope, = torch.autograd.grad(loss, log_g)
    return loss.item(), slope[0].item(), slope[1].item()
