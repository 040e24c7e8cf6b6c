# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Adds Curvature Regularization to any classifier."""
import inspect
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from mmcurv import compat
from mmcurv.engine.common import epoch_of_run, epochs_of_run
from mmcurv.engine.extraction.layers import (find_layer, last_classifier,
                                             num_outputs, usual_layers)
from mmcurv.engine.hooks import RandomStateHook
from mmcurv.epoch_shares import check_epoch
from mmcurv.files import bytes_text
from mmcurv.registry import HOOKS
from mmcurv.regularization.gradient_control import DEFAULT_ALPHA
from mmcurv.samples import MIXED_MODES, check_labels
from .feature_tap import FeatureTap, layer_names
from .step import CurvatureStep

CHECKPOINT_KEY = 'mmcurv_feature_pool'
SMALLEST_TAU = 2.
# Kept for each of several layers besides their mean; with both, since log
# lines show four decimals and curvatures may be small.
KEPT = ('{}_mean', 'log_{}_mean', '{}_left_out')
CONTROLS = ('value', 'gradient')
OWN_OPTIONS = {'measure', 'refresh', 'live'}  # not of ``curvature``


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

    With ``control='gradient'``, which is not in the paper, each layer has a
    term of the value 0 that pulls its features along the gradient of the
    loss's penalty, ``alpha`` times as strongly as the losses do, and less
    where the training loss rises, see
    :class:`~mmcurv.regularization.GradientControl`; the terms of several
    layers are added. ``gradient_damping`` is logged. A model
    compiled with a backward pass of its own is refused.

    Several processes divide the pool by class, see
    :class:`~mmcurv.engine.curvature.sharding.ClassShards`. The pool, the
    remembered curvatures and the random states are in the checkpoints; of
    several processes only in those at the end of an epoch. A
    ``RandomStateHook`` is registered if there is none.

    Args:
        layer (str | list[str], optional): Name of the last classifier layer,
            whose input is the feature, or names of several. Defaults to None,
            which is what the head says in ``curvature_layers``, or else the
            last classifier layer, such as 'head.fc'.
        start_epoch (int, optional): First epoch with the loss, counted from
            1. Defaults to None, which is 6, or in less than 10 epochs the
            first of the second half; the paper fills the pool for n = 5.
        refresh (str): 'batch', 'neighbors' or 'all', see
            :class:`~mmcurv.regularization.PooledCurvature`.
            Defaults to 'batch'.
        live (str): 'pool' or 'batch', see the same. Defaults to 'pool'.
        measure (str): 'curvature', 'spread' or 'tangent', see the same;
            logged under its name, such as ``spread_mean``. 'random' is a
            control for studies: a normal direction, another one each step,
            with ``control='gradient'`` only. Defaults to 'curvature'.
        control (str): 'value' as in the paper, or 'gradient'.
            Defaults to 'value'.
        alpha (float, optional): Strength of ``control='gradient'``, > 0.
            Defaults to None, which is 0.03.
        mixed (str, optional): Images mixed by Mixup or CutMix: 'skip' neither
            pools nor regularizes them, 'dominant' gives them the class of the
            larger share, in a pool addressed as a queue. Defaults to None,
            which is 'dominant' where each batch is mixed, else 'skip'.
        pool (dict, optional): Arguments of
            :class:`~mmcurv.regularization.FeaturePool`, ``dtype`` and
            ``device`` as strings; the data choose ``addressing`` and
            ``class_counts`` when absent, the features the device.
            Defaults to None.
        curvature (dict, optional): Options of
            :class:`~mmcurv.regularization.PooledCurvature`, such as
            dict(k=40, tangent_dim=2, normal='smallest'). Defaults to None.
        loss (dict, optional): Config of the loss. Defaults to None, which is
            dict(type='mmcurv.CurvatureRegularization'). A ``tau`` that is
            absent or None is ``tau_share`` of the epochs, not the weak one
            that the loss has on its own; docs/cr_options.md compares them.
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
                 measure: str = 'curvature',
                 control: str = 'value',
                 alpha: Optional[float] = None,
                 mixed: Optional[str] = None,
                 pool: Optional[dict] = None,
                 curvature: Optional[dict] = None,
                 loss: Optional[dict] = None,
                 tau_share: float = 0.5):
        check_epoch(start_epoch=start_epoch)
        if mixed not in (None, *MIXED_MODES):
            raise ValueError(f'mixed must be one of {MIXED_MODES}, or None '
                             f'to choose by the run, got {mixed!r}.')
        if not 0 < tau_share < float('inf'):
            raise ValueError(f'expected 0 < tau_share < inf, got {tau_share}.')
        if control not in CONTROLS:
            raise ValueError(f'control must be one of {CONTROLS}, got '
                             f'{control!r}.')
        if alpha is not None and control == 'value':
            raise ValueError(f"alpha={alpha!r} needs control='gradient'; "
                             "that of control='value' is tau of the loss.")
        if control == 'gradient' and alpha is None:
            alpha = DEFAULT_ALPHA
        twice = sorted(OWN_OPTIONS & set(curvature or {}))
        if twice:
            raise ValueError(f'{", ".join(twice)} is an option of the hook '
                             'itself, not of its curvature.')
        loss = dict(loss or {})
        if loss.get('tau') is None:
            loss.pop('tau', None)
        self._given = dict(
            layer=layer,
            start_epoch=start_epoch,
            refresh=refresh,
            live=live,
            measure=measure,
            control=control,
            alpha=alpha,
            mixed=mixed,
            pool=dict(pool or {}),
            curvature=dict(curvature or {}),
            loss=loss,
            tau_share=tau_share)
        self.options = self._given  # for records; complete before training
        self.tap = None
        self._use('head.fc' if layer is None else layer)  # or fail at once
        self.epoch = 1  # counted from 1
        self._restored = None
        self._told_size = False
        self._saw_losses = False
        self._checks_labels, self._num_classes = True, 0
        self._measures = []  # of this step, not yet read from the device

    def _use(self, layer: Union[str, List[str]]) -> None:
        """Make a tap for the layers, and a step for each, by the options."""
        own, names = self.options, layer_names(layer)
        if self.tap is None or self.tap.names != names:
            self.tap = FeatureTap(names, self._add_curvature)
        self.steps: Dict[str, CurvatureStep] = {
            name:
            CurvatureStep(
                mixed=own['mixed'] or 'skip',
                pool=own['pool'],
                curvature=dict(
                    own['curvature'],
                    measure=own['measure'],
                    refresh=own['refresh'],
                    live=own['live']),
                loss=own['loss'],
                alpha=own['alpha'])
            for name in names
        }

    def before_run(self, runner) -> None:
        """Make sure that random states are saved, too."""
        compat.apply()
        if sum(isinstance(h, FeaturePoolHook) for h in runner.hooks) > 1:
            raise ValueError(
                'expected one FeaturePoolHook, got several: their losses and '
                'pools would overwrite each other. Keep one.')
        if not any(isinstance(h, RandomStateHook) for h in runner.hooks):
            runner.register_hook(RandomStateHook())

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
        kinds = {
            kind.__name__
            for hook in runner.hooks
            for kind in type(hook).__mro__
        }
        step = next(iter(self.steps.values()))
        self.options, counts, said = complete_options(
            self._given, runner, model, step,
            [kind for kind in MIXING_HOOKS if kind in kinds])
        runner.logger.info(said)
        self._use(self.options['layer'])
        for name, layer in zip(self.steps, self.tap.attach(model)):
            check_layer_fits(layer, name, counts)
        # A hook that tells the losses the class counts checks labels, too.
        self._checks_labels = 'ClassCountsHook' not in kinds
        self._num_classes = len(counts)
        state, self._restored = self._restored, None
        if runner.iter == 0:  # a new start, also with load_from
            states = dict.fromkeys(self.steps)
        elif state is None:
            states = dict.fromkeys(self.steps)
            runner.logger.warning(
                'The checkpoint has no feature pool: it starts empty, and '
                'curvatures are those of the features since the resume.')
        else:
            states = _states_of(state, list(self.steps))
        for name, step in self.steps.items():
            step.prepare(counts, runner.train_dataloader.dataset)
            if states[name] is not None:
                step.load_state_dict(states[name])

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Count epochs, also in loops over iterations; check the labels."""
        self.epoch = epoch_of_run(runner) + 1
        self._saw_losses, self._measures = False, []
        if self._checks_labels:
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
        """Say what was left out since the last epoch, each with the layers it
        is about, and bring the parts of the pool together, which the first
        process may save."""
        said: Dict[str, List[str]] = {}
        for name, step in self.steps.items():
            for sentence in step.complaints():
                said.setdefault(sentence, []).append(name)
            step.merge()
        for sentence, names in said.items():
            about = f'{", ".join(names)}: ' if len(self.steps) > 1 else ''
            runner.logger.warning(about + sentence)

    def after_train(self, runner) -> None:
        """Leave the model as it was."""
        self.tap.detach()

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Put pool, curvatures and counters of all layers into it."""
        states = {name: step.state_dict() for name, step in self.steps.items()}
        if None in states.values():
            return
        if not self._told_size:
            self._told_size = True
            runner.logger.info('The feature pool takes '
                               f'{bytes_text(_num_bytes(states))} of each '
                               'checkpoint.')
        checkpoint[CHECKPOINT_KEY] = dict(layers=states)

    def _add_curvature(self, features: List[Tensor], data_samples: Any,
                       losses: Dict[str, Any]) -> Dict[str, Any]:
        self._saw_losses = True
        regularize = self.epoch >= self.options['start_epoch']
        original = sum_of_losses(losses)
        by_gradient = self.options['control'] == 'gradient'
        pulls = [None] * len(features)
        if by_gradient and regularize:
            pulls = loss_gradients(original, self.tap.taken, self.tap.names)
        done = [
            step(own, data_samples, original, self.epoch, regularize, pull)
            for step, own, pull in zip(self.steps.values(), features, pulls)
        ]
        measures = {
            key: sum(each[key] for _, each in done) / len(done)
            for key in done[0][1]
        }
        if len(done) > 1:
            for name, (_, each) in zip(self.steps, done):
                kept = (key.format(self.options['measure']) for key in KEPT)
                measures.update({
                    f'{key}/{name}': each[key]
                    for key in kept if key in each
                })
        self._measures.append(measures)
        if not regularize:
            return losses
        term = sum(term for term, _ in done)
        if not by_gradient:
            term = term / len(done)
        return {**losses, 'loss_curvature': term}


