# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One run of a matrix: what is trained, and where."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple


class RunSpec(NamedTuple):
    """What is trained, and where.

    Attributes:
        matrix (str): Name of the matrix.
        method (str): Such as 'CE' or 'LDAM-DRW'.
        cr (bool): With Curvature Regularization.
        dataset (str): Such as 'CIFAR-100-LT'.
        imbalance_factor (float, optional): None for balanced data.
        model (str): Such as 'ResNet-32'.
        variant (str): What else was varied, such as 'tau=10'; '' if nothing.
        tau (float, optional): Of a sweep over tau; else None.
        seed (int): Of the training.
        config (str, optional): Path of the config; None while there is none.
        options (dict): Changes of the config by dotted key, as
            ``--cfg-options`` takes them, without the seed.
        folder (str): Work folder.
        with_files (tuple[str]): Config files over the config, as ``--with``
            takes them. Defaults to ().
        cr_switch (bool): Whether ``--cr`` is what adds CR, and not the config
            itself. Defaults to False.
    """
    matrix: str
    method: str
    cr: bool
    dataset: str
    imbalance_factor: Optional[float]
    model: str
    variant: str
    tau: Optional[float]
    seed: int
    config: Optional[str]
    options: Dict[str, Any]
    folder: str
    with_files: Tuple[str, ...] = ()
    cr_switch: bool = False

    @property
    def config_words(self) -> str:
        """The config with its switches, as on a command line."""
        return ' '.join(
            [str(self.config), *switch_words(self.with_files, self.cr_switch)])

    @property
    def cell(self) -> tuple:
        """What repetitions with other seeds share."""
        return (self.method, self.cr, self.dataset, self.imbalance_factor,
                self.model, self.variant)

    @property
    def name(self) -> str:
        """What people call it, unique in its matrix."""
        parts = [self.method + (' + CR' if self.cr else ''), self.dataset]
        if self.imbalance_factor is not None:
            parts[1] += f' if{self.imbalance_factor:g}'
        parts += [self.model, self.variant, f'seed {self.seed}']
        return ', '.join(part for part in parts if part)


def switch_words(with_files: Sequence[str], cr: bool) -> List[str]:
    """Switches of ``tools/train.py`` and ``tools/test.py``.

    Args:
        with_files (Sequence[str]): Config files over the config.
        cr (bool): Whether CR is added.

    Returns:
        list[str]: Such as ``['--with', 'a.py', 'b.py', '--cr']``.
    """
    words = ['--with', *with_files] if with_files else []
    return words + ['--cr'] * cr
