# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether the curvature of the classes depends on how it is measured.

A curvature looks at a neighbourhood only along m tangent directions and one
normal. Turning the neighbourhood into its principal axes is an isometry, so
the curvature of the coordinates along those axes is that of the points; and
the axes, which cost most, are the same for every m, fit and reduction.
"""
import itertools
import math
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from mmcurv.fairness import pearson, spearman
from mmcurv.geometry.curvature import (neighbors_needed, points_per_chunk,
                                       rounding_floor)
from mmcurv.geometry.frames import NORMALS, local_frames
from mmcurv.geometry.neighbors import DEFAULT_MEMORY
from mmcurv.geometry.quadric import fit_quadrics
from mmcurv.geometry.reduction import REDUCTIONS, reduce_by_class
from .accuracy import quick_correlation
from .class_reader import ClassReader, threads_for
from .geometry import groups, nearest_first, neighborhoods, scratch_memory
from .options import AuditOptions
from .result_cache import Progress, ResultCache, silent


class PrincipalCoordinates:
    """Neighbourhoods of points along their principal axes.

    Args:
        points (Tensor): Shape (n, p), of moderate size.
        around (Tensor): Shape (n, k), indices of the neighbours of each.
        tangent_dim (int): Largest m that will be asked for.
        max_memory (int): Bound in bytes on scratch memory. Defaults to
            268435456.
        precision (float): As in :func:`~mmcurv.geometry.point_curvature`.
            Defaults to 0.0.
    """

    def __init__(self,
                 points: Tensor,
                 around: Tensor,
                 tangent_dim: int,
                 max_memory: int = DEFAULT_MEMORY,
                 precision: float = 0.) -> None:
        parts, ranks, step = [], [], points_per_chunk(around.shape[1], points,
                                                      max_memory)
        for part, near in zip(points.split(step), around.split(step)):
            offsets = F.embedding(near, points) - part[:, None]
            count = torch.full_like(near[:, 0], near.shape[1])
            axes = local_frames(offsets, count, tangent_dim, 'both',
                                rounding_floor(part, count, precision))
            parts.append(offsets @ axes.vectors)
            ranks.append(axes.rank)
        # In order: m tangents, the next direction, the smallest.
        self._along, self._rank = torch.cat(parts), torch.cat(ranks)

    def curvature(self, tangent_dim: int, fits: Sequence[str],
                  ridge: float) -> Dict[Tuple[str, str], Tuple]:
        """Curvature at every point, by both normals.

        Args:
            tangent_dim (int): m, at most that of the constructor.
            fits (Sequence[str]): Of 'ridge', 'symmetric' and 'paper'.
            ridge (float): Relative ridge.

        Returns:
            dict: (normal, fit) to log |det| and the residual, as of
            :func:`~mmcurv.geometry.point_curvature`, both (n,).
        """
        m, last = tangent_dim, self._along.shape[2] - 1
        radius = self._along[..., :m].square().sum(2).mean(1).sqrt()
        radius = torch.where(radius > 0, radius, 1)  # (n,)
        local = self._along / radius[:, None, None]
        fitted = fit_quadrics(local[..., :m], local[..., [m, last]], fits,
                              ridge)
        flat, found = self._rank == m, {}
        for fit, (hessians, residuals) in zip(fits, fitted):
            sound = torch.isfinite(hessians).all(3).all(2)  # (n, 2)
            log_abs = torch.linalg.slogdet(
                torch.where(sound[..., None, None], hessians, 0)).logabsdet
            for place, normal in enumerate(('next', 'smallest')):
                known = flat | (sound[:, place] & (self._rank > m))
                own = log_abs[:, place] - m * radius.log()
                own = torch.where(flat, -math.inf, own)
                residual = torch.where(flat, 0, residuals[:, place])
                found[normal, fit] = (torch.where(known, own, math.nan),
                                      torch.where(known, residual, math.nan))
        return found


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

    The options' own k, tangent_dim and fit are among them, whatever they are.
    Of plain least squares 'symmetric' alone is tried: with the neighbours
    that a fit needs, 'paper' has the same solution.
    """
    fits = ('ridge', 'paper' if options.fit == 'paper' else 'symmetric')
    ks = sorted({*NEIGHBORS, options.k})
    ms = sorted({*TANGENT_DIMS, options.tangent_dim})
    return [
        Setting(k, m, normal, fit)
        for k, m, normal, fit in itertools.product(ks, ms, NORMALS, fits)
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
    widest, measured = max(setting.k for setting in tried), []
    memory = scratch_memory(reader, options.max_memory)
    for group in groups(reader.counts, widest):

        def measure() -> List[List[dict]]:
            return _of_group([reader(c) for c in group], tried, options.ridge,
                             memory, reader.precision)

        largest = max(reader.counts[c] for c in group)
        with threads_for(largest * largest * reader.feature_dim):
            measured += cache.get(f'diagnosis from {group[0]}', measure)
        progress('Diagnosis', len(measured), len(reader.counts))
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


def _of_group(clouds: List[Tensor], tried: List[Setting], ridge: float,
              max_memory: int, precision: float) -> List[List[dict]]:
    """Of each class for each setting: log curvature by each reduction, and
    how it fitted."""
    sizes = [len(cloud) for cloud in clouds]
    widest = max(setting.k for setting in tried)
    points, around, units = neighborhoods(clouds, min(widest, sizes[0] - 1),
                                          max_memory)
    step = points_per_chunk(max(around.shape[1], 1), points, max_memory)
    around = torch.cat([
        nearest_first(points, part, near)
        for part, near in zip(points.split(step), around.split(step))
    ])
    labels = torch.arange(len(clouds)).repeat_interleave(torch.tensor(sizes))
    found = {}
    for k in sorted({setting.k for setting in tried}):
        near = min(k, sizes[0] - 1)
        fits: Dict[int, set] = {}
        for setting in tried:
            if setting.k == k and neighbors_needed(
                    setting.tangent_dim) <= near:
                fits.setdefault(setting.tangent_dim, set()).add(setting.fit)
        if not fits:
            continue
        axes = PrincipalCoordinates(points, around[:, :near], max(fits),
                                    max_memory, precision)
        for m, own in fits.items():
            curvature = axes.curvature(m, sorted(own), ridge)
            for (normal, fit), (log_abs, residual) in curvature.items():
                found[Setting(k, m, normal,
                              fit)] = _of_classes(log_abs - m * units.log(),
                                                  residual, labels, sizes)
    nothing = dict(
        log_curvature=[math.nan] * len(REDUCTIONS),
        points_used=0,
        residual=math.nan)
    return [[
        found[setting][c] if setting in found else nothing for setting in tried
    ] for c in range(len(clouds))]


def _of_classes(log_abs: Tensor, residual: Tensor, labels: Tensor,
                sizes: List[int]) -> List[dict]:
    reduced = zip(
        *(reduce_by_class(log_abs, labels, len(sizes), reduction).tolist()
          for reduction in REDUCTIONS))
    found = []
    for values, own in zip(reduced, residual.split(sizes)):
        own = own[~torch.isnan(own)]
        found.append(
            dict(
                log_curvature=list(values),
                points_used=len(own),
                residual=own.median().item() if len(own) else math.nan))
    return found


def _kendall(a: np.ndarray, b: np.ndarray) -> float:
    both = ~np.isnan(a) & ~np.isnan(b)
    if both.sum() < 2:
        return math.nan
    return float(stats.kendalltau(a[both], b[both]).statistic)


def _median(values: np.ndarray) -> float:
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else math.nan