def sum_of_losses(losses: Dict[str, Any]) -> Tensor:
    """What mmengine optimises: all entries with 'loss' in their name."""
    total = 0.
    for name, value in losses.items():
        if 'loss' in name:
            parts = [value] if isinstance(value, Tensor) else value
            total = total + sum(part.mean() for part in parts)
    return torch.as_tensor(total)


def loss_gradients(loss: Tensor, inputs: Sequence[Tensor],
                   names: Sequence[str]) -> List[Optional[Tensor]]:
    """Gradient of a loss in the inputs of layers, each (B, p).

    Args:
        loss (Tensor): A scalar; its graph stays.
        inputs (Sequence[Tensor]): Of each layer, (B, p, ...).
        names (Sequence[str]): Of the layers.

    Returns:
        list[Tensor | None]: None where the input has no graph.

    Raises:
        RuntimeError: If the loss does not come from an input.
    """
    used = [one for one in inputs if one.requires_grad]
    if not used:
        return [None] * len(inputs)
    # In 16 bits the gradient of a mean over the batch would underflow.
    narrow = any(one.dtype == torch.float16 for one in used)
    scale = len(used[0]) if narrow else 1
    try:
        found = torch.autograd.grad(
            loss * scale, used, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        raise RuntimeError(
            f'{NO_GRADIENT.format(", ".join(names))} ({error})') from error
    if any(gradient is None for gradient in found):
        raise RuntimeError(NO_GRADIENT.format(', '.join(names)) + '.')
    left = iter(found)
    return [
        next(left).flatten(1).double() / scale if one.requires_grad else None
        for one in inputs
    ]


NO_GRADIENT = (
    "control='gradient' found no way from the losses back to the input of "
    'layer {}: the layer adds nothing to them, the model is compiled, or the '
    'layer lies in a re-entrant activation checkpoint. Choose another layer, '
    "train without compile, or take control='value'")


def _num_bytes(states: Dict[str, Dict[str, Any]]) -> int:
    return sum(part.numel() * part.element_size() for state in states.values()
               for part in state['curvature'].values())


def _states_of(state: Any, names: List[str]) -> Dict[str, Dict[str, Any]]:
    """The state of each layer in that of a checkpoint.

    Raises:
        RuntimeError: If the layers are others.
    """
    held = state.get('layers') if isinstance(state, dict) else None
    if not isinstance(held, dict) or set(held) != set(names):
        raise RuntimeError(
            'the feature pool of the checkpoint does not fit this run: '
            f'expected pools for {names}, got those of '
            f'{list(held) if isinstance(held, dict) else held}. Resume with '
            'the layer of the checkpoint, or start a new run with load_from.')
    return held


MIXING_HOOKS = ('PairedMixupHook', )  # which mix every batch


def complete_options(
        given: Dict[str,
                    Any], runner: Any, model: nn.Module, step: CurvatureStep,
        mixing: Sequence[str]) -> Tuple[Dict[str, Any], List[int], str]:
    """Options of a run, none of them open.

    Args:
        given (dict): Options of ``FeaturePoolHook``.
        runner (Runner): About to train.
        model (nn.Module): Its model, not wrapped.
        step (CurvatureStep): Built from the given options.
        mixing (Sequence[str]): Hooks that mix each batch.

    Returns:
        tuple: The options, with ``tau`` of the loss in the place of
        ``tau_share``; the training images of each class, (C,); and a sentence
        that says what was chosen, and why.

    Raises:
        ValueError: If the model has no such layer, or none or several where
            one is to be chosen. Lists the candidates.
    """
    options, epochs, as_given = dict(given), epochs_of_run(runner), 'as given'
    share = options.pop('tau_share')
    names, why, counts = choose_layers(given['layer'], runner, model,
                                       step.pool_options)
    options['layer'] = names[0] if len(names) == 1 else names
    options['start_epoch'] = given['start_epoch'] or usual_start(epochs)
    mixed_why = as_given
    if given['mixed'] is None:
        options['mixed'], mixed_why = usual_mixed(model, mixing)
    tau, tau_why = given['loss'].get('tau'), as_given
    by_gradient = given['control'] == 'gradient'
    if tau is None and not by_gradient and 'tau' in inspect.signature(
            type(step.loss)).parameters:
        tau, tau_why = usual_tau(share, epochs)
        options['loss'] = dict(given['loss'], tau=tau)
    strength = 'a loss without tau'
    if by_gradient:
        strength = f'controlled by gradient with alpha {given["alpha"]:g}'
    elif tau is not None:
        strength = f'tau {tau:g} ({tau_why})'
    if given['measure'] != 'curvature':
        strength = f'measure {given["measure"]!r}, {strength}'
    return options, counts, (
        f'Curvature Regularization: layer {", ".join(names)} ({why}), from '
        f'epoch {options["start_epoch"]} of {epochs} on, {strength}, mixed '
        f'images: {options["mixed"]!r} ({mixed_why}).')


def choose_layers(layer: Union[str, List[str],
                               None], runner: Any, model: nn.Module,
                  pool: dict) -> Tuple[List[str], str, List[int]]:
    """The last classifier layers of a run.

    Args:
        layer (str | list[str], optional): As given to the hook; None is what
            the head says in ``curvature_layers``, or else the last one.
        runner (Runner): About to train.
        model (nn.Module): Its model, not wrapped.
        pool (dict): Pool options, see :func:`pool_counts`.

    Returns:
        tuple: Their names, why these, and the training images of each class,
        (C,).

    Raises:
        ValueError: If the model has no such layer, or none or several where
            one is to be chosen. Lists the candidates.
    """
    names, why = usual_layers(model, 'curvature_layers')
    if layer is not None:
        names, why = layer_names(layer), 'as given'
    counts = pool_counts(runner.train_dataloader.dataset,
                         find_layer(model, names[0]) if names else None, pool)
    return names or [last_classifier(model, len(counts))], why, counts


def usual_start(epochs: int) -> int:
    """First epoch with the term, counted from 1.

    Args:
        epochs (int): Of the whole training.

    Returns:
        int: 6, as the paper fills the pool for n = 5 epochs. In a run of less
        than 10 epochs the first of the second half.

    Example:
        >>> [usual_start(epochs) for epochs in (200, 10, 4, 2, 1)]
        [6, 6, 3, 2, 1]
    """
    return min(6, epochs // 2 + 1)


def usual_tau(share: float, epochs: int) -> Tuple[float, str]:
    """Base of the schedule of a run, and where it comes from.

    Args:
        share (float): Of the epochs. The paper has 0.5, 100 of 200, on CIFAR
            and 0.6 on ImageNet and iNaturalist.
        epochs (int): Of the whole training.

    Returns:
        tuple[float, str]: share * epochs, or 2 where that is less: log_tau
        needs a tau above 1, and one close to 1 makes the term huge.
    """
    tau, source = round(share * epochs, 9), f'{share:g} of {epochs} epochs'
    if tau < SMALLEST_TAU:
        return SMALLEST_TAU, f'the smallest; {source} is {tau:g}'
    return tau, source


def usual_mixed(model: nn.Module, mixing: Sequence[str]) -> Tuple[str, str]:
    """What to do with mixed images, and why.

    Where each batch is mixed, 'skip' would leave the pool empty.

    Args:
        model (nn.Module): The model, not wrapped.
        mixing (Sequence[str]): Names of hooks that mix each batch.

    Returns:
        tuple[str, str]: 'dominant' if each batch is mixed, else 'skip'.
    """
    augments = getattr(
        getattr(model, 'data_preprocessor', None), 'batch_augments', None)
    mixing = list(mixing)
    if _mixes_always(augments):
        mixing.append('batch_augments')
    if mixing:
        return 'dominant', f'{", ".join(mixing)} mixes every batch'
    return 'skip', 'nothing mixes every batch'


def _mixes_always(augments: Any) -> bool:
    """Whether mmpretrain's ``RandomBatchAugment`` leaves no batch as it is.
    """
    choices = getattr(augments, 'augments', None) or [None]
    probs = getattr(augments, 'probs', None) or [1.] * len(choices)
    # CutMix and ResizeMix are kinds of Mixup. By name, since importing it
    # imports all of mmpretrain's models.
    return all('Mixup' in [kind.__name__ for kind in type(one).__mro__]
               for one, prob in zip(choices, probs) if prob > 1e-9)


def pool_counts(dataset: Any, layer: Optional[nn.Module],
                pool: dict) -> List[int]:
    """Training images of each class.

    Args:
        dataset: The train set.
        layer (nn.Module, optional): The last classifier layer, if it is
            known, which says the number of classes where the train set does
            not.
        pool (dict): Pool options; ``class_counts`` in them is taken as is.

    Returns:
        list[int]: C counts.

    Raises:
        RuntimeError: If the train set does not tell its labels.
    """
    from mmcurv.datasets import class_counts  # with all data sets
    if pool.get('class_counts') is not None:
        return list(pool['class_counts'])
    try:
        counts = class_counts(dataset)
    except (TypeError, ValueError) as error:
        raise RuntimeError(
            f'the feature pool needs one label per image of the train set: '
            f'{error} If the labels are known otherwise, give '
            'pool=dict(class_counts=[...]).') from error
    names = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    missing = (num_outputs(layer) or 0) - len(counts)
    if not names and missing > 0:  # the last classes may have no image
        counts = counts + [0] * missing
    return counts


def check_layer_fits(layer: nn.Module, name: str, counts: List[int]) -> None:
    """Raise ValueError if the layer and the train set differ in C."""
    outputs = num_outputs(layer)
    if outputs is not None and outputs != len(counts):
        fewer = 'fewer' if len(counts) < outputs else 'more'
        raise ValueError(
            f'the feature pool has {fewer} classes than the head: the train '
            f'set has {len(counts)}, layer={name!r} has {outputs} outputs. '
            'Set num_classes of the head, or correct the train set (or '
            'pool.class_counts).')
