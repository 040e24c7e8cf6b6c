# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Finds out which classes are confused, before OFA fine-tunes."""
import copy
from typing import Any

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcurv.datasets.samplers import TailPartnerSampler
from mmcurv.engine.class_confusion import class_scores, confusing_classes
from mmcurv.engine.extract_features import train_set_as_tested
from mmcurv.engine.unwrapped import unwrapped
from mmcurv.models.classifiers import OFAClassifier
from mmcurv.registry import DATASETS, HOOKS


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
        model = runner.model
        model = unwrapped(model)
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
