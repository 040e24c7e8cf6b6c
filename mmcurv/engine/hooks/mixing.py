# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Hooks that mix images and keep both labels: mixup of GCL, and CMO.

Inputs are as a collate function leaves them: one tensor (B, ..., H, W), or a
list of B tensors (..., H, W), before they are normalized. They are never
changed in place, because images that no transform has touched share the
memory of the data set.
"""
import math
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmpretrain.models.heads import ClsHead
from torch import Tensor, nn

from mmcurv.engine.common import (epoch_of_run, epochs_of_run, stream_at,
                                  unwrapped)
from mmcurv.epoch_shares import check_epoch
from mmcurv.models.heads import PairedLabels
from mmcurv.registry import HOOKS
from mmcurv.samples import clear_pairs, get_labels, mark_pairs
from .random_state import RandomStateHook
from .second_batch import WeightedLoader

Inputs = Union[Tensor, List[Tensor]]


class Box(NamedTuple):
    """A part of an image that another one is pasted over: rows ``top`` to
    ``bottom`` - 1, columns ``left`` to ``right`` - 1."""
    top: int
    bottom: int
    left: int
    right: int


class Mixture(NamedTuple):
    """A mixed batch.

    Attributes:
        inputs (Tensor | list[Tensor]): B images.
        others (Tensor): (B,) labels of the images mixed into the main ones.
        share (float): Of the main images, 0 to 1.
    """
    inputs: Inputs
    others: Tensor
    share: float


class PairedMixingHook(Hook):
    """Base of hooks that change a batch before the model sees it.

    The main label stays ``gt_label``; the samples of a mixed batch get the
    other one and the share, those of other batches keep none of an earlier
    one. The head must know what to do with them
    (:class:`~mmcurv.models.PairedLabels`).
    """
    priority = 'NORMAL'

    def before_train(self, runner) -> None:
        """Check that the run can be trained like this."""
        hooks = [
            type(hook).__name__ for hook in runner.hooks
            if isinstance(hook, PairedMixingHook)
        ]
        if len(hooks) > 1:
            raise ValueError(
                'expected one hook that mixes images and keeps two labels, '
                f'got {", ".join(hooks)}: an image mixed twice has more than '
                'two. Keep one.')
        check_takes_pairs(runner.model)

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Mix the batch, or see that it carries no marks."""
        samples = data_batch['data_samples']
        clear_pairs(samples)
        mixture = self.mix(runner, data_batch['inputs'], samples)
        if mixture is not None:
            data_batch['inputs'] = mixture.inputs
            mark_pairs(samples, mixture.others, mixture.share)

    def mix(self, runner, inputs: Inputs,
            data_samples: Sequence[Any]) -> Optional[Mixture]:
        """The batch of one iteration, mixed.

        Args:
            runner (Runner): In training.
            inputs (Tensor | list[Tensor]): B images, not to be changed.
            data_samples (Sequence[DataSample]): Their samples.

        Returns:
            Mixture | None: None leaves the batch as it is.
        """
        raise NotImplementedError


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


