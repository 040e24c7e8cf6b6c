# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What Curvature Regularization takes from a run where its options are open.
"""
import inspect
from typing import Any, Dict, List, Sequence, Tuple, Union

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.models.utils.batch_augments import Mixup
from torch import nn

from .curvature_step import CurvatureStep
from .curvature_steps import CurvatureSteps
from .epoch_of_run import epochs_of_run
from .feature_tap import find_layer, layer_names
from .pool_size import pool_counts
from .tap_points import last_classifier, usual_layers

SMALLEST_TAU = 2.


def complete_options(
        given: Dict[str, Any], runner: Runner, model: nn.Module,
        step: Union[CurvatureStep, CurvatureSteps],
        mixing_hooks: Sequence[Hook]) -> Tuple[Dict[str, Any], List[int], str]:
    """Options of a run, none of them open.

    Args:
        given (dict): Options of ``FeaturePoolHook``.
        runner (Runner): About to train.
        model (nn.Module): Its model, not wrapped.
        step (CurvatureStep | CurvatureSteps): Built from the given options.
        mixing_hooks (Sequence[Hook]): Those that mix each batch.

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
    names, why = usual_layers(model, 'curvature_layers')
    if given['layer'] is not None:
        names, why = layer_names(given['layer']), as_given
    counts = pool_counts(runner.train_dataloader.dataset,
                         find_layer(model, names[0]) if names else None,
                         step.pool_options)
    names = names or [last_classifier(model, len(counts))]
    options['layer'] = names[0] if len(names) == 1 else names
    options['start_epoch'] = given['start_epoch'] or usual_start(epochs)
    mixed_why = as_given
    if given['mixed'] is None:
        options['mixed'], mixed_why = usual_mixed(model, mixing_hooks)
    tau, tau_why = given['loss'].get('tau'), as_given
    if tau is None and 'tau' in inspect.signature(type(step.loss)).parameters:
        tau, tau_why = usual_tau(share, epochs)
        options['loss'] = dict(given['loss'], tau=tau)
    strength = 'a loss without tau' if tau is None else \
        f'tau {tau:g} ({tau_why})'
    return options, counts, (
        f'Curvature Regularization: layer {", ".join(names)} ({why}), from '
        f'epoch {options["start_epoch"]} of {epochs} on, {strength}, mixed '
        f'images: {options["mixed"]!r} ({mixed_why}).')


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


def usual_mixed(model: nn.Module,
                mixing_hooks: Sequence[Hook]) -> Tuple[str, str]:
    """What to do with mixed images, and why.

    Where each batch is mixed, 'skip' would leave the pool empty.

    Args:
        model (nn.Module): The model, not wrapped.
        mixing_hooks (Sequence[Hook]): Those that mix each batch.

    Returns:
        tuple[str, str]: 'dominant' if each batch is mixed, else 'skip'.
    """
    augments = getattr(
        getattr(model, 'data_preprocessor', None), 'batch_augments', None)
    mixing = [type(hook).__name__ for hook in mixing_hooks]
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
    return all(
        isinstance(one, Mixup)  # as are CutMix and ResizeMix
        for one, prob in zip(choices, probs) if prob > 1e-9)
