# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Checks a queue of keys against the train loader, before training."""
from mmengine.dist import get_world_size
from mmengine.hooks import Hook

from mmcurv.engine.unwrapped import unwrapped
from mmcurv.models.feature_queue import FeatureQueue
from mmcurv.registry import HOOKS


@HOOKS.register_module()
class KeyQueueHook(Hook):
    """Refuse a train loader whose batches do not fill the queue of keys.

    A :class:`~mmcurv.models.feature_queue.FeatureQueue` takes any batch; the
    original of PaCo takes only those that fill it exactly.

    Examples:
        >>> default_hooks = dict(key_queue=dict(type='mmcurv.KeyQueueHook'))
    """

    def before_train(self, runner) -> None:
        """Compare batch size and length of the loader with the queue.

        Raises:
            TypeError: If the model has no queue of keys.
            ValueError: If the queue is no multiple of the batch of all
                processes, or the last batch of an epoch is a smaller one.
        """
        model = runner.model
        model = unwrapped(model)
        queues = [m for m in model.modules() if isinstance(m, FeatureQueue)]
        if not queues:
            raise TypeError(
                'KeyQueueHook expected a model with a queue of keys, such as '
                f'PaCoClassifier, got {type(model).__name__}. Leave the hook '
                'out.')
        loader = runner.train_dataloader
        for queue in queues:
            size = len(queue.labels)
            batch = loader.batch_sampler.batch_size
            together = batch * get_world_size()
            if size % together:
                raise ValueError(
                    f'expected queue_size={size} to be a multiple of the '
                    f'batch of all processes, got {together} images. Choose '
                    'another queue_size or batch_size.')
            left = len(loader.sampler) % batch
            if left and not loader.batch_sampler.drop_last:
                raise ValueError(
                    f'expected batches of {batch} images throughout, since '
                    f'queue_size={size} takes whole ones, but the last of an '
                    f'epoch has {left}. Set drop_last=True in the train '
                    'loader.')
