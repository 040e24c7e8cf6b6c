# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 3, 5, 12 and 13: what closed forms and sampled shapes show.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*. Nothing is read: each figure measures known shapes,
or the loss of two classes.
"""
from typing import Any, Dict, Sequence, Tuple

import numpy as np
import torch

from mmcurv.audit.report.style import (INK, MUTED, color, outer_legend, panels,
                                       set_heading, set_legend)
from mmcurv.geometry import class_curvature, separation_degree
from mmcurv.regularization import curvature_loss
from . import shapes
from .shapes import sphere_pair

RADII = ((1., 1.), (1., 1.5), (1., 3.))
DISTANCES = tuple(np.linspace(0, 8, 17).tolist())
READINGS = ((False, 'Algorithm 2'), (True, 'Section 3.3, centred'))


def measure_spheres(num_points: int = 2000,
                    radii: Sequence[Tuple[float, float]] = RADII,
                    distances: Sequence[float] = DISTANCES,
                    seed: int = 0) -> Dict[str, Any]:
    """Separation degrees of sampled spheres, and those of the true spheres.

    The three cases of Section 3.3 of Ma et al., *Predicting and Enhancing
    the Fairness of DNNs with the Curvature of Perceptual Manifolds*: equal
    radii, unequal ones, and a larger difference. The paper prints neither
    the radii of the last two nor where the origin lies, on which Algorithm 2
    depends; for the latter see
    :func:`~mmcurv.paper_figures.shapes.sphere_pair`.

    Args:
        num_points (int): Of each sphere. Defaults to 2000.
        radii (Sequence): Two radii of each case; without it ``RADII``.
        distances (Sequence[float]): Between the centres; without it
            ``DISTANCES``.
        seed (int): Of the points. Defaults to 0.

    Returns:
        dict: A record for :func:`plot_spheres`.
    """
    cases = []
    for pair in radii:
        curves = {name: [] for _, name in READINGS}
        for distance in distances:
            shape = sphere_pair(num_points, pair, distance, seed)
            for center, name in READINGS:
                true = shape.centered_separation if center else (
                    shape.separation)
                curves[name].append(
                    dict(
                        measured=separation_degree(shape.features,
                                                   shape.labels, 2,
                                                   center).tolist(),
                        true=true.tolist()))
        cases.append(dict(radii=list(pair), curves=curves))
    return dict(
        num_points=num_points,
        seed=seed,
        distances=list(distances),
        cases=cases)


def plot_spheres(record: Dict[str, Any]):
    """One column per case, one row per reading of the definition.

    Args:
        record (dict): Of :func:`measure_spheres`.

    Returns:
        tuple: Figure and axes (2, cases).
    """
    figure, axes = panels(len(READINGS), len(record['cases']))
    for column, case in zip(axes.T, record['cases']):
        for axis, (_, name) in zip(column, READINGS):
            measured, true = (
                np.array([point[kind] for point in case['curves'][name]])
                for kind in ('measured', 'true'))
            for i, radius in enumerate(case['radii']):
                axis.plot(
                    record['distances'],
                    true[:, i],
                    linestyle='-' if i == 0 else '--',
                    color=color(i),
                    lw=1.6)
                axis.plot(
                    record['distances'],
                    measured[:, i],
                    'o' if i == 0 else 's',
                    ms=4 if i == 0 else 6.5,
                    mfc='none',
                    color=color(i),
                    label=f'sphere {i + 1}, radius {radius:g}')
            set_heading(axis, name)
            axis.set_xlabel('distance between the centres')
            axis.set_ylabel('separation degree')
            set_legend(axis)
    figure.supxlabel(
        f'Lines: exact. Marks: {record["num_points"]} points of each sphere.',
        color=MUTED,
        fontsize=8)
    return figure, axes


SURFACES = {
    'saddle': ('saddle', 'w (x² - y²)', 4.),
    'printed waves':
    ('printed_waves', 'sin sin(wx/2) + cos cos(wx/2), as printed: K = 0', 8.),
    'crossed waves':
    ('crossed_waves', 'sin sin(wx/2) + cos cos(wy/2), not in the paper', 8.),
}


def measure_surfaces(num_points: int = 1500,
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
        dict: A record for :func:`plot_surfaces`.
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


def plot_surfaces(record: Dict[str, Any]):
    """One row per surface: its points, and its curvature over w.

    Args:
        record (dict): Of :func:`measure_surfaces`.

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


LOSSES = {
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
        dict: A record for :func:`plot_losses`.
    """
    return _measure_losses(-1, 'Fig. 12: -log(G / max G), the rejected form')


def measure_used() -> Dict[str, Any]:
    """Fig. 13: the implemented loss of the inverse curvatures' maximum.

    Returns:
        dict: A record for :func:`plot_losses`.
    """
    return _measure_losses(1, 'Fig. 13: -log(1/G / max 1/G), the used form')


def plot_losses(record: Dict[str, Any]):
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


def _measure_losses(sign: int, heading: str) -> Dict[str, Any]:
    curvature = np.geomspace(0.1, 10, 121)
    variants = {}
    for name, (mode, detach) in LOSSES.items():
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
