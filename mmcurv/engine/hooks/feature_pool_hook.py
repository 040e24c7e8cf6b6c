# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Adds Curvature Regularization to any classifier."""
from functools import partial
from typing import Any, Dict, List, Optional, Union

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from mmcurv import compat
from mmcurv.engine.check_labels import check_labels
from mmcurv.engine.curvature_defaults import complete_options
from mmcurv.engine.curvature_step import CurvatureStep
from mmcurv.engine.curvature_steps import CurvatureSteps, state_of_layers
from mmcurv.engine.epoch_of_run import epoch_of_run
from mmcurv.engine.feature_tap import FeatureTap
from mmcurv.engine.pool_checkpoint import holds_features, size_text
from mmcurv.engine.pool_options import off_device
from mmcurv.engine.pool_size import check_layer_fits
from mmcurv.engine.section_clock import SectionClock
from mmcurv.epoch_shares import check_epoch
from mmcurv.registry import HOOKS
from mmcurv.samples import MIXED_MODES
from .paired_mixup_hook import PairedMixupHook
from .random_state_hook import RandomStateHook

CHECKPOINT_KEY = 'mmcurv_feature_pool'


@HOOKS.register_module()
class FeaturePoolHook(Hook):
    """Pool last-hidden-layer features and regularize class curvature.

    Algorithm 4 of Ma et al., *Predicting and Enhancing the Fairness of DNNs
    with the Curvature of Perceptual Manifolds*: the input of the last
    classifier layer goes into a pool of the latest features of all images,
    and from epoch ``start_epoch`` on ``loss_curvature`` is added to the
    losses. Works with any model that returns a dict of losses and whose data
    samples carry one ``gt_label`` each. What is not given follows from model
    and run; the log says what it is, and why.

    Logged besides the losses: ``objective``, the sum that is optimised, a
    mean over processes (mmpretrain logs the classification loss alone as
    ``loss``, and mmengine that of one process), mean and variance over
    classes of curvature and of its logarithm, and the number of classes left
    out of the loss.

    Of several layers, such as the classifiers of several experts, each has
    its pool. The added term is the mean of their terms, each of which has the
    size of log_tau(epoch) * abs(L_orig). Logged are the means over layers,
    and the curvatures of each, such as ``curvature_mean/head.fcs.0``.

    The pool, the remembered curvatures and the random states are in the
    checkpoints, see ``save_pool``; a :class:`RandomStateHook` is registered
    if there is none.

    Args:
        layer (str | list[str], optional): Name of the last classifier layer,
            whose input is the feature, or names of several. Defaults to None,
            which is what the head says in ``curvature_layers``, or else the
            last classifier layer, such as 'head.fc'.
        start_epoch (int, optional): First epoch with the loss, counted from
            1. Defaults to None, which is 6, or in less than 10 epochs the
            first of the second half; the paper fills the pool for n = 5.
        refresh (str): 'batch', 'class' or 'all', see
            :class:`~mmcurv.regularization.PooledCurvature`.
            Defaults to 'batch'.
        live (str): 'pool' or 'batch', see the same. Defaults to 'pool'.
        mixed (str, optional): Images mixed by Mixup or CutMix: 'skip' neither
            pools nor regularizes them, 'dominant' gives them the class of the
            larger share, in a pool addressed as a queue. Defaults to None,
            which is 'dominant' where each batch is mixed, else 'skip'.
        pool (dict, optional): Arguments of
            :class:`~mmcurv.regularization.FeaturePool`, ``dtype`` and
            ``device`` as strings; the data choose ``addressing`` and
            ``class_counts`` when absent, the features the device. Besides,
            ``layout``, 'replicated' when absent: each of several processes
            holds the whole pool, and with 'sharded' some of the classes, see
            :class:`~mmcurv.engine.pool_layouts.ShardedLayout`. A checkpoint
            inside an epoch then holds no pool. ``storage``, ``folder`` and
            ``max_bytes``, such as '8 GiB', are in ``docs/memory.md``.
            Defaults to None.
        curvature (dict, optional): Options of
            :class:`~mmcurv.regularization.PooledCurvature`, such as
            dict(k=40, tangent_dim=2, normal='smallest'). Defaults to None.
        loss (dict, optional): Config of the loss. Defaults to None, which is
            dict(type='mmcurv.CurvatureRegularization'). A ``tau`` that is
            absent or None is ``tau_share`` of the epochs, not the weak one
            that the loss has on its own; docs/cr_study.md compares them.
        save_pool (bool): Whether checkpoints hold the pool and the
            remembered curvatures. If not, a resumed run first fills its pool
            for an epoch, without the term. Defaults to True.
        tau_share (float): ``tau`` over the number of epochs, positive; tau is
            at least 2. The paper has 0.5 on CIFAR, 100 of 200, and 0.6 on
            ImageNet and iNaturalist. Defaults to 0.5.

    Example:
        >>> custom_hooks = [dict(type='mmcurv.FeaturePoolHook')]
    """
    priority = 'NORMAL'

    def __init__(self,
                 layer: Union[str, List[str], None] = None,
                 start_epoch: Optional[int] = None,
                 refresh: str = 'batch',
                 live: str = 'pool',
                 mixed: Optional[str] = None,
                 pool: Optional[dict] = None,
                 curvature: Optional[dict] = None,
                 loss: Optional[dict] = None,
                 save_pool: bool = True,
                 tau_share: float = 0.5):
        check_epoch(start_epoch=start_epoch)
        if mixed not in (None, *MIXED_MODES):
            raise ValueError(f'mixed must be one of {MIXED_MODES}, or None '
                             f'to choose by the run, got {mixed!r}.')
        if not 0 < tau_share < float('inf'):
            raise ValueError(f'expected 0 < tau_share < inf, got {tau_share}.')
        loss = dict(loss or {})
        if loss.get('tau') is None:
            loss.pop('tau', None)
        self._given = dict(
            layer=layer,
            start_epoch=start_epoch,
            refresh=refresh,
            live=live,
            mixed=mixed,
            pool=dict(pool or {}),
            curvature=dict(curvature or {}),
            loss=loss,
            save_pool=save_pool,
            tau_share=tau_share)
        self.options = self._given  # for records; complete before training
        self.tap = FeatureTap('head.fc' if layer is None else layer,
                              self._add_curvature)
        self.step = self._built_step()  # a wrong option fails at once
        self.epoch = 1  # counted from 1
        self._restored = None
        self._refill_until = 0  # iterations, after a resume without features
        self._refilling = self._told_size = False
        self._saw_losses = False
        self._num_classes = 0
        self._measures = []  # of this step, not yet read from the device
        self._clock = SectionClock()

    def _built_step(self) -> Union[CurvatureStep, CurvatureSteps]:
        own = self.options
        options = {key: own[key] for key in ('pool', 'loss', 'save_pool')}
        options.update(
            mixed=own['mixed'] or 'skip',
            curvature=dict(
                own['curvature'], refresh=own['refresh'], live=own['live']))
        if isinstance(self.tap.layer, str):
            return CurvatureStep(**options)
        return CurvatureSteps(self.tap.names, **options)

    def before_run(self, runner) -> None:
        """Make sure that random states are saved, too, and that the device
        need not hold the pool of a checkpoint where it does not hold ours."""
        compat.apply()
        if sum(isinstance(h, FeaturePoolHook) for h in runner.hooks) > 1:
            raise ValueError(
                'expected one FeaturePoolHook, got several: their losses and '
                'pools would overwrite each other. Keep one.')
        if not any(isinstance(h, RandomStateHook) for h in runner.hooks):
            runner.register_hook(RandomStateHook())
        if off_device(self.step.pool_options):
            runner.resume = partial(runner.resume, map_location='cpu')

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember the state of the checkpoint."""
        self._restored = checkpoint.get(CHECKPOINT_KEY)

    def before_train(self, runner) -> None:
        """Check that everything fits, and tap the model."""
        model = runner.model
        if is_model_wrapper(model):
            if not isinstance(model, DistributedDataParallel):
                raise RuntimeError(
                    'FeaturePoolHook works with DistributedDataParallel or '
                    f'no wrapper, got {type(model).__name__}, which it was '
                    'never tried with. Set model_wrapper_cfg.type to '
                    'MMDistributedDataParallel.')
            model = model.module
        mixing = [h for h in runner.hooks if isinstance(h, PairedMixupHook)]
        self.options, counts, said = complete_options(self._given, runner,
                                                      model, self.step, mixing)
        runner.logger.info(said)
        if self.options['layer'] != self.tap.layer:
            self.tap = FeatureTap(self.options['layer'], self._add_curvature)
        self.step = self._built_step()
        for name, layer in zip(self.tap.names, self.tap.attach(model)):
            check_layer_fits(layer, name, counts)
        self._num_classes = len(counts)
        self.step.prepare(counts, runner.train_dataloader.dataset,
                          runner.work_dir)
        state, self._restored = self._restored, None
        if runner.iter == 0:  # a new start, also with load_from
            return
        if state is None:
            runner.logger.warning(
                'The checkpoint has no feature pool: it starts empty, and '
                'curvatures are those of the features since the resume.')
        else:
            self.step.load_state_dict(state_of_layers(state, self.tap.layer))
            self._refill_until = state.get('refill_until', 0)
            if not holds_features(state):
                steps = len(runner.train_dataloader)
                self._refill_until = runner.iter + steps
                runner.logger.warning(
                    'The checkpoint holds no features (save_pool=False): the '
                    f'pool is filled again for one epoch, {steps} iterations, '
                    'without loss_curvature.')

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Count epochs, also in loops over iterations; check the labels."""
        self.epoch = epoch_of_run(runner) + 1
        self._refilling = runner.iter < self._refill_until
        if self._refill_until and runner.iter == self._refill_until:
            runner.logger.info('The feature pool is filled again.')
        self._saw_losses, self._measures = False, []
        check_labels(data_batch, self._num_classes)

    def after_train_iter(self, runner, *args, **kwargs) -> None:
        """Refuse a model that does not let the loss be added, and log.

        Only now are the measures read: mmengine has waited for the GPU just
        before, to read the losses.
        """
        if not self._saw_losses:
            raise RuntimeError(
                'FeaturePoolHook saw no losses in this step, so that nothing '
                'was pooled or added: train_step of '
                f"{type(runner.model).__name__} must call "
                "self(..., mode='loss') and receive a dict, as BaseModel "
                'does. A call of self.loss(...) or self.forward(...) goes '
                'past the hook.')
        for measures in self._measures:
            for name, value in measures.items():
                runner.message_hub.update_scalar(f'train/{name}', value)

    def after_train_epoch(self, runner) -> None:
        """Say what was left out since the last epoch, and bring the parts of
        a sharded pool together, which the first process may save."""
        for message in self.step.complaints():
            runner.logger.warning(message)
        self.step.merge()

    def after_train(self, runner) -> None:
        """Leave the model as it was."""
        self.tap.detach()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Put pool, curvatures and counters into it."""
        state = self.step.state_dict()
        if state is None:
            return
        if not self._told_size:
            self._told_size = True
            runner.logger.info(size_text(state))
        checkpoint[CHECKPOINT_KEY] = dict(
            state, refill_until=self._refill_until)

    def seconds(self) -> float:
        """Time of pool, curvature and loss so far, backward pass included, in
        this process."""
        return self._clock.seconds()

    def _add_curvature(self, features: Union[Tensor, List[Tensor]],
                       data_samples: Any, losses: Dict[str,
                                                       Any]) -> Dict[str, Any]:
        self._saw_losses = True
        regularize = self.epoch >= self.options['start_epoch']
        regularize = regularize and not self._refilling
        several = not isinstance(features, Tensor)
        parts = features if several else [features]
        started = self._clock.now(parts[0].device)
        own = [part.view_as(part) for part in parts]  # with gradients of CR
        term, measures = self.step(own if several else own[0], data_samples,
                                   sum_of_losses(losses), self.epoch,
                                   regularize)
        self._clock.add(started, self._clock.now(parts[0].device))
        self._measures.append(measures)
        if term is None:
            return losses
        self._clock.add_backward(term, *own)
        return {**losses, 'loss_curvature': term}


def sum_of_losses(losses: Dict[str, Any]) -> Tensor:
    """What mmengine optimises: all entries with 'loss' in their name."""
    total = 0.
    for name, value in losses.items():
        if 'loss' in name:
            parts = [value] if isinstance(value, Tensor) else value
            total = total + sum(part.mean() for part in parts)
    return torch.as_tensor(total)
