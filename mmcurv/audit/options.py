# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What an audit can be told."""
from dataclasses import asdict, dataclass
from typing import Union

# Those of mmcurv.geometry, which takes a second to import; --help does not.
NORMALS = ('smallest', 'next')
FITS = ('ridge', 'symmetric', 'paper')
REDUCTIONS = ('mean', 'geometric', 'median')
SCALINGS = ('raw', 'unit', 'standard')
SIZES = ('equal', 'all')
# Do not change a number, or are told elsewhere in the record.
NOT_GEOMETRY = ('drop_nan', 'max_memory', 'head_above', 'tail_below')


@dataclass(frozen=True)
class AuditOptions:
    """Options of an audit; the defaults are those of docs/audit.md.

    Args:
        k (int): Neighbours of the curvature. Defaults to 40.
        tangent_dim (int): m. Defaults to 2.
        normal (str): 'smallest' or 'next'. Defaults to 'smallest'.
        fit (str): 'ridge', 'symmetric' or 'paper'. Defaults to 'ridge'.
        ridge (float): Relative ridge. Defaults to 0.0001.
        reduction (str): 'mean', 'geometric' or 'median' over the points of a
            class. Defaults to 'mean'.
        center_separation (bool): Take the separation degree about each
            cloud's own mean. Defaults to False.
        scaling (str): 'raw' features, each sample divided by its Euclidean
            norm ('unit'), or each feature brought to mean 0 and standard
            deviation 1 over all samples ('standard'). Defaults to 'raw'.
        class_size (str or int): Points of each class whose geometry is
            measured: 'equal' takes one number of random points of each
            class where class sizes differ, so that measures of size do not
            pass for measures of shape; 'all' takes all; an integer that
            many at most. Defaults to 'equal'.
        drop_nan (bool): Leave samples out whose features are not finite.
            Defaults to False.
        max_memory (int): Bound in bytes on what the audit holds beside the
            interpreter and its libraries (about 0.5 GB). One class's samples
            and a few (p, p) matrices are always held. Defaults to
            2147483648.
        head_above (int): Head is strictly above this. Defaults to 100.
        tail_below (int): Tail is strictly below this. Defaults to 20.
        seed (int): Of random points, permutations and simulated test sets.
            Defaults to 0.

    Raises:
        ValueError: If an option is unknown or out of range.
    """
    k: int = 40
    tangent_dim: int = 2
    normal: str = 'smallest'
    fit: str = 'ridge'
    ridge: float = 1e-4
    reduction: str = 'mean'
    center_separation: bool = False
    scaling: str = 'raw'
    class_size: Union[str, int] = 'equal'
    drop_nan: bool = False
    max_memory: int = 2 * 2**30
    head_above: int = 100
    tail_below: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (('normal', NORMALS), ('fit', FITS),
                            ('reduction', REDUCTIONS), ('scaling', SCALINGS)):
            if getattr(self, name) not in known:
                raise ValueError(f'{name} must be one of {known}, got '
                                 f'{getattr(self, name)!r}.')
        if self.tangent_dim < 1:
            raise ValueError(
                f'tangent_dim must be >= 1, got {self.tangent_dim}.')
        if self.neighbors_needed > self.k:
            raise ValueError(
                f'tangent_dim={self.tangent_dim} has {self.neighbors_needed} '
                f'unknowns, more than the k={self.k} neighbours can fix. '
                'Raise k or lower tangent_dim.')
        if not self.ridge >= 0:
            raise ValueError(f'ridge must be >= 0, got {self.ridge}.')
        size = self.class_size
        if not (size in SIZES or isinstance(size, int) and size > 1):
            raise ValueError(f'class_size must be one of {SIZES} or a number '
                             f'of points from 2 on, got {size!r}.')
        if self.max_memory < 1:
            raise ValueError(
                f'max_memory must be positive, got {self.max_memory}.')
        if self.seed < 0:
            raise ValueError(f'seed must be >= 0, got {self.seed}.')

    @property
    def neighbors_needed(self) -> int:
        """int: Neighbours that a fit with a normal needs at least."""
        m = self.tangent_dim
        return max(m * (m + 1) // 2, m + 1)

    def of_geometry(self) -> dict:
        """The options that a measured number depends on."""
        return {
            name: value
            for name, value in asdict(self).items() if name not in NOT_GEOMETRY
        }
