# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Keeps parts of a model as they are while the rest trains."""
from typing import List, Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from torch import nn

from mmcurv.engine.find_modules import find_modules
from mmcurv.engine.stages.stage_list import NORMS
from mmcurv.models.losses.base import check_choice
from mmcurv.registry import HOOKS


@HOOKS.register_module()
class FreezeHook(Hook):
    """Freeze sub-modules: their parameters have no gradient and no update.

    Batch norms in them use their running statistics and leave them as they
    are with ``norm='eval'``; the frozen sub-modules then are in evaluation
    mode, which also switches drop-out off. With ``norm='train'`` they are in
    training mode: batches are normalized by their own statistics, and the
    running ones follow the images that the stage sees, although scales and
    shifts are frozen. The training loop switches the whole model to training
    mode at each epoch; the hook has the last word.

    Args:
        modules (Sequence[str]): Names such as 'backbone' or 'head.fc'.
        norm (str): 'eval' or 'train'. Defaults to 'eval'.

    Examples:
        >>> default_hooks = dict(
        ...     freeze=dict(type='mmcurv.FreezeHook', modules=['backbone']))
    """
    priority = 'VERY_HIGH'  # before EMAHook copies the model

    def __init__(self, modules: Sequence[str], norm: str = 'eval'):
        check_choice('norm', norm, NORMS)
        self.modules = list(modules)
        self.norm = norm
        self._frozen: List[nn.Module] = []

    def before_run(self, runner) -> None:
        """Freeze the parameters and take them from the optimizer."""
        wrapped = is_model_wrapper(runner.model)
        model = runner.model.module if wrapped else runner.model
        self._frozen = find_modules(model, self.modules, 'FreezeHook')
        for module in self._frozen:
            module.requires_grad_(False)
        left = sum(p.requires_grad for p in model.parameters())
        if not left:
            raise ValueError(
                f'FreezeHook: {", ".join(self.modules)} hold all parameters '
                f'of {type(model).__name__}, so nothing would train. Freeze '
                'less.')
        _keep_trained(runner.optim_wrapper)
        if wrapped:
            # It made up its mind before, and would wait for gradients.
            runner.model = runner.wrap_model(
                runner.cfg.get('model_wrapper_cfg'), model)
        runner.logger.info(
            f'Frozen: {", ".join(self.modules)}; {left} parameters train, '
            f'batch norms of the frozen part are in mode {self.norm!r}.')

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Undo what ``model.train()`` did."""
        if self.norm == 'eval':
            for module in self._frozen:
                module.eval()


def _keep_trained(wrapper) -> None:
    several = isinstance(wrapper, OptimWrapperDict)
    for one in wrapper.values() if several else [wrapper]:
        for group in one.optimizer.param_groups:
            group['params'] = [p for p in group['params'] if p.requires_grad]
