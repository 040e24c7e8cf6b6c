# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Volume of point cloud manifolds and their separation degree.

Ma et al., Predicting and Enhancing the Fairness of DNNs with the Curvature of
Perceptual Manifolds, sections 3.2 and 3.3, Algorithms 1 and 2. Everything is
computed in float64, whatever the input: the identity beside a scatter matrix
of large features is below float32's resolution, and differences of volumes
cancel digits.

For the separation one total scatter matrix serves all classes; what is left
without a class follows from it by taking that class's part away.

Letters: N points, n of one class, p features, C classes.
"""
from math import log2, sqrt
from typing import Callable, Iterator, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .checks import check_features, check_points
from .reduction import class_members

_CHUNK_ELEMENTS = 2**22  # of float64 per chunk of points: 32 MiB


def manifold_volume(points: Tensor, center: bool = True) -> Tensor:
    r"""Volume of the space that the points span, in bits.

    .. math::
        \mathrm{Vol}(Z) = \tfrac12 \log_2 \det\bigl(I +
        \tfrac1n (Z - \bar Z)(Z - \bar Z)^T\bigr)

    Source: Ma et al., section 3.2. No departure; the determinant is taken in
    the log domain through the smaller of the (n, n) and (p, p) Gram matrices,
    which have the same non-zero eigenvalues.

    Args:
        points (Tensor): Floating-point features of shape (n, p).
        center (bool): Whether to subtract the mean first. Defaults to True.

    Returns:
        Tensor: A 0-d tensor, >= 0, in bits; differentiable in ``points``;
        float64 for float64 input, else float32. nan for n = 0, 0 for n = 1
        with ``center=True``. Eigenvalues of the scatter matrix below about
        1e-16 of the largest are not resolved.

    Raises:
        TypeError: If ``points`` is not a floating-point tensor.
        ValueError: If ``points`` is not (n, p), or holds NaN or inf.

    Examples:
        >>> import torch
        >>> corners = torch.tensor([[1., 0.], [-1., 0.], [0., 1.], [0., -1.]])
        >>> float(manifold_volume(corners * 2**0.5))  # scatter is the identity
        1.0
    """
    points = check_points(points)
    if not len(points):
        return points.new_full((), float('nan'))
    return 0.5 * _volume(_cloud(points, center)).to(points.dtype)


def class_volume(features: Tensor,
                 labels: Tensor,
                 num_classes: int,
                 center: bool = True) -> Tensor:
    """Volume of each class manifold (Ma et al., Algorithm 1), in bits.

    Args:
        features (Tensor): Floating-point features of shape (N, p).
        labels (Tensor): Integer labels in [0, C) of shape (N,).
        num_classes (int): C, the number of classes.
        center (bool): Whether to subtract each class's mean first, as the
            formula of section 3.2 does. Defaults to True.

    Returns:
        Tensor: :func:`manifold_volume` of each class, of shape (C,); nan for
        a class without points.

    Raises:
        TypeError, ValueError: If the features or labels are not as above.
    """
    features, labels = check_features(features, labels, num_classes)
    return torch.stack([
        manifold_volume(features[index], center)
        for index in class_members(labels, num_classes)
    ])


def separation_degree(features: Tensor,
                      labels: Tensor,
                      num_classes: int,
                      center: bool = False) -> Tensor:
    r"""Separation degree of each class manifold from all the others.

    .. math::
        S(M^i) = \frac{\log\det(I + ZZ^T/N) -
        \log\det(I + Z'Z'^T/(N - n_i))}{\log\det(I + Z_iZ_i^T/n_i)}

    with Z all features and Z' those of every class but i. Source: Ma et al.,
    Algorithm 2, which does not centre; ``center=True`` is the other reading,
    section 3.3's ratio of the volumes of section 3.2, each about its own
    mean. Departures: 1/n_i stands where Algorithm 2 prints 1/m, and
    1/(N - n_i) where one line of section 3.3 prints 1/N for Z'.

    Without centring the degree depends on where the origin lies: two equal
    spheres have equal degrees only at equal distance from it, and degree 0
    wherever one is the other's mirror image in the origin.

    A class of n < p points is taken away by the matrix determinant lemma, in
    an (n, n) matrix over one Cholesky factor per distinct class size; a
    larger one by subtraction and a (p, p) factor of its own. Peak memory is
    a few (p, p) matrices and one class's points beside the input.

    Args:
        features (Tensor): Floating-point features of shape (N, p).
        labels (Tensor): Integer labels in [0, C) of shape (N,).
        num_classes (int): C, the number of classes.
        center (bool): Whether each cloud is taken about its own mean.
            Defaults to False.

    Returns:
        Tensor: Degrees of shape (C,), without unit; differentiable in
        ``features``; float64 for float64 input, else float32. nan for a
        class that is absent, has volume 0, or holds all points. Eigenvalues
        of a scatter matrix below about 1e-16 of the largest are not resolved.

    Raises:
        TypeError, ValueError: If the features or labels are not as above.
    """
    features, labels = check_features(features, labels, num_classes)
    members = class_members(labels, num_classes)
    if not len(features):
        return features.new_full((num_classes, ), float('nan'))
    degrees = separation_by_class(lambda c: features[members[c]],
                                  [len(index) for index in members], center)
    return degrees.to(features.dtype)


def separation_by_class(points_of: Callable[[int], Tensor],
                        counts: Sequence[int],
                        center: bool = False) -> Tensor:
    """:func:`separation_degree` of classes that are read one at a time.

    Args:
        points_of (Callable): Gives the points (n, p) of class c, finite and
            floating point; called up to three times per class.
        counts (Sequence[int]): (C,) points of each class, not all 0.
        center (bool): Whether each cloud is taken about its own mean.
            Defaults to False.

    Returns:
        Tensor: Degrees of shape (C,), float64; see the function above.
    """
    n_all = sum(counts)
    present = [c for c, count in enumerate(counts) if count]
    mean = None
    if center:
        sums = (points_of(c).sum(0, dtype=torch.float64) for c in present)
        mean = sum(sums) / n_all
    total = sum(_scatter(points_of(c), mean) for c in present)  # (p, p)
    volume = _log2_det_identity_plus(total / n_all)
    degrees = [total.new_full((), float('nan'))] * len(counts)
    factor_of = None  # class size that the current factor belongs to
    for c in sorted(present, key=counts.__getitem__):
        others = n_all - counts[c]
        if others == 0:
            break
        cloud = _cloud(points_of(c), center)
        between = None
        if center:
            between = (cloud.mean - mean) * sqrt(counts[c] * n_all / others)
        if cloud.rows is None:
            rest = _log2_det_identity_plus(
                (total - _total(cloud, between)) / others)
        else:
            if factor_of != counts[c]:
                factor, factor_of = _factor(total, others), counts[c]
            rest = _volume_without(
                _stack(cloud.rows, between), factor, total, others)
        degrees[c] = _ratio(volume - rest, _volume(cloud))
    return torch.stack(degrees)


def pairwise_separation(features: Tensor,
                        labels: Tensor,
                        num_classes: int,
                        center: bool = False) -> Tensor:
    r"""Separation degree of each class manifold from each other one.

    Entry (i, j) is :func:`separation_degree` of class i when classes i and j
    are all there is: the volume that class i adds to class j, relative to
    its own. Ma et al., section 3.3, with C = 2.

    Time grows with C squared; peak memory is at most one float64 copy of the
    features.

    Args:
        features (Tensor): Floating-point features of shape (N, p).
        labels (Tensor): Integer labels in [0, C) of shape (N,).
        num_classes (int): C, the number of classes.
        center (bool): Whether each cloud is taken about its own mean.
            Defaults to False.

    Returns:
        Tensor: Degrees of shape (C, C), not symmetric; nan on the diagonal,
        where either class is absent, and in the row of a class of volume 0.

    Raises:
        TypeError, ValueError: If the features or labels are not as above.
    """
    features, labels = check_features(features, labels, num_classes)
    members = class_members(labels, num_classes)
    present = [c for c in range(num_classes) if len(members[c])]
    clouds = {c: _cloud(features[members[c]], center) for c in present}
    separation = PairSeparation(clouds.__getitem__)
    degrees = features.new_full((num_classes, num_classes),
                                float('nan'),
                                dtype=torch.float64)
    for place, i in enumerate(present):
        others = present[:place]
        there, back = separation(i, others)
        degrees[i, others], degrees[others, i] = there, back
    return degrees.to(features.dtype)


class PairSeparation:
    """:func:`pairwise_separation` of the pairs that are asked for.

    Args:
        cloud_of (Callable): Gives the :func:`_cloud` of class c; called for
            each pair, so that whoever has no memory for all makes them anew.
    """

    def __init__(self, cloud_of: Callable[[int], '_Cloud']) -> None:
        self._cloud_of = cloud_of
        self._volumes = {}

    @classmethod
    def of_points(cls,
                  points_of: Callable[[int], Tensor],
                  center: bool = False) -> 'PairSeparation':
        """Of classes that are read one at a time.

        Args:
            points_of (Callable): Gives the points (n, p) of class c, finite
                and floating point, n > 0.
            center (bool): As in :func:`pairwise_separation`.
        """
        return cls(lambda c: _cloud(points_of(c), center))

    def __call__(self, i: int, others: Sequence[int]) -> Tuple[Tensor, Tensor]:
        """Degrees of class i beside each other one, and of these beside i.

        Returns:
            tuple: Twice (len(others),), float64; nan for a class of volume 0.
        """
        own, clouds = self._cloud_of(i), [self._cloud_of(j) for j in others]
        if not clouds:
            return torch.empty(2, 0, dtype=torch.float64).unbind()
        union = _union_volumes(own, clouds)
        volume = self._volume(i, own)
        rest = torch.stack(
            [self._volume(j, c) for j, c in zip(others, clouds)])
        return (_ratio(union - rest, volume), _ratio(union - volume, rest))

    def _volume(self, c: int, cloud: '_Cloud') -> Tensor:
        if c not in self._volumes:
            self._volumes[c] = _volume(cloud)
        return self._volumes[c]


class _Cloud(NamedTuple):
    """One class about its centre: its rows if n < p, else its scatter."""
    count: int
    mean: Optional[Tensor]  # (p,), None where nothing is centred
    rows: Optional[Tensor]  # (n, p)
    scatter: Optional[Tensor]  # (p, p)


def _cloud(points: Tensor, center: bool) -> _Cloud:
    """A class's points (n, p), about their own mean if ``center``."""
    n, p = points.shape
    mean = points.mean(0, dtype=torch.float64) if center else None
    if n < p:
        return _Cloud(n, mean, _centered(points, mean), None)
    return _Cloud(n, mean, None, _scatter(points, mean))


