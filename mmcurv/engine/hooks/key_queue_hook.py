# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Checks a queue of keys against the train loader, before training."""
from mmengine.dist import get_world_size
from mmengine.hooks import Hook

from mmcurv.engine.unwrapped import unwrapped
from mmcurv.models.key_queue import KeyQueue, check_queue_size
from mmcurv.registry import HOOKS


@HOOKS.register_module()
class KeyQueueHook(Hook):
    """Refuse a train loader whose batches do not fill the queue of keys.

    Without it a :class:`~mmcurv.models.key_queue.KeyQueue` finds that out
    when it takes a batch, the last of an epoch for example.

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
        queues = [m for m in model.modules() if isinstance(m, KeyQueue)]
        if not queues:
            raise TypeError(
                'KeyQueueHook expected a model with a queue of keys, such as '
                f'PaCoClassifier, got {type(model).__name__}. Leave the hook '
                'out.')
        loader = runner.train_dataloader
        for queue in queues:
            size = len(queue.keys)
            batch = loader.batch_sampler.batch_size
            check_queue_size(size, batch * get_world_size())
            left = len(loader.sampler) % batch
            if left and not loader.batch_sampler.drop_last:
                raise ValueError(
                    f'expected batches of {batch} images throughout, since '
                    f'queue_size={size} takes whole ones, but the last of an '
                    f'epoch has {left}. Set drop_last=True in the train '
                    'loader.')
