# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which weights a stage starts from, and which of them stay as they are."""
from typing import Dict, List, Sequence, Tuple

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict
from torch import Tensor, nn

from mmcurv.engine.common import unwrapped
from mmcurv.engine.extraction.layers import find_layer
from mmcurv.models.losses.base import check_choice
from mmcurv.registry import HOOKS
from mmcurv.weights import WITHOUT_EFFECT, other_shapes, weights_of
from .config import NORMS


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
        if runner.cfg.get('resume'):
            return
        path, model = runner.cfg.get('load_from'), unwrapped(runner.model)
        try:
            taken, told = take_weights(
                weights_of(checkpoint), model.state_dict(), self.reset,
                self.frozen)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None
        runner.logger.info(f'Weights of {path}: {told}.')
        # What is not loaded stands there as it is, or mmengine would warn.
        checkpoint['state_dict'] = {**model.state_dict(), **taken}


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
        self._frozen = [
            find_layer(model, name, 'FreezeHook') for name in self.modules
        ]
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


def take_weights(
    state: Dict[str, Tensor],
    own: Dict[str, Tensor],
    reset: Sequence[str] = (),
    frozen: Sequence[str] = ()
) -> Tuple[Dict[str, Tensor], str]:
    """Choose what of an earlier stage's weights goes into a model.

    Args:
        state (dict[str, Tensor]): Weights of the earlier stage, by name.
        own (dict[str, Tensor]): Weights of the model.
        reset (Sequence[str]): Sub-modules that keep their initial weights.
            Defaults to ().
        frozen (Sequence[str]): Sub-modules that will not train. Defaults to
            ().

    Returns:
        tuple: What is loaded, by name, and a line for the log that says how
        much that is and what is not.

    Raises:
        ValueError: If nothing fits, a weight is of another shape, or a frozen
            sub-module would keep random weights.
    """
    taken, was_reset, new = {}, [], []
    for name in own:
        if name not in state:
            new.append(name)
        elif _is_in(name, reset):
            was_reset.append(name)
        else:
            taken[name] = state[name]
    shapes = other_shapes(taken, own)
    if shapes:
        raise ValueError(
            'weights of the earlier stage are of another shape: '
            f'{", ".join(shapes)}. Name their sub-module in reset, or give '
            'both stages the same one.')
    if not taken:
        raise ValueError(
            'not one weight of the earlier stage is of the model, which has '
            f'{", ".join(list(own)[:3])}, ...; the checkpoint has '
            f'{", ".join(list(state)[:3])}, ... Give both stages the same '
            'model.')
    lost = [
        name for name in [*new, *was_reset]
        if _is_in(name, frozen) and not name.endswith(WITHOUT_EFFECT)
    ]
    if lost:
        raise ValueError(
            'frozen sub-modules would keep random weights, since these are '
            f'not loaded: {", ".join(lost)}. Do not freeze their sub-module, '
            'or load it.')
    left = [name for name in state if name not in own]
    lines = [f'{len(taken)} weights loaded']
    for words, names in (('initialized anew, as reset says', was_reset),
                         ('initialized, since the checkpoint lacks them',
                          new), ('unknown to the model, left behind', left)):
        if names:
            lines.append(f'{len(names)} {words}: {", ".join(names)}')
    return taken, '; '.join(lines)


def _is_in(name: str, modules: Sequence[str]) -> bool:
    return any(name.startswith(f'{module}.') for module in modules)
