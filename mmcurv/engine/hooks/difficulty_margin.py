# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Asks more of the classes that are hard to tell from others."""
from functools import partial
from typing import Any, Dict, List, Optional, Union

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop
from torch import Tensor

from mmcurv.audit.shift import DIFFICULTIES, class_difficulty
from mmcurv.dist import gather_rows, rows_of_processes
from mmcurv.engine.common import epochs_of_run, unwrapped
from mmcurv.engine.curvature.hook import (MIXING_HOOKS, check_layer_fits,
                                          choose_layers, usual_mixed)
from mmcurv.engine.extraction.layers import find_layer
from mmcurv.epoch_shares import (check_epoch, check_start_share,
                                 first_epoch_after)
from mmcurv.registry import HOOKS
from mmcurv.samples import get_labels, split_mixed

CHECKPOINT_KEY = 'mmcurv_difficulty_margin'


@HOOKS.register_module()
class DifficultyMarginHook(Hook):
    r"""Lower the scores of hard classes while training, not in tests.

    .. math::
        L = L_{orig}(s - \gamma z + \tau \log \pi, y)

    with the scores s of the last classifier layer, z the difficulty of each
    class standardised to mean 0 and standard deviation 1, and pi the shares
    of the training images. A network that has to win with a handicap on hard
    classes learns them with a margin. With ``gamma=0`` and ``prior=1`` this
    is the loss of Menon et al., "Long-tail learning via logit adjustment",
    2021; both terms add up. Fairness is bought with overall accuracy, see
    docs/cr_study.md. A layer whose output the loss multiplies, such as the
    cosines of LDAM, has its margin multiplied as well.

    The difficulty comes from the features that the layer took in the epoch
    before, and is anew after each epoch, or held. It is in the checkpoints;
    a resumed run goes on exactly. Mixed images are left out unless each batch
    is mixed; then they have the class of the larger share. A class whose
    difficulty is not known, with fewer than two images, has z = 0.

    Args:
        measure (str): 'relative_spread', 'purity' or 'curvature' of the
            features, or 'loss', the mean cross-entropy of the scores; see
            :func:`~mmcurv.audit.shift.class_difficulty`.
            Defaults to 'relative_spread'.
        gamma (float): Strength, in the unit of the scores. Defaults to 0.25.
        prior (float): tau, strength of the logit adjustment, from the first
            epoch on. Defaults to 0.0.
        start_share (float): Share of the epochs before the first one with a
            margin, in [0, 1); at least one epoch. Defaults to 0.5.
        start_epoch (int, optional): First epoch with a margin, counted from
            1, at least 2; wins over the share. Defaults to None.
        refresh (bool): Whether to take the difficulty anew after each epoch.
            Defaults to True.
        max_per_class (int): Features of a class that are compared, the same
            number of all that have as many: drawn at random from the others.
            Defaults to 500.
        layer (str | list[str], optional): As of ``FeaturePoolHook``. With
            several layers each has a margin of its own. Defaults to None.

    Raises:
        ValueError: If an option is out of range or not finite.

    Examples:
        >>> custom_hooks = [dict(type='mmcurv.DifficultyMarginHook')]
    """

    def __init__(self,
                 measure: str = 'relative_spread',
                 gamma: float = 0.25,
                 prior: float = 0.0,
                 start_share: float = 0.5,
                 start_epoch: Optional[int] = None,
                 refresh: bool = True,
                 max_per_class: int = 500,
                 layer: Union[str, List[str], None] = None):
        if measure not in DIFFICULTIES:
            raise ValueError(f'measure must be one of {DIFFICULTIES}, got '
                             f'{measure!r}.')
        for name, value in (('gamma', gamma), ('prior', prior)):
            if not np.isfinite(value):
                raise ValueError(f'{name} must be finite, got {value}.')
        check_start_share(start_share=start_share)
        check_epoch(start_epoch=start_epoch)
        if max_per_class < 2:
            raise ValueError(f'max_per_class must be >= 2, got '
                             f'{max_per_class}.')
        self.measure, self.gamma, self.prior = measure, gamma, prior
        self.start_share, self.start_epoch = start_share, start_epoch
        self.refresh, self.max_per_class = refresh, max_per_class
        self.layer = layer
        self.difficulty: Dict[str, np.ndarray] = {}  # by layer, (C,)
        self._restored: Optional[Dict[str, Any]] = None
        self._handles: List[Any] = []

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember the difficulty of the checkpoint."""
        self._restored = checkpoint.get(CHECKPOINT_KEY)

    def before_train(self, runner) -> None:
        """Find the layers, and take their inputs and outputs from here on."""
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise RuntimeError(
                'DifficultyMarginHook takes the difficulty anew after each '
                'epoch: expected an epoch-based training loop, got '
                f'{type(runner.train_loop).__name__}.')
        model = unwrapped(runner.model)
        names, _, counts = choose_layers(self.layer, runner, model, {})
        layers = {name: find_layer(model, name) for name in names}
        for name, layer in layers.items():
            check_layer_fits(layer, name, counts)
        self._counts = np.asarray(counts)
        epochs = epochs_of_run(runner)
        self._start = max(
            2, self.start_epoch or first_epoch_after(self.start_share, epochs))
        kinds = {k.__name__ for h in runner.hooks for k in type(h).__mro__}
        self._mixed = usual_mixed(
            model, [kind for kind in MIXING_HOOKS if kind in kinds])[0]
        state, self._restored = self._restored, None
        self.difficulty = {}
        if runner.iter and state is not None:
            if set(state) != set(names):
                raise RuntimeError(
                    'the difficulties of the checkpoint do not fit this run: '
                    f'expected those of {names}, got those of '
                    f'{sorted(state)}. Resume with the layer of the '
                    'checkpoint, or start a new run with load_from.')
            self.difficulty = {
                name: value.numpy()
                for name, value in state.items() if value is not None
            }
        self._margins: Dict[str, Tensor] = {}
        self._detach()
        self._handles = [
            model.register_forward_pre_hook(self._begin, with_kwargs=True),
            *(layer.register_forward_hook(partial(self._take, name))
              for name, layer in layers.items()),
            model.register_forward_hook(self._end, with_kwargs=True),
        ]
        self._names, self._taken = names, None
        runner.logger.info(
            f'Difficulty margin: layer {", ".join(names)}, {self.measure}, '
            f'gamma {self.gamma:g}, prior {self.prior:g}, from epoch '
            f'{self._start} of {epochs} on, '
            f'{"anew after each epoch" if self.refresh else "held"}.')

    def before_train_epoch(self, runner) -> None:
        """Forget the features of the last epoch, and set the margins."""
        epoch = runner.epoch + 1
        has_all = len(self.difficulty) == len(self._names)
        self._collects = epoch >= self._start - 1 and (self.refresh
                                                       or not has_all)
        self._kept: Dict[str, List[Any]] = {name: [] for name in self._names}
        margin = np.zeros(len(self._counts))
        if self.prior:
            shares = np.maximum(self._counts, 1) / self._counts.sum()
            margin = self.prior * np.log(shares)
        self._margins = {}
        for name in self._names:
            own = margin
            if epoch >= self._start and name in self.difficulty:
                own = margin - self.gamma * self.difficulty[name]
            if own.any():
                self._margins[name] = torch.as_tensor(own)

    def after_train_epoch(self, runner) -> None:
        """Take the difficulty of the epoch's features."""
        if not self._collects:
            return
        for name, kept in self._kept.items():
            if not kept:
                raise RuntimeError(
                    f'DifficultyMarginHook: layer={name!r} took no unmixed '
                    'image in this epoch. Choose the last classifier layer, '
                    'or mix fewer batches.')
            features, scores, labels = (
                _of_all_processes(torch.cat(part)) for part in zip(*kept))
            values, known = self._measured(features, scores, labels,
                                           runner.epoch)
            self.difficulty[name] = values
            lost = int((~torch.isfinite(features).all(1)).sum())
            if lost:
                runner.logger.warning(
                    f'{lost} of {len(features)} features of {name} are NaN, '
                    'or beyond 65504, and say nothing of the difficulty. Look '
                    'at the loss and the learning rate.')
            order = (-values).argsort()[:5]
            hardest = ', '.join(f'{c} ({values[c]:+.2f})' for c in order)
            runner.logger.info(
                f'Difficulty of {name} by {self.measure}: known of '
                f'{known.sum()} of {len(known)} classes, hardest {hardest}.')
        self._kept = {name: [] for name in self._names}

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Put the difficulties into it."""
        checkpoint[CHECKPOINT_KEY] = {
            name:
            torch.as_tensor(self.difficulty[name])
            if name in self.difficulty else None
            for name in self._names
        }

    def after_train(self, runner) -> None:
        """Leave the model as it was."""
        self._detach()

    def _measured(self, features: Tensor, scores: Tensor, labels: Tensor,
                  epoch: int):
        """Standardised difficulty (C,), 0 where not known, and where it is."""
        finite = torch.isfinite(features).all(1) & torch.isfinite(scores)
        features, labels = features[finite], labels[finite]
        width = len(self._counts)
        # The draw is that of the epoch, so that a resumed run repeats it.
        order = torch.randperm(
            len(labels), generator=torch.Generator().manual_seed(epoch))
        order = order[labels[order].argsort(stable=True)]
        counts = torch.bincount(labels, minlength=width)
        position = torch.arange(
            len(labels)) - (counts.cumsum(0) - counts)[labels[order]]
        rows = order[position < self.max_per_class].sort().values
        if self.measure == 'loss':
            total = torch.zeros(
                width, dtype=torch.double).index_add(0, labels,
                                                     scores[finite].double())
            values = (total / counts).numpy()
        else:
            values = class_difficulty(self.measure, np.empty(
                (0, width)), labels[rows].numpy(),
                                      features[rows].float().numpy())
        known = np.isfinite(values)
        result = np.zeros(width)
        spread = values[known].std() if known.any() else 0
        if spread > 0:
            result[known] = (values[known] - values[known].mean()) / spread
        return result, known

    def _begin(self, module, args, kwargs) -> None:
        mode = kwargs.get('mode', args[2] if len(args) > 2 else 'tensor')
        trains = mode == 'loss' and torch.is_grad_enabled()
        self._taken = {} if trains else None

    def _take(self, name: str, module, args, output):
        if self._taken is None:
            return None
        if self._collects:
            self._taken[name] = args[0].detach(), output.detach()
        if name not in self._margins:
            return None
        margin = self._margins[name].to(output)
        self._margins[name] = margin
        return output + margin

    @torch.compiler.disable
    def _end(self, module, args, kwargs, output):
        taken, self._taken = self._taken, None
        if not taken:
            return
        samples = kwargs.get('data_samples',
                             args[1] if len(args) > 1 else None)
        labels = get_labels(samples)
        rows, labels = split_mixed(samples, labels, self._mixed)
        if not rows.any():
            return
        for name, (features, scores) in taken.items():
            labels = labels.to(scores.device)
            loss = F.cross_entropy(scores.float(), labels, reduction='none')
            keep = rows.to(scores.device)
            self._kept[name].append(
                (features.flatten(1).half()[keep], loss[keep], labels[keep]))

    def _detach(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []


def _of_all_processes(values: Tensor) -> Tensor:
    """Rows of all processes, in main memory."""
    return torch.cat(gather_rows(values, rows_of_processes(values))).cpu()
