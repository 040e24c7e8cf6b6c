# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What an audit can be told."""
from dataclasses import asdict, dataclass

from mmcurv.geometry.curvature import DEFAULT_RIDGE, check_options
from mmcurv.geometry.reduction import REDUCTIONS

SCALINGS = ('raw', 'unit', 'standard')
# Do not change a number, or are told elsewhere in the record.
NOT_GEOMETRY = ('drop_nan', 'max_memory', 'head_above', 'tail_below', 'seed')


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
        drop_nan (bool): Leave samples out whose features are not finite.
            Defaults to False.
        max_memory (int): Bound in bytes on what the audit holds beside the
            interpreter and its libraries (about 0.5 GB). One class's samples
            and a few (p, p) matrices are always held. Defaults to
            2147483648.
        head_above (int): Head is strictly above this. Defaults to 100.
        tail_below (int): Tail is strictly below this. Defaults to 20.
        seed (int): Of permutations and bootstrap. Defaults to 0.

    Raises:
        ValueError: If an option is unknown or out of range.
    """
    k: int = 40
    tangent_dim: int = 2
    normal: str = 'smallest'
    fit: str = 'ridge'
    ridge: float = DEFAULT_RIDGE
    reduction: str = 'mean'
    center_separation: bool = False
    scaling: str = 'raw'
    drop_nan: bool = False
    max_memory: int = 2 * 2**30
    head_above: int = 100
    tail_below: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        check_options(self.k, self.tangent_dim, self.normal, self.fit,
                      self.ridge)
        for name, known in (('reduction', REDUCTIONS), ('scaling', SCALINGS)):
            if getattr(self, name) not in known:
                raise ValueError(f'{name} must be one of {known}, got '
                                 f'{getattr(self, name)!r}.')
        if self.max_memory < 1:
            raise ValueError(f'max_memory must be >= 1 byte, got '
                             f'{self.max_memory}.')

    def of_geometry(self) -> dict:
        """Options that the geometry depends on, by name."""
        return {
            name: value
            for name, value in asdict(self).items() if name not in NOT_GEOMETRY
        }
