# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Keeps the checkpoints of some epochs beside the newest ones."""
from typing import Any, Dict, Sequence

from mmengine.hooks import CheckpointHook

from mmcurv.registry import HOOKS


@HOOKS.register_module()
class KeepingCheckpointHook(CheckpointHook):
    """Same as mmengine's CheckpointHook, but some epochs are for ever.

    They are saved whatever the ``interval``, and ``max_keep_ckpts`` neither
    counts nor removes them. Other runs can begin with them.

    Args:
        keep_epochs (Sequence[int]): Numbers of the epochs, from 1 on. Those
            that the run has not yet removed are kept from now on.
        **kwargs: Same as ``mmengine.hooks.CheckpointHook``, with
            ``by_epoch=True``.

    Example:
        >>> default_hooks = dict(
        ...     checkpoint=dict(
        ...         type='mmcurv.KeepingCheckpointHook',
        ...         interval=1,
        ...         max_keep_ckpts=2,
        ...         keep_epochs=[10, 20]))
    """

    def __init__(self, *args, keep_epochs: Sequence[int], **kwargs):
        super().__init__(*args, **kwargs)
        if not self.by_epoch:
            raise ValueError('keep_epochs needs by_epoch=True.')
        self.keep_epochs = set(keep_epochs)

    def before_train(self, runner) -> None:
        """Take over what an earlier start has saved, but for the kept ones."""
        hub = runner.message_hub
        if 'keep_ckpt_ids' in hub.runtime_info:
            removable = self._removable(hub.get_info('keep_ckpt_ids'))
            hub.update_info('keep_ckpt_ids', removable)
        super().before_train(runner)

    def every_n_epochs(self, runner, n: int, start: int = 0) -> bool:
        """Whether the epoch that ends is saved."""
        return (runner.epoch + 1 in self.keep_epochs
                or super().every_n_epochs(runner, n, start))

    def _save_checkpoint_with_step(self, runner, step: int,
                                   meta: Dict[str, Any]) -> None:
        if self.max_keep_ckpts > 0:  # mmengine removes the first of these
            removable = self._removable(self.keep_ckpt_ids)
            self.keep_ckpt_ids.clear()
            self.keep_ckpt_ids.extend(removable)
        super()._save_checkpoint_with_step(runner, step, meta)

    def _removable(self, epochs: Sequence[int]) -> list:
        return [epoch for epoch in epochs if epoch not in self.keep_epochs]