def _volume(cloud: _Cloud) -> Tensor:
    """Twice the volume, in bits: the factor cancels in every ratio here."""
    if cloud.rows is None:
        return _log2_det_identity_plus(cloud.scatter / cloud.count)
    gram = cloud.rows @ cloud.rows.T  # (n, n)
    return _log2_det_identity_plus(gram / cloud.count)


def _union_volumes(own: _Cloud, others: Sequence[_Cloud]) -> Tensor:
    """Of a cloud together with each other one, about their common mean."""
    volumes = own.scatter if own.rows is None else own.rows
    volumes = volumes.new_empty(len(others))
    width = len(own.scatter) if own.rows is None else own.rows.shape[1]
    sides = [
        width if cloud.rows is None or own.rows is None else min(
            width, own.count + cloud.count + (own.mean is not None))
        for cloud in others
    ]
    for side in set(sides):
        places = [place for place, one in enumerate(sides) if one == side]
        for part in _chunks(places, max(1, _CHUNK_ELEMENTS // side**2)):
            matrices = torch.stack(
                [_union(own, others[place], side < width) for place in part])
            volumes[part] = _log2_det_identity_plus(matrices)
    return volumes


def _union(a: _Cloud, b: _Cloud, by_gram: bool) -> Tensor:
    """Scatter of both clouds together over their points, or its Gram matrix.
    """
    count, between = a.count + b.count, None
    if a.mean is not None:
        between = (a.mean - b.mean) * sqrt(a.count * b.count / count)
    if by_gram:
        rows = _stack(torch.cat([a.rows, b.rows]), between)
        return rows @ rows.T / count
    return (_total(a, between) + _total(b)) / count


def _chunks(items: list, size: int) -> Iterator[list]:
    return (items[at:at + size] for at in range(0, len(items), size))


def _total(cloud: _Cloud, between: Optional[Tensor] = None) -> Tensor:
    """Scatter of a cloud plus that of its distance between means, (p, p)."""
    total = cloud.scatter
    if total is None:
        total = cloud.rows.T @ cloud.rows
    return total if between is None else total + torch.outer(between, between)


def _stack(rows: Tensor, between: Optional[Tensor]) -> Tensor:
    """The rows, with the shift of the mean as one more."""
    return rows if between is None else torch.cat([rows, between[None]])


def _factor(total: Tensor, others: int) -> Optional[Tensor]:
    """Lower Cholesky factor of others I + total; None if rounding bars it."""
    identity = torch.eye(len(total), dtype=total.dtype, device=total.device)
    factor, info = torch.linalg.cholesky_ex(others * identity + total)
    return factor if info.item() == 0 else None


def _volume_without(rows: Tensor, factor: Optional[Tensor], total: Tensor,
                    others: int) -> Tensor:
    """log2 det(I + (total - rowsᵀ rows) / others) from total's factor L.

    Matrix determinant lemma: others I + total - rowsᵀ rows has the
    determinant |L|² |I - W Wᵀ| with W = rows L⁻ᵀ, of as many rows as the
    class has.
    """
    if factor is None:
        return _log2_det_identity_plus((total - rows.T @ rows) / others)
    white = torch.linalg.solve_triangular(factor, rows.T, upper=False)
    # No eigenvalue of I - W Wᵀ lies below others / (others + |total|).
    floor = others / (others + float(total.detach().trace()))
    kept = _log2_det_identity_plus(-white.T @ white, floor)
    scaled = 2 * factor.diagonal().log2().sum() - len(total) * log2(others)
    return scaled + kept


def _ratio(gain: Tensor, volume: Tensor) -> Tensor:
    """gain / volume, nan where the volume is 0."""
    return torch.where(volume > 0, gain / volume, float('nan'))


def _scatter(points: Tensor, mean: Optional[Tensor] = None) -> Tensor:
    """Sum of outer products about ``mean`` (None is the origin), (p, p).

    Read in chunks, so that no float64 copy of all points exists.
    """
    p = points.shape[1]
    total = points.new_zeros((p, p), dtype=torch.float64)
    for chunk in points.split(max(1, _CHUNK_ELEMENTS // max(1, p))):
        rows = _centered(chunk, mean)  # (chunk, p)
        total = torch.addmm(total, rows.T, rows)
    return total


def _centered(points: Tensor, mean: Optional[Tensor]) -> Tensor:
    """The points in float64, relative to ``mean`` (None is the origin)."""
    points = points.double()
    return points if mean is None else points - mean


def _log2_det_identity_plus(matrix: Tensor, floor: float = 1.) -> Tensor:
    """log2 det(I + matrix) of symmetric matrices, which never overflows.

    ``floor`` is a known lower bound of the eigenvalues of I + matrix, used
    only where rounding makes a matrix look indefinite.
    """
    identity = torch.eye(
        matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    factor, info = torch.linalg.cholesky_ex(identity + matrix)
    if not info.any():
        return 2 * factor.diagonal(dim1=-2, dim2=-1).log2().sum(-1)
    values = 1 + torch.linalg.eigvalsh(matrix)
    return values.clamp_min(floor).log2().sum(-1)
