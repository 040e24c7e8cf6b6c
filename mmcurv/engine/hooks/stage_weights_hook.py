# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Starts a stage from the weights of an earlier one."""
from typing import Sequence

from mmengine.hooks import Hook
from torch import Tensor

from mmcurv.engine.stages.stage_weights import take_weights
from mmcurv.engine.unwrapped import unwrapped
from mmcurv.registry import HOOKS


@HOOKS.register_module()
class StageWeightsHook(Hook):
    """See that ``load_from`` loads what a stage needs, and say what it does.

    mmengine leaves out what does not fit, with a warning among others. Here a
    weight of another shape is an error, and so are random weights in a frozen
    sub-module; what the model has and the checkpoint has not is named, and
    what is under ``reset`` stays as it was initialized.

    A resumed run is left alone: its checkpoint is of this stage.

    Args:
        reset (Sequence[str]): Sub-modules that are initialized anew. Their
            numbers are drawn from the seed of the run. Defaults to ().
        frozen (Sequence[str]): Sub-modules that will not train. Defaults to
            ().

    Examples:
        >>> default_hooks = dict(
        ...     stage_weights=dict(
        ...         type='mmcurv.StageWeightsHook', reset=['head.fc']))
    """
    priority = 'VERY_HIGH'  # EMAHook takes the same weights for its copy

    def __init__(self, reset: Sequence[str] = (), frozen: Sequence[str] = ()):
        self.reset = list(reset)
        self.frozen = list(frozen)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Take out of the checkpoint what is not to be loaded."""
        if runner._resume:
            return
        model = runner.model
        model = unwrapped(model)
        # Beside the weights there may be what mmengine keeps in them.
        state = {
            name.removeprefix('module.'): value
            for name, value in checkpoint['state_dict'].items()
            if isinstance(value, Tensor)
        }
        try:
            taken = take_weights(state, model.state_dict(), self.reset,
                                 self.frozen)
        except ValueError as error:
            raise ValueError(f'{runner._load_from}: {error}') from None
        runner.logger.info(
            f'Weights of {runner._load_from}: {taken.describe()}.')
        # What is not loaded stands there as it is, or mmengine would warn.
        checkpoint['state_dict'] = {**model.state_dict(), **taken.state}
