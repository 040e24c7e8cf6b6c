# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Weighs classes from an epoch on."""
from typing import Dict, List, Optional

import torch
from mmengine.hooks import Hook
from torch import Tensor, nn

from mmcurv.engine.common import epoch_of_run, epochs_of_run, unwrapped
from mmcurv.epoch_shares import (check_epoch, check_start_share,
                                 first_epoch_after)
from mmcurv.models.losses.reweighting import (check_beta,
                                              effective_number_weights)
from mmcurv.registry import HOOKS
from .class_counts import ClassCountsHook, check_num_classes


@HOOKS.register_module()
class DeferredReweightingHook(Hook):
    """Deferred re-weighting (DRW): class weights from an epoch on.

    Cao et al., *Learning Imbalanced Datasets with Label-Distribution-Aware
    Margin Loss*, 2019, algorithm 1: at first the losses have no class
    weights, from an epoch on those by effective numbers. They are set on
    every sub-module of the model that has ``set_weights(weights)``, where None
    stands for no weights, and are those of the epoch after a resume, too.

    The counts are those of the run's ``ClassCountsHook``.

    Args:
        start_epoch (int, optional): First epoch with weights, counted from
            1. Defaults to None, which is the first after ``start_share`` of
            the training.
        start_share (float): In [0, 1). Defaults to 0.8, which gives the
            published epoch 161 of 200.
        beta (float): Of the effective numbers, in [0, 1). Defaults to 0.9999.

    Examples:
        >>> custom_hooks = [dict(type='mmcurv.DeferredReweightingHook')]
    """
    priority = 'NORMAL'

    def __init__(self,
                 start_epoch: Optional[int] = None,
                 start_share: float = 0.8,
                 beta: float = 0.9999):
        check_epoch(start_epoch=start_epoch)
        check_start_share(start_share=start_share)
        check_beta(beta)
        self.start_epoch = start_epoch
        self.start_share = start_share
        self.beta = beta
        self._first = None  # epoch with weights, of this run
        self._weights = None
        self._weighs = None  # whether weights are set; None before the start

    def before_train(self, runner) -> None:
        """Check that a loss takes weights, and compute them."""
        model = unwrapped(runner.model)
        counts = _train_counts(runner)
        takers = _weighted_modules(model)
        if not takers:
            raise ValueError(
                'DeferredReweightingHook expected a loss that takes class '
                f'weights, found none in {type(model).__name__}. Give the '
                "head loss=dict(type='mmcurv.LDAMLoss'), or "
                "'mmcurv.SoftmaxFocalLoss'.")
        for name in takers:
            check_num_classes(model, name, len(counts))
        weights = effective_number_weights(counts, self.beta)
        self._weights = weights.float().to(next(model.parameters()).device)
        self._weighs = None
        epochs = epochs_of_run(runner)
        self._first = self.start_epoch
        if self._first is None:
            self._first = first_epoch_after(self.start_share, epochs)
        if epochs < self._first:
            runner.logger.warning(
                f'Classes are never re-weighted: start_epoch={self._first} of '
                'DeferredReweightingHook comes after the last of '
                f'{epochs} epochs.')

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Set the weights of this epoch, if others are set."""
        epoch = epoch_of_run(runner) + 1
        weighs = epoch >= self._first
        if weighs == self._weighs:
            return
        self._weighs = weighs
        for module in _weighted_modules(unwrapped(runner.model)).values():
            module.set_weights(self._weights if weighs else None)
        if weighs:
            runner.logger.info(
                f'Epoch {epoch}: classes are weighted by effective numbers, '
                f'beta {self.beta}, from {_range(self._weights)}.')


def _weighted_modules(model: nn.Module) -> Dict[str, nn.Module]:
    """Sub-modules that take class weights, by name."""
    return {
        name: module
        for name, module in model.named_modules()
        if callable(getattr(module, 'set_weights', None))
    }


def _train_counts(runner) -> List[int]:
    for hook in runner.hooks:
        if isinstance(hook, ClassCountsHook) and hook.split is not None:
            return hook.split.class_counts
    raise ValueError(
        'DeferredReweightingHook expected a ClassCountsHook in this run, '
        'found none. Add '
        "class_counts=dict(type='mmcurv.ClassCountsHook') to the "
        'default_hooks.')


def _range(weights: Tensor) -> str:
    low, high = torch.aminmax(weights)
    return f'{low.item():.4g} to {high.item():.4g}'
