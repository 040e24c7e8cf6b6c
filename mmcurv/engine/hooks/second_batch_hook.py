# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Gives a step the images of a second, differently weighted draw."""
from typing import Optional, Union

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from torch import Tensor

from mmcurv.engine.epoch_of_run import epoch_of_run
from mmcurv.engine.unwrapped import unwrapped
from mmcurv.engine.weighted_loader import WeightedLoader
from mmcurv.models.classifiers import BBNClassifier
from mmcurv.registry import HOOKS
from mmcurv.samples import get_labels, mark_second
from .random_state_hook import RandomStateHook


@HOOKS.register_module()
class SecondBatchHook(Hook):
    """Append a second batch to each batch, for networks of two branches.

    BBN (Zhou et al., 2020) trains one branch on images as they come and the
    other on those of a reversed sampler, which draws class c with probability
    proportional to 1/n_c and then any of its images. The images of a second
    loader over the train set follow those of the train loader: 2B ``inputs``
    for B ``data_samples``, which stay those of the train loader and carry the
    labels of the others (:mod:`~mmcurv.samples`).

    What is drawn follows from seed and epoch, and the states of the pipeline
    are in the checkpoints; a :class:`RandomStateHook` is registered if there
    is none. So a resumed run repeats the uninterrupted one.

    Args:
        weights (str | float): How often the second loader draws each class,
            see :class:`~mmcurv.datasets.samplers.WeightedSampler`. Defaults
            to 'reversed'.

    Examples:
        >>> model = dict(
        ...     type='mmcurv.BBNClassifier', head=dict(type='mmcurv.BBNHead'))
        >>> default_hooks = dict(
        ...     model_epoch=dict(type='mmcurv.ModelEpochHook'),
        ...     second_batch=dict(type='mmcurv.SecondBatchHook'))
    """
    priority = 'NORMAL'

    def __init__(self, weights: Union[str, float] = 'reversed'):
        self.weights = weights
        self.loader = None

    def before_run(self, runner) -> None:
        """Make sure that the states of the pipeline are saved."""
        if not any(isinstance(h, RandomStateHook) for h in runner.hooks):
            runner.register_hook(RandomStateHook())

    def before_train(self, runner) -> None:
        """Check that the model takes two batches; build the second loader."""
        model = runner.model
        model = unwrapped(model)
        if not isinstance(model, BBNClassifier):
            raise TypeError(
                'SecondBatchHook expected a model that trains on two batches, '
                f'got {type(model).__name__}. Use '
                "model=dict(type='mmcurv.BBNClassifier', ...), or remove the "
                'hook.')
        for name in ('batch_augments', 'to_onehot'):
            if getattr(model.data_preprocessor, name, None):
                raise ValueError(
                    f'{name} of the data preprocessor makes soft labels, of '
                    f'the first of two batches alone. Remove {name}: each '
                    'batch has its own hard labels.')
        self.loader = WeightedLoader(runner.train_dataloader, runner.seed,
                                     self.weights, 'second_batch', get_rank(),
                                     get_world_size())

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Append the images of the second batch, and note their labels."""
        samples = data_batch['data_samples']
        second = self.loader.next_batch(epoch_of_run(runner))
        images = second['inputs'][:len(samples)]
        mark_second(samples, get_labels(second['data_samples'][:len(samples)]))
        first = data_batch['inputs']
        if isinstance(first, Tensor):
            data_batch['inputs'] = torch.cat([first, images])
        else:
            data_batch['inputs'] = [*first, *images]

    def after_train_epoch(self, runner) -> None:
        """End the workers."""
        self.loader.close()
