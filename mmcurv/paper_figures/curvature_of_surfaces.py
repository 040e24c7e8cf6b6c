# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 5: estimated curvature of two surfaces as they bend more."""
from typing import Any, Dict, Sequence

import numpy as np

from mmcurv.audit.report.style import color, panels, set_heading, set_legend
from mmcurv.geometry import class_curvature
from . import shapes

SURFACES = {
    'saddle': ('saddle', 'w (x² - y²)', 4.),
    'printed waves':
    ('printed_waves', 'sin sin(wx/2) + cos cos(wx/2), as printed: K = 0', 8.),
    'crossed waves':
    ('crossed_waves', 'sin sin(wx/2) + cos cos(wy/2), not in the paper', 8.),
}


def measure(num_points: int = 1500,
            neighbors: Sequence[int] = (10, 20, 40, 60),
            steps: int = 8,
            seed: int = 0) -> Dict[str, Any]:
    """Class curvature of sampled surfaces and the truth, over w and k.

    Fig. 5 of Ma et al., *Predicting and Enhancing the Fairness of DNNs with
    the Curvature of Perceptual Manifolds*. Departures: the true mean of
    abs(K) stands beside the estimate; the second surface, as printed, is a
    bent sheet, so a third one, in which y stands for the second x, is shown
    too. The paper does not print the range of w or the sampled square; here
    x and y lie in [-1, 1].

    Args:
        num_points (int): Of each surface. Defaults to 1500.
        neighbors (Sequence[int]): Values of k. Defaults to
            (10, 20, 40, 60).
        steps (int): Values of w. Defaults to 8.
        seed (int): Of the points. Defaults to 0.

    Returns:
        dict: A record for :func:`plot`.
    """
    surfaces = []
    for name, (function, equation, top) in SURFACES.items():
        w = np.linspace(top / steps, top, steps)
        samples = [
            getattr(shapes, function)(num_points, value, seed=seed)
            for value in w
        ]
        estimates = {
            str(k): [_estimate(sample, k) for sample in samples]
            for k in neighbors
        }
        surfaces.append(
            dict(
                name=name,
                equation=equation,
                w=w.tolist(),
                true=[sample.mean_curvature for sample in samples],
                estimates=estimates,
                shape=samples[steps // 2].points[:600].tolist(),
                shape_w=float(w[steps // 2])))
    return dict(num_points=num_points, seed=seed, surfaces=surfaces)


def plot(record: Dict[str, Any]):
    """One row per surface: its points, and its curvature over w.

    Args:
        record (dict): Of :func:`measure`.

    Returns:
        tuple: Figure and axes (surfaces, 2).
    """
    rows = len(record['surfaces'])
    figure, axes = panels(rows, 2, width=4.2)
    for row, surface in zip(range(rows), record['surfaces']):
        place = axes[row, 0].get_subplotspec()
        axes[row, 0].remove()
        cloud = figure.add_subplot(place, projection='3d')
        axes[row, 0] = cloud
        x, y, z = np.array(surface['shape']).T
        cloud.scatter(x, y, z, c=z, s=4, cmap='viridis')
        cloud.set(xticks=[], yticks=[], zticks=[])
        set_heading(cloud, f'{surface["name"]}, w = {surface["shape_w"]:g}')
        axis = axes[row, 1]
        for i, (k, values) in enumerate(surface['estimates'].items()):
            axis.plot(
                surface['w'],
                values,
                'o-',
                color=color(i),
                ms=3,
                label=f'k = {k}')
        axis.plot(surface['w'], surface['true'], 'k--', lw=1.8, label='true')
        set_heading(axis, surface['equation'])
        axis.set_xlabel('w')
        axis.set_ylabel('mean of |curvature|')
        set_legend(axis)
    return figure, axes


def _estimate(sample: shapes.ShapeSample, k: int) -> float:
    labels = sample.points.new_zeros(len(sample.points)).long()
    return class_curvature(sample.points, labels, 1, k=k).value.item()