def usual_window(epochs: int) -> Tuple[int, int]:
    """First and last epoch with CMO, both counted from 1.

    Epoch 5 and the one before the last three, as in the original code; in
    less than 20 epochs a fifth at the beginning and three twentieths at the
    end are left out.

    Args:
        epochs (int): Of the whole training.

    Returns:
        tuple[int, int]: min(5, epochs // 5 + 1) and epochs - min(3,
        3 epochs // 20).

    Example:
        >>> usual_window(200)
        (5, 197)
    """
    return min(5, epochs // 5 + 1), epochs - min(3, 3 * epochs // 20)


@HOOKS.register_module()
class CMOHook(PairedMixingHook):
    """Paste images of small classes over images drawn as usual.

    Park et al., *The Majority Can Help the Minority: Context-rich Minority
    Oversampling for Long-tailed Classification*, 2022, with the constants of
    its code. One departure: a minority batch is drawn where it is needed, not
    in each iteration; as the draws are independent, their distribution is the
    same.

    Besides the train loader there is another one over the same images, which
    draws them with weight 1/n_y^alpha, with replacement. In an iteration that
    mixes, one CutMix box for the whole batch is cut from its next batch and
    put into the images of the train loader: the minority is the foreground,
    the majority the background. With the share lambda that is left of these,
    the loss is lambda L(z, y) + (1 - lambda) L(z, y_minority). A box that the
    border cuts to nothing mixes nothing.

    All numbers follow from seed, rank and step, except those of the pipeline,
    whose states are in the checkpoints; a :class:`RandomStateHook` is
    registered if there is none. So a resumed run repeats the uninterrupted
    one.

    Args:
        prob (float): Probability that an iteration mixes. Defaults to 0.5.
        beta (float): lambda ~ Beta(beta, beta), positive. Defaults to 1.0.
        alpha (float): Images have weight 1/n_y^alpha in the minority loader;
            1 draws all classes equally often. Defaults to 1.0.
        begin_epoch (int, optional): First epoch with CMO, counted from 1.
            Defaults to None, which is that of :func:`usual_window`: 5 of 20
            epochs or more.
        end_epoch (int, optional): Last epoch with CMO, counted from 1.
            Defaults to None, which is that of the same: all but the last
            three of 20 epochs or more.

    Example:
        >>> model = dict(head=dict(type='mmcurv.PairedLinearHead'))
        >>> default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
    """

    def __init__(self,
                 prob: float = 0.5,
                 beta: float = 1.0,
                 alpha: float = 1.0,
                 begin_epoch: Optional[int] = None,
                 end_epoch: Optional[int] = None):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be from 0 to 1, got {prob}.')
        if not beta > 0:
            raise ValueError(f'beta must be positive, got {beta}.')
        check_epoch(begin_epoch=begin_epoch, end_epoch=end_epoch)
        self.prob = prob
        self.beta = beta
        self.alpha = alpha
        self.begin_epoch = begin_epoch
        self.end_epoch = end_epoch
        self.loader = None
        self._window = range(0)

    def before_run(self, runner) -> None:
        """Make sure that the states of the pipeline are saved."""
        if not any(isinstance(h, RandomStateHook) for h in runner.hooks):
            runner.register_hook(RandomStateHook())

    def before_train(self, runner) -> None:
        """Check that everything fits, and build the minority loader."""
        super().before_train(runner)
        epochs = epochs_of_run(runner)
        begin, end = usual_window(epochs)
        begin = self.begin_epoch or begin
        end = self.end_epoch or end
        self._window = range(begin, min(end, epochs) + 1)
        if not self._window:
            raise ValueError(
                'CMO would never mix: expected begin_epoch <= end_epoch '
                f'within the {epochs} epochs of this run, got begin_epoch='
                f'{begin} and end_epoch={end}. Give others, or none.')
        self.loader = WeightedLoader(runner.train_dataloader, runner.seed,
                                     1 - self.alpha, 'cmo', get_rank(),
                                     get_world_size())

    def after_train_epoch(self, runner) -> None:
        """End the workers."""
        self.loader.close()

    def mix(self, runner, inputs: Inputs,
            data_samples: Sequence[Any]) -> Optional[Mixture]:
        """See :meth:`PairedMixingHook.mix`."""
        epoch = epoch_of_run(runner)
        if epoch + 1 not in self._window:
            return None
        rng = stream_at('cmo_mixing', runner.seed, get_rank(), runner.iter)
        if rng.random() >= self.prob:
            return None
        size = common_size(inputs)
        box = draw_box(rng, *size, rng.beta(self.beta, self.beta))
        share = share_outside(box, *size)
        if share == 1:
            return None
        batch = self.loader.next_batch(epoch)
        minority = batch['inputs'][:len(data_samples)]
        common_size(inputs, minority)
        others = get_labels(batch['data_samples'][:len(data_samples)])
        return Mixture(paste(inputs, minority, box), others, share)


def check_takes_pairs(model: nn.Module) -> None:
    """Raise unless all heads know pairs, and nothing makes soft labels.

    Args:
        model (nn.Module): A model, in its wrapper or without.

    Raises:
        TypeError: If there is no head that takes pairs, or another beside it.
        ValueError: If the data preprocessor makes soft or one-hot labels, or
            augments images, which would be mixed before they are.
    """
    model = unwrapped(model)
    heads = {
        name: head
        for name, head in model.named_modules()
        if isinstance(head, (ClsHead, PairedLabels))
    }
    others = [
        f'{name} ({type(head).__name__})' for name, head in heads.items()
        if not isinstance(head, PairedLabels)
    ]
    if others or not heads:
        raise TypeError(
            'mixed images have two labels, and a head without PairedLabels '
            'would train on the first alone: got '
            f'{", ".join(others) or "no head"}. Use '
            "head=dict(type='mmcurv.PairedLinearHead', ...), or put "
            'PairedLabels before the bases of your head.')
    preprocessor = getattr(model, 'data_preprocessor', None)
    for name in ('batch_augments', 'to_onehot'):
        if getattr(preprocessor, name, None):
            raise ValueError(
                f'{name} of the data preprocessor makes soft labels, beside '
                'the two hard ones of each mixed image. Remove '
                f'{name}, or the hook that mixes.')
    if getattr(preprocessor, 'augment', None):
        raise ValueError(
            'the data preprocessor augments batches (augment=[...]) after the '
            'hook has mixed them, so that both images of a mixture would be '
            'cropped and flipped alike. Augment in the pipeline of the data '
            'set, or remove the hook that mixes.')


def common_size(*batches: Inputs) -> Tuple[int, int]:
    """Height and width of all images.

    Args:
        batches (Tensor | list[Tensor]): Images of one or more batches.

    Returns:
        tuple[int, int]: Height and width.

    Raises:
        ValueError: If the images differ in shape.
    """
    shapes = {shape for batch in batches for shape in _shapes(batch)}
    if len(shapes) != 1:
        raise ValueError(
            'expected images of one shape to mix, got '
            f'{sorted(shapes)}. End the pipeline with a crop or a resize to '
            'one size.')
    *_, height, width = shapes.pop()
    return height, width


def paste(inputs: Inputs, others: Inputs, box: Box) -> Inputs:
    """Overwrite a box of each image with that of another one.

    Args:
        inputs (Tensor | list[Tensor]): B images.
        others (Tensor | list[Tensor]): B images of the same shape.
        box (Box): The region.

    Returns:
        Tensor | list[Tensor]: B images of the dtype of ``inputs``.
    """
    if not isinstance(inputs, Tensor):
        return [
            paste(image, other, box) for image, other in zip(inputs, others)
        ]
    region = (..., slice(box.top, box.bottom), slice(box.left, box.right))
    pasted = inputs.clone()
    pasted[region] = others[region]
    return pasted


def blend(inputs: Inputs, order: Tensor, share: float) -> Inputs:
    """share * image + (1 - share) * another one of the batch.

    Integers become float32 first, so that nothing is rounded: normalization
    is linear, and it is the same as to blend after it.

    Args:
        inputs (Tensor | list[Tensor]): B images of one shape.
        order (Tensor): (B,) int64, which image is mixed into each.
        share (float): Of the image itself, 0 to 1.

    Returns:
        Tensor | list[Tensor]: B images of a floating type.
    """
    if not isinstance(inputs, Tensor):
        images = [_as_float(image) for image in inputs]
        return [
            share * image + (1 - share) * images[other]
            for image, other in zip(images, order.tolist())
        ]
    images = _as_float(inputs)
    return share * images + (1 - share) * images[order]


def _as_float(images: Tensor) -> Tensor:
    return images if images.is_floating_point() else images.float()


def _shapes(inputs: Inputs) -> set:
    if isinstance(inputs, Tensor):
        return {tuple(inputs.shape[1:])}
    return {tuple(image.shape) for image in inputs}


def draw_box(rng: np.random.Generator, height: int, width: int,
             share: float) -> Box:
    """A box of a share of 1 - ``share``, less where the border cuts it.

    Yun et al., *CutMix*, 2019, in the form of its code and that of CMO: the
    sides are those of the image times sqrt(1 - share), and the centre is
    uniform.

    Args:
        rng (np.random.Generator): For the centre.
        height (int): Of the image.
        width (int): Of the image.
        share (float): What is to be left of the image, 0 to 1.

    Returns:
        Box: Its sides are even before they are cut, and maybe 0.
    """
    side = math.sqrt(1 - share)
    half_height, half_width = int(height * side) // 2, int(width * side) // 2
    row, column = int(rng.integers(height)), int(rng.integers(width))
    return Box(
        top=max(row - half_height, 0),
        bottom=min(row + half_height, height),
        left=max(column - half_width, 0),
        right=min(column + half_width, width))


def share_outside(box: Box, height: int, width: int) -> float:
    """Share of the image that the box leaves, 0 to 1."""
    area = (box.bottom - box.top) * (box.right - box.left)
    return 1 - area / (height * width)
