# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Weights of a checkpoint into a model: all of them, or an explanation."""
from typing import Any, Dict, List

from torch import Tensor, nn

from mmcurv.files import listed

# Counts batches seen in training; old checkpoints lack it, and nothing in
# evaluation reads it.
WITHOUT_EFFECT = '.num_batches_tracked'


def weights_of(content: Dict[str, Any]) -> Dict[str, Tensor]:
    """The state dict of a checkpoint, without the prefix of a wrapper.

    Args:
        content (dict): A checkpoint, or the bare state dict of a model.

    Returns:
        dict[str, Tensor]: Weights by name; empty if there are none.
    """
    state = content.get('state_dict', content)
    return {
        name.removeprefix('module.'): value
        for name, value in state.items() if isinstance(value, Tensor)
    }


def load_exactly(model: nn.Module, state: Dict[str, Tensor]) -> None:
    """Load a state dict that must fit the model.

    Args:
        model (nn.Module): The model.
        state (dict[str, Tensor]): Weights by name.

    Raises:
        ValueError: If a weight is missing, unknown, of another shape or
            cannot be copied; names it.
    """
    try:
        missing, unknown = model.load_state_dict(state, strict=False)
        failed, shapes = None, []
    except RuntimeError as error:  # shapes, as some modules resize, or copies
        failed, own = error, model.state_dict()
        missing = [name for name in own if name not in state]
        unknown = [name for name in state if name not in own]
        shapes = other_shapes(state, own)
    problems = {
        'of another shape': shapes,
        'missing from the checkpoint': missing,
        'unknown to the model': unknown
    }
    told = []
    for words, names in problems.items():
        names = [name for name in names if not name.endswith(WITHOUT_EFFECT)]
        if names:
            told.append(f'{len(names)} {words} ({listed(names)})')
    if told:
        raise ValueError('; '.join(told))
    if failed is not None:  # torch names the tensors
        words = ' '.join(str(failed).split())
        raise ValueError(f'expected weights that can be copied, but {words}')


def other_shapes(state: Dict[str, Tensor], own: Dict[str,
                                                     Tensor]) -> List[str]:
    """Weights whose shapes differ, such as 'fc.bias (4,) there and (3,) here'.

    Args:
        state (dict[str, Tensor]): What is to be loaded, 'there'.
        own (dict[str, Tensor]): Of the model, 'here'.

    Returns:
        list[str]: In the order of the model.
    """
    return [
        f'{name} {tuple(state[name].shape)} there and {tuple(value.shape)} '
        'here' for name, value in own.items()
        if name in state and state[name].shape != value.shape
    ]
