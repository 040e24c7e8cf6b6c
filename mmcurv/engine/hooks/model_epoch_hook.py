# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tells a model which epoch it is trained in."""
from typing import List

from mmengine.hooks import Hook
from torch import nn

from mmcurv.engine.epoch_of_run import epoch_of_run, epochs_of_run
from mmcurv.engine.unwrapped import unwrapped
from mmcurv.registry import HOOKS


@HOOKS.register_module()
class ModelEpochHook(Hook):
    """Call ``set_epoch(epoch, max_epochs)`` of every sub-module that has it.

    Epochs are counted from 1. Modules are told before each training epoch,
    also before the first one after a resume, where that may be in the middle
    of an epoch; in a loop over iterations, before the first iteration of each
    pass over the train loader. So a module need not save its epoch.

    It runs before other hooks (VERY_HIGH), so that in an epoch all of them
    see the model of that epoch.

    Examples:
        >>> default_hooks = dict(
        ...     model_epoch=dict(type='mmcurv.ModelEpochHook'))
    """
    priority = 'VERY_HIGH'

    def __init__(self):
        self._told = None  # the epoch that the modules know

    def before_train(self, runner) -> None:
        """Check that somebody asks for the epoch."""
        if not _asking_modules(runner.model):
            model = runner.model
            model = unwrapped(model)
            raise ValueError(
                'ModelEpochHook expected a sub-module with a method '
                'set_epoch(epoch, max_epochs), found none in '
                f'{type(model).__name__}. Use a head or loss that depends on '
                'the epoch, or remove the hook.')
        self._told = None

    def before_train_epoch(self, runner) -> None:
        """Tell the epoch that begins."""
        self._tell(runner)

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Tell the epoch, if a loop over iterations has come to the next."""
        self._tell(runner)

    def _tell(self, runner) -> None:
        epoch, epochs = epoch_of_run(runner) + 1, epochs_of_run(runner)
        # A loop over iterations that is at its end when it is resumed begins
        # an epoch, of no iteration.
        if epoch == self._told or epoch > epochs:
            return
        for module in _asking_modules(runner.model):
            module.set_epoch(epoch, epochs)
        self._told = epoch


def _asking_modules(model: nn.Module) -> List[nn.Module]:
    model = unwrapped(model)
    return [
        module for module in model.modules()
        if callable(getattr(module, 'set_epoch', None))
    ]
