# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Head of De-confound-TDE: see :mod:`.causal_norm_linear`."""
from typing import Tuple, Union

from mmengine.logging import MessageHub
from mmpretrain.models.heads import ClsHead
from torch import Tensor

from mmcurv.registry import MODELS
from .causal_norm_linear import CausalNormLinear
from .paired_labels import PairedLabels


def momentum_of_rate(learning_rate: float) -> float:
    """Momentum mu of the moving feature, 1 - 0.1 * min(50 * LR, 1).

    From the code of De-confound-TDE, for its large data sets: the smaller the
    steps, the longer the memory.

    Args:
        learning_rate (float): LR, at least 0.

    Returns:
        float: In [0.9, 1].
    """
    return 1 - 0.1 * min(50 * learning_rate, 1)


@MODELS.register_module()
class CausalNormHead(PairedLabels, ClsHead):
    """Normalized classifier that removes a moving average feature at test.

    De-confound-TDE. The input of ``fc`` is the feature before it is
    normalized, so ``layer='head.fc'`` is what Curvature Regularization
    takes. CIFAR configs of the original have alpha 1 for 10 classes and 1.5
    for 100; its rule of thumb is that alpha times the mean cosine of features
    and moving feature is about 1.

    Args:
        num_classes (int): C.
        in_channels (int): Features p, a multiple of ``num_heads``.
        num_heads (int): Slices that are normalized one by one. Defaults to 2.
        tau (float): Scale of the logits. Defaults to 16.
        gamma (float): Added to the norms of the weights. Defaults to 0.03125.
        alpha (float): Strength of the removal, at test only. Defaults to 1.
        mu (float | str): Momentum of the moving feature, in [0, 1], or 'lr':
            ``momentum_of_rate`` of the learning rate that a Runner logs as
            ``train/lr``. Defaults to 0.9.
        **kwargs: Of mmpretrain's ``ClsHead``, such as ``loss``.

    Raises:
        ValueError: If ``num_heads`` does not divide ``in_channels``, or
            ``mu`` is neither in [0, 1] nor 'lr'.

    Examples:
        >>> head = dict(
        ...     type='mmcurv.CausalNormHead',
        ...     num_classes=100,
        ...     in_channels=128,
        ...     alpha=1.5)
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: int,
                 num_heads: int = 2,
                 tau: float = 16.,
                 gamma: float = 0.03125,
                 alpha: float = 1.,
                 mu: Union[float, str] = 0.9,
                 **kwargs):
        super().__init__(**kwargs)
        if mu != 'lr' and (isinstance(mu, str) or not 0 <= mu <= 1):
            raise ValueError(f"mu must be in [0, 1] or 'lr', got {mu!r}.")
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.mu = mu
        self.fc = CausalNormLinear(in_channels, num_classes, num_heads, tau,
                                   gamma, alpha)

    def forward(self, feats: Tuple[Tensor]) -> Tensor:
        """Logits (B, C) of the last of the features, (B, p)."""
        if self.training:
            self.fc.mu = self._momentum()
        return self.fc(self.pre_logits(feats))

    def _momentum(self) -> float:
        if self.mu != 'lr':
            return self.mu
        rates = MessageHub.get_current_instance().log_scalars.get('train/lr')
        if rates is None:
            raise RuntimeError(
                "mu='lr' needs the learning rate that mmengine's Runner logs "
                'as train/lr, but there is none. Train with a Runner that has '
                'one optimizer and RuntimeInfoHook, or give mu as a number.')
        return momentum_of_rate(rates.current())
