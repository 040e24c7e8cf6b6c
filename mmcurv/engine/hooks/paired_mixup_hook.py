# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Mixup for losses that are not linear in the label."""
from typing import Any, Sequence

import torch
from mmengine.dist import get_rank

from mmcurv.engine.mixed_inputs import Inputs, blend, common_size
from mmcurv.engine.random_streams import stream_at
from mmcurv.registry import HOOKS
from mmcurv.samples import get_labels
from .paired_mixing_hook import Mixture, PairedMixingHook


@HOOKS.register_module()
class PairedMixupHook(PairedMixingHook):
    """Mixup (Zhang et al., 2018) that keeps both labels, as GCL trains.

    Each batch is mixed with a permutation of itself by one lambda ~
    Beta(alpha, alpha), and the loss is lambda L(z, y) + (1 - lambda) L(z,
    y_permuted). For cross-entropy that is mmpretrain's ``Mixup``; for other
    losses the soft label of that one gives another value.

    The numbers follow from seed, rank and iteration, so that a resumed run
    repeats them.

    Args:
        alpha (float): Of the Beta distribution, positive. Defaults to 1.0.

    Example:
        >>> model = dict(head=dict(type='mmcurv.PairedLinearHead'))
        >>> default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook'))
    """

    def __init__(self, alpha: float = 1.0):
        if not alpha > 0:
            raise ValueError(f'alpha must be positive, got {alpha}.')
        self.alpha = alpha

    def mix(self, runner, inputs: Inputs,
            data_samples: Sequence[Any]) -> Mixture:
        """See :meth:`PairedMixingHook.mix`."""
        common_size(inputs)
        rng = stream_at('mixup', runner.seed, get_rank(), runner.iter)
        share = rng.beta(self.alpha, self.alpha)
        order = torch.from_numpy(rng.permutation(len(data_samples)))
        labels = get_labels(data_samples)
        return Mixture(blend(inputs, order, share), labels[order], share)
