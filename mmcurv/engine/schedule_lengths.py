# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Schedules and stages of a training that is longer or shorter than written.

A config names epochs for the length that it was published with. Trained for
another number of epochs, each keeps its share of the training.
"""
import copy
import math
from typing import Any, Dict, List, Optional

# Parameter schedulers whose numbers of epochs are known here.
SCALED = ('LinearLR', 'ConstantLR', 'MultiStepLR', 'CosineAnnealingLR',
          'PolyLR')
MIN_EPOCHS = 10  # of a curve whose steps are epochs


def scaled_schedulers(schedulers: Any, ratio: float,
                      epochs: float) -> List[Dict[str, Any]]:
    """Parameter schedulers of a training of another length.

    Drops come after the same share of the epochs, in whole epochs, as what a
    hook begins at a share does, and stay apart. All else goes by iteration
    where it has fewer than ten epochs or does not end with one. A warm-up
    keeps one epoch: mmengine's ``LinearLR`` of a single step would stay at
    its start.

    Args:
        schedulers (Sequence[dict] | dict): Configs of parameter schedulers.
        ratio (float): New length over old length, positive.
        epochs (float): New length in epochs, of which a warm-up takes no
            more.

    Returns:
        list[dict]: New configs, without those that no time is left for;
        those of a type that is not in ``SCALED`` are copies.
    """
    if isinstance(schedulers, dict):
        schedulers = [schedulers]
    schedulers = copy.deepcopy([dict(one) for one in schedulers])
    if ratio == 1:
        return schedulers
    warm = {
        one['end']: min(max(1, ratio * one['end']), epochs)
        for one in schedulers if _is_warm_up(one)
    }
    for own in schedulers:
        if own['type'] in SCALED:
            _scale(own, ratio, warm)
    # A warm-up may leave nothing to what comes after it.
    return [
        own for own in schedulers
        if own.get('begin', 0) < own.get('end', math.inf)
    ]


def scaled_stage(stage: Dict[str, Any],
                 epochs: Optional[int]) -> Dict[str, Any]:
    """A stage whose lengths are those of this training.

    Args:
        stage (dict): Entry of ``stages``. Its key ``of`` says of how many
            epochs ``train_cfg.max_epochs`` of the whole config the lengths
            in its ``changes`` are.
        epochs (int, optional): ``train_cfg.max_epochs`` of this training;
            None for a loop over iterations, which scales nothing.

    Returns:
        dict: A copy without ``of``. A stage has at least one epoch.
    """
    stage = copy.deepcopy(dict(stage))
    of = stage.pop('of', None)
    if of is None or epochs is None or of == epochs:
        return stage
    changes = stage['changes']
    loop, key = changes, 'train_cfg.max_epochs'
    if key not in changes:
        loop, key = changes['train_cfg'], 'max_epochs'
    written, loop[key] = loop[key], max(1, round(loop[key] * epochs / of))
    if changes.get('param_scheduler'):
        changes['param_scheduler'] = scaled_schedulers(
            changes['param_scheduler'], loop[key] / written, loop[key])
    return stage


def stuck_warm_ups(schedulers: Any) -> List[Dict[str, Any]]:
    """Warm-ups of a single step, which mmengine never ends.

    Its ``LinearLR`` takes the start factor at its first step and comes to the
    end factor at its last: where they are the same step, all of the training
    has the start factor.

    Args:
        schedulers (Sequence[dict] | dict, optional): Configs of parameter
            schedulers.

    Returns:
        list[dict]: Those with ``end - begin = 1`` that are not turned into
        schedules by iteration.
    """
    if isinstance(schedulers, dict):
        schedulers = [schedulers]
    return [
        one for one in schedulers or []
        if isinstance(one, dict) and one.get('type') == 'LinearLR' and not (
            one.get('by_epoch', True) and one.get('convert_to_iter_based'))
        and one.get('end', math.inf) -
        one.get('begin', 0) == 1 and one.get('start_factor', 1 /
                                             3) != one.get('end_factor', 1)
    ]


def _is_warm_up(scheduler: Dict[str, Any]) -> bool:
    return (scheduler['type'] == 'LinearLR' and not scheduler.get('begin')
            and 'end' in scheduler and scheduler.get('by_epoch', True)
            and scheduler.get('start_factor', 1 / 3) < 1)


def _scale(own: Dict[str, Any], ratio: float, warm: Dict[float,
                                                         float]) -> None:
    if own.get('milestones'):
        last, drops = 0, []
        for one in own['milestones']:  # each an epoch after the one before
            last = max(last + 1, math.floor(ratio * one + 1e-9))
            drops.append(last)
        own['milestones'] = drops
        return
    begin, end = own.get('begin', 0), own.get('end')
    half = own.get('T_max')
    if begin:
        own['begin'] = warm.get(begin, ratio * begin)
    if end is not None:
        own['end'] = warm[end] if _is_warm_up(own) else ratio * end
    if half is not None:  # the whole span, or of a wave of its own length
        spans = end is not None and half == end - begin
        own['T_max'] = (
            own['end'] - own.get('begin', 0) if spans else ratio * half)
    lengths = [key for key in ('begin', 'end', 'T_max') if own.get(key)]
    if not own.get('by_epoch', True):
        own.update((key, max(2, round(own[key]))) for key in lengths)
        return
    own.update((key, round(own[key])) for key in lengths
               if math.isclose(own[key], round(own[key])))
    span = own.get('T_max') or own.get('end') or MIN_EPOCHS
    if span < MIN_EPOCHS or not all(
            isinstance(own[key], int) for key in lengths):
        own['convert_to_iter_based'] = True
