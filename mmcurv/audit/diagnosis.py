# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether the curvature of the classes depends on how it is measured.

A curvature looks at a neighbourhood only along m tangent directions and one
normal. Turning the neighbourhood into its principal axes is an isometry, so
the curvature of the coordinates along those axes is that of the points; and
the axes, which cost most, are the same for every m, fit and reduction.
"""
import itertools
import math
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from mmcurv.fairness import pearson, spearman
from mmcurv.geometry.checks import check_points, to_moderate_unit
from mmcurv.geometry.curvature import (PointCurvature, curvature_of_offsets,
                                       neighbors_needed, points_per_chunk,
                                       rounding_floor)
from mmcurv.geometry.frames import NORMALS, local_frames
from mmcurv.geometry.neighbors import DEFAULT_MEMORY, nearest
from mmcurv.geometry.quadric import FITS
from mmcurv.geometry.reduction import REDUCTIONS, reduce_by_class
from .accuracy import quick_correlation
from .class_reader import ClassReader, threads_for
from .geometry import scratch_memory
from .options import AuditOptions
from .result_cache import Progress, ResultCache, silent


class PrincipalCoordinates:
    """Neighbourhoods of all points of one class.

    Args:
        points (Tensor): Shape (n, p), finite, n >= 2.
        k (int): Neighbours; min(k, n - 1) are used.
        tangent_dim (int): Largest m that will be asked for.
        max_memory (int): Bound in bytes on scratch memory. Defaults to
            268435456.
        precision (float): As in :func:`~mmcurv.geometry.point_curvature`.
            Defaults to 0.0.
    """

    def __init__(self,
                 points: Tensor,
                 k: int,
                 tangent_dim: int,
                 max_memory: int = DEFAULT_MEMORY,
                 precision: float = 0.) -> None:
        points, self._unit = to_moderate_unit(check_points(points))
        rows = torch.arange(len(points))
        self.k = near = min(k, len(points) - 1)
        neighbors = nearest(points, points, near, rows, max_memory)
        self._count = torch.full_like(rows, near)
        parts = []
        for part in rows.split(points_per_chunk(near, points, max_memory)):
            offsets = points[neighbors[part]] - points[part, None]
            count = self._count[part]
            rounding = rounding_floor(points[part], count, precision)
            axes = local_frames(offsets, count, tangent_dim, 'next', rounding)
            # For the fewest tangents: beyond the rank directions are 0.
            least = local_frames(offsets, count, 1, 'smallest', rounding)
            along = torch.cat([axes.vectors, least.vectors[..., -1:]], 2)
            parts.append((offsets @ along, axes.rank))
        self._along = torch.cat([part for part, _ in parts])  # (n, k, m + 2)
        self._rank = torch.cat([rank for _, rank in parts])

    def curvature(self, tangent_dim: int, normal: str, fit: str,
                  ridge: float) -> PointCurvature:
        """Curvature at every point, six tensors (n,).

        Args:
            tangent_dim (int): m, at most that of the constructor.
            normal (str): 'smallest' or 'next'.
            fit (str): 'ridge', 'symmetric' or 'paper'.
            ridge (float): Relative ridge.
        """
        # In order: m tangents of the constructor, the next one, the smallest.
        place = -1 if normal == 'smallest' else tangent_dim
        curved = self._rank > tangent_dim
        height = torch.where(curved[:, None], self._along[..., place], 0)
        local = torch.cat([self._along[..., :tangent_dim], height[..., None]],
                          2)
        return curvature_of_offsets(
            local,
            self._count,
            tangent_dim,
            'next',
            fit,
            ridge,
            unit=self._unit)


NEIGHBORS = (10, 20, 31, 40, 60)
TANGENT_DIMS = (2, 3, 4, 6, 8)
MINUS = '\u2212'


class Setting(NamedTuple):
    """One way to fit the quadrics."""
    k: int
    tangent_dim: int
    normal: str
    fit: str

    def __str__(self) -> str:
        return ' '.join(map(str, self))


def settings(options: AuditOptions) -> List[Setting]:
    """All settings that are tried: those that determine the fit.

    The options' own k and tangent_dim are among them, whatever they are.
    """
    ks = sorted({*NEIGHBORS, options.k})
    ms = sorted({*TANGENT_DIMS, options.tangent_dim})
    return [
        Setting(k, m, normal, fit)
        for k, m, normal, fit in itertools.product(ks, ms, NORMALS, FITS)
        if neighbors_needed(m) <= k
    ]


def diagnose(reader: ClassReader,
             accuracy: np.ndarray,
             options: AuditOptions,
             cache: ResultCache,
             progress: Progress = silent) -> dict:
    """Curvature of every class under every setting.

    Args:
        reader (ClassReader): Of C classes.
        accuracy (np.ndarray): (C,) fractions or nan.
        options (AuditOptions): Its curvature is the default that the others
            are compared with.
        cache (ResultCache): Classes that it holds are not measured again.
        progress (Progress): Told of each class;
            by default nobody is.

    Returns:
        dict: ``rows``, one per setting and reduction: k, tangent_dim, normal,
        fit, reduction, scale, is_default, pearson and spearman with class
        accuracy, unusable_share (of all points, those without a curvature),
        residual (median over classes of the median misfit of the quadric as a
        share of the heights), kendall_to_default (tau-b of the classes'
        order), and classes, the number with a curvature; and ``answer``, see
        :func:`answer`.
    """
    tried = settings(options)
    measured = []
    for c, count in enumerate(reader.counts):
        with threads_for(count * count * reader.feature_dim):
            measured.append(
                cache.get(
                    f'diagnosis {c}', lambda: _of_class(
                        reader(c), tried, options.ridge,
                        scratch_memory(reader, options.max_memory), reader.
                        precision)))
        progress('Diagnosis', c + 1, len(reader.counts))
    points = sum(reader.counts)
    table = {}
    for place, setting in enumerate(tried):
        of_setting = [own[place] for own in measured]
        for column, reduction in enumerate(REDUCTIONS):
            values = [own['log_curvature'][column] for own in of_setting]
            table[setting, reduction] = np.array(values, float)
    default = (Setting(options.k, options.tangent_dim, options.normal,
                       options.fit), options.reduction)
    rows = []
    for (setting, reduction), log_curvature in table.items():
        of_setting = [own[tried.index(setting)] for own in measured]
        with np.errstate(over='ignore'):
            curvature = np.exp(log_curvature)
        used = sum(own['points_used'] for own in of_setting)
        residual = np.array([own['residual'] for own in of_setting], float)
        rows.append(
            dict(
                setting._asdict(),
                reduction=reduction,
                scale=options.scaling,
                is_default=(setting, reduction) == default,
                pearson=quick_correlation(pearson, curvature, accuracy),
                spearman=quick_correlation(spearman, log_curvature, accuracy),
                unusable_share=1 - used / points,
                residual=_median(residual),
                kendall_to_default=_kendall(log_curvature, table[default]),
                classes=int((~np.isnan(log_curvature)).sum())))
    return dict(rows=rows, answer=answer(rows, options))


def answer(rows: List[dict], options: AuditOptions) -> dict:
    """Whether the number can be trusted, in one sentence.

    Args:
        rows (list[dict]): Of :func:`diagnose`.
        options (AuditOptions): In use.

    Returns:
        dict: ``by_k``, for each k the Spearman correlation with accuracy, the
        other options being those in use; ``sign_turns_with_k``, whether these
        differ in sign, None if none is known; ``settings``, those with a
        correlation, ``same_sign`` and ``opposite_sign`` as the one in use;
        ``lowest`` and ``highest`` of them; ``trust``: 'turns' (sign, with k),
        'depends' (sign, in more than a tenth of the settings), 'steady', or
        'unclear' where nothing is known; and ``sentence``.
    """
    own = dict(
        tangent_dim=options.tangent_dim,
        normal=options.normal,
        fit=options.fit,
        reduction=options.reduction)
    known = [row for row in rows if not math.isnan(row['spearman'])]
    by_k = [
        dict(
            k=row['k'],
            spearman=row['spearman'],
            kendall_to_default=row['kendall_to_default']) for row in known
        if all(row[key] == value for key, value in own.items())
    ]
    default = [row['spearman'] for row in known if row['is_default']]
    values = np.array([row['spearman'] for row in known])
    found = dict(
        sign_turns_with_k=None,
        by_k=by_k,
        settings=len(known),
        same_sign=0,
        opposite_sign=0,
        lowest=math.nan,
        highest=math.nan,
        trust='unclear',
        sentence='No correlation is known, so nothing can be said.')
    if not default or not by_k:
        return found
    sign = math.copysign(1, default[0])
    same, opposite = (
        int((sign * values * side > 0).sum()) for side in (1, -1))
    of_k = np.array([entry['spearman'] for entry in by_k])
    turns = bool(of_k.min() < 0 < of_k.max())
    low, high = float(values.min()), float(values.max())
    ks = f'k = {min(e["k"] for e in by_k)} to {max(e["k"] for e in by_k)}'
    span = f'between {low:+.2f} and {high:+.2f}'
    if turns:
        trust = 'turns'
        sentence = (
            'No: the sign of the correlation of curvature and accuracy turns '
            f'with the number of neighbours ({of_k.min():+.2f} to '
            f'{of_k.max():+.2f} over {ks}).')
    elif opposite > len(known) / 10:
        trust = 'depends'
        sentence = (
            f'Only as far as the options are right: the sign is that of the '
            f'one in use for {ks}, but the other one in {opposite} of '
            f'{len(known)} settings, {span}.')
    else:
        trust = 'steady'
        sentence = (f'The sign can: it is that of the one in use in {same} of '
                    f'{len(known)} settings, {span}.')
    found.update(
        sign_turns_with_k=turns,
        same_sign=same,
        opposite_sign=opposite,
        lowest=low,
        highest=high,
        trust=trust,
        sentence=sentence.replace('-', MINUS))
    return found


def _of_class(points: Tensor, tried: List[Setting], ridge: float,
              max_memory: int, precision: float) -> List[dict]:
    """For each setting: log curvature by each reduction, and how it fitted."""
    axes: Dict[int, Tuple[int, PrincipalCoordinates]] = {}
    found = []
    for setting in tried:
        near = min(setting.k, len(points) - 1)
        if near < neighbors_needed(setting.tangent_dim):
            found.append(
                dict(
                    log_curvature=[math.nan] * len(REDUCTIONS),
                    points_used=0,
                    residual=math.nan))
            continue
        if near not in axes:
            widest = max(
                other.tangent_dim for other in tried
                if neighbors_needed(other.tangent_dim) <= near)
            # Settings come by rising k, so that one set of axes is enough.
            axes = {
                near:
                PrincipalCoordinates(points, near, widest, max_memory,
                                     precision)
            }
        found.append(_of_setting(axes[near], setting, ridge))
    return found


def _of_setting(axes: PrincipalCoordinates, setting: Setting,
                ridge: float) -> dict:
    point = axes.curvature(setting.tangent_dim, setting.normal, setting.fit,
                           ridge)
    labels = torch.zeros(len(point.log_abs_det), dtype=torch.long)
    used = ~torch.isnan(point.log_abs_det)
    residual = point.residual[used]
    return dict(
        log_curvature=[
            reduce_by_class(point.log_abs_det, labels, 1, reduction).item()
            for reduction in REDUCTIONS
        ],
        points_used=int(used.sum()),
        residual=residual.median().item() if len(residual) else math.nan)


def _kendall(a: np.ndarray, b: np.ndarray) -> float:
    both = ~np.isnan(a) & ~np.isnan(b)
    if both.sum() < 2:
        return math.nan
    return float(stats.kendalltau(a[both], b[both]).statistic)


def _median(values: np.ndarray) -> float:
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else math.nan
