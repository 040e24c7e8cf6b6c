# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Finds out which classes are confused, before OFA fine-tunes."""
import copy
from typing import Any

import torch
from mmengine.dist import all_reduce, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from mmcurv.datasets.samplers import TailPartnerSampler
from mmcurv.engine.common import unwrapped
from mmcurv.engine.extraction.images import train_set_as_tested
from mmcurv.models.classifiers import OFAClassifier
from mmcurv.registry import DATASETS, HOOKS
from mmcurv.samples import get_labels


@HOOKS.register_module()
class ConfusingClassesHook(Hook):
    """Give phase II of OFA the head classes that tail classes are taken for.

    Before the first step the model sees every training image once, with the
    pipeline of the validation, and the head classes with the largest mean
    scores are kept in the model. A resumed run has them from its checkpoint,
    since the classifier has changed. The sampler, a
    :class:`~mmcurv.datasets.TailPartnerSampler`, says which classes are tail
    classes, and is told their partners.

    Examples:
        >>> default_hooks = dict(
        ...     confusing=dict(type='mmcurv.ConfusingClassesHook'))
    """
    priority = 'LOW'  # after the weights of phase I are there

    def before_train(self, runner) -> None:
        """Find the confused classes, or take those of the checkpoint.

        Raises:
            TypeError: If the model or the sampler is none of OFA.
            ValueError: If the two differ in their numbers, or there are too
                few head classes.
        """
        model = unwrapped(runner.model)
        loader = runner.train_dataloader
        sampler = loader.sampler
        _check(model, sampler, loader.batch_sampler.batch_size)
        if runner.iter == 0:  # a new start, also with load_from
            is_tail = torch.from_numpy(sampler.is_tail)
            scores = class_scores(model, _images(runner.cfg), len(is_tail))
            model.set_confusing(
                confusing_classes(scores.cpu(), is_tail, model.num_confusing))
        sampler.set_partners(model.confusing.tolist())


def _check(model: Any, sampler: Any, batch_size: int) -> None:
    if not isinstance(model, OFAClassifier) or not model.augment:
        raise TypeError(
            'ConfusingClassesHook expected an OFAClassifier with augment=True,'
            f' got {type(model).__name__}. Leave the hook out in phase I.')
    if not isinstance(sampler, TailPartnerSampler):
        raise TypeError(
            'ConfusingClassesHook expected a train loader with a sampler of '
            "type='mmcurv.TailPartnerSampler', got "
            f'{type(sampler).__name__}.')
    if (sampler.num_fused != model.num_fused
            or batch_size % sampler.group_size):
        raise ValueError(
            'expected one num_fused for model and sampler, and a batch_size '
            'that is a multiple of num_fused + 2, got num_fused='
            f'{model.num_fused} of the model, {sampler.num_fused} of the '
            f'sampler and batch_size={batch_size}.')


def _images(cfg: Any) -> torch.utils.data.DataLoader:
    """This process's share of the train set, as it is tested."""
    loader = train_set_as_tested(cfg)
    loader = copy.deepcopy(dict(loader))
    for key in ('batch_sampler', 'drop_last', 'num_batch_per_epoch'):
        loader.pop(key, None)
    dataset = DATASETS.build(loader.pop('dataset'))
    mine = range(get_rank(), len(dataset), get_world_size())
    loader.update(dataset=dataset, sampler=mine)
    return Runner.build_dataloader(loader)


@torch.no_grad()
def class_scores(model: nn.Module, loader: Any, num_classes: int) -> Tensor:
    """Mean softmax score of every class over the images of each.

    The model evaluates, and is left in the modes in which it was. Several
    processes, each with a share of the images, have the same result.

    Args:
        model (nn.Module): Not in its wrapper; its mode 'tensor' returns
            logits.
        loader: Yields batches as a data loader does.
        num_classes (int): C.

    Returns:
        Tensor: (C, C) float64, entry (c, d) the score of class d for images
        of class c; nan in the rows of classes without images.
    """
    modes = [(module, module.training) for module in model.modules()]
    device = next(model.parameters()).device
    total = torch.zeros(
        num_classes, num_classes, dtype=torch.float64, device=device)
    count = torch.zeros(num_classes, 1, dtype=torch.float64, device=device)
    model.eval()
    try:
        for batch in loader:
            batch = model.data_preprocessor(batch, False)
            scores = model(batch['inputs'], mode='tensor').double().softmax(1)
            labels = get_labels(batch['data_samples']).to(device)
            total.index_add_(0, labels, scores)
            count.index_add_(0, labels, torch.ones_like(scores[:, :1]))
    finally:
        for module, mode in modes:
            module.training = mode
    all_reduce(total)
    all_reduce(count)
    return total / count


def confusing_classes(scores: Tensor, is_tail: Tensor, number: int) -> Tensor:
    """The head classes with the largest scores for each tail class.

    Args:
        scores (Tensor): (C, C), see :func:`class_scores`.
        is_tail (Tensor): (C,) bool.
        number (int): N_f.

    Returns:
        Tensor: (C, N_f) int64, the most confusing first; -1 in the rows of
        head classes.

    Raises:
        ValueError: If there are fewer head classes than that.
    """
    head = (~is_tail).nonzero().squeeze(1)
    if len(head) < number:
        raise ValueError(
            f'expected at least num_confusing={number} head classes, got '
            f'{len(head)}. Give a smaller num_confusing, or a smaller '
            'tail_share.')
    table = torch.full((len(scores), number), -1, device=scores.device)
    among = scores[is_tail][:, head]
    order = among.sort(dim=1, descending=True, stable=True).indices
    table[is_tail] = head[order[:, :number]]
    return table
