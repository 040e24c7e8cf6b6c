# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fig. 3: separation degree of two spheres by the distance of the centres."""
from typing import Any, Dict, Sequence, Tuple

import numpy as np

from mmcurv.audit.report.style import (MUTED, color, panels, set_heading,
                                       set_legend)
from mmcurv.geometry import separation_degree
from .shapes import sphere_pair

RADII = ((1., 1.), (1., 1.5), (1., 3.))
DISTANCES = tuple(np.linspace(0, 8, 17).tolist())
READINGS = ((False, 'Algorithm 2'), (True, 'Section 3.3, centred'))


def measure(num_points: int = 2000,
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
        dict: A record for :func:`plot`.
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


def plot(record: Dict[str, Any]):
    """One column per case, one row per reading of the definition.

    Args:
        record (dict): Of :func:`measure`.

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
