# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which weights of an earlier stage a model takes, and which it does not."""
from typing import Dict, List, NamedTuple, Sequence

from torch import Tensor

# Counts batches seen in training; nothing in evaluation reads it.
WITHOUT_EFFECT = '.num_batches_tracked'


class TakenWeights(NamedTuple):
    """What of a state dict goes into a model.

    Attributes:
        state (dict[str, Tensor]): What is loaded.
        reset (list[str]): Weights of the model that are initialized anew
            though the checkpoint has them.
        new (list[str]): Weights of the model that the checkpoint lacks.
        left (list[str]): Weights of the checkpoint that the model lacks.
    """
    state: Dict[str, Tensor]
    reset: List[str]
    new: List[str]
    left: List[str]

    def describe(self) -> str:
        """All of it, for the log."""
        lines = [f'{len(self.state)} weights loaded']
        for words, names in (('initialized anew, as reset says', self.reset),
                             ('initialized, since the checkpoint lacks them',
                              self.new), ('unknown to the model, left behind',
                                          self.left)):
            if names:
                lines.append(f'{len(names)} {words}: {", ".join(names)}')
        return '; '.join(lines)


def take_weights(
    state: Dict[str, Tensor],
    own: Dict[str, Tensor],
    reset: Sequence[str] = (),
    frozen: Sequence[str] = ()
) -> TakenWeights:
    """Choose what of an earlier stage's weights goes into a model.

    Args:
        state (dict[str, Tensor]): Weights of the earlier stage, by name.
        own (dict[str, Tensor]): Weights of the model.
        reset (Sequence[str]): Sub-modules that keep their initial weights.
            Defaults to ().
        frozen (Sequence[str]): Sub-modules that will not train. Defaults to
            ().

    Returns:
        TakenWeights: What is loaded and what is not.

    Raises:
        ValueError: If nothing fits, a weight is of another shape, or a frozen
            sub-module would keep random weights.
    """
    taken, was_reset, new, shapes = {}, [], [], []
    for name, value in own.items():
        if name not in state:
            new.append(name)
        elif _is_in(name, reset):
            was_reset.append(name)
        elif state[name].shape != value.shape:
            shapes.append(f'{name} {tuple(state[name].shape)} there and '
                          f'{tuple(value.shape)} here')
        else:
            taken[name] = state[name]
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
    return TakenWeights(taken, was_reset, new, left)


def _is_in(name: str, modules: Sequence[str]) -> bool:
    return any(name.startswith(f'{module}.') for module in modules)
