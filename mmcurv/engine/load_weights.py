# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Weights into a model, all of them or an explanation."""
from typing import Dict, List, Sequence

from torch import Tensor, nn

from .config_options import UsageError

# Counts batches seen in training; old checkpoints lack it, and nothing in
# evaluation reads it.
WITHOUT_EFFECT = '.num_batches_tracked'


def load_weights(model: nn.Module, state: Dict[str, Tensor], checkpoint: str,
                 config: str) -> None:
    """Load a state dict that must fit the model exactly.

    Args:
        model (nn.Module): The model.
        state (dict[str, Tensor]): Weights by name.
        checkpoint (str): What the user calls the weights, for the message.
        config (str): What the user calls the model, for the message.

    Raises:
        UsageError: If a weight is missing, unexpected, of another shape, or
            cannot be copied.
    """
    failed = None
    try:
        missing, unexpected = model.load_state_dict(state, strict=False)
    except RuntimeError as error:  # shapes, as some modules resize, or copies
        failed = error
        own = model.state_dict()
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        shapes = [
            f'{name} {tuple(state[name].shape)} there and '
            f'{tuple(own[name].shape)} here' for name in own
            if name in state and state[name].shape != own[name].shape
        ]
    else:
        shapes = []
    problems = _problems(shapes, missing, unexpected)
    if problems:
        raise UsageError(
            f'checkpoint {checkpoint!r} does not fit the model of config '
            f'{config!r}: {"; ".join(problems)}. Give the config that it was '
            'trained with, or change the model by --cfg-options')
    if failed is not None:  # torch names the tensors
        words = ' '.join(str(failed).split())
        raise UsageError(f'checkpoint {checkpoint!r}: expected weights that '
                         f'can be copied into the model, but {words}')


def _problems(shapes: List[str], missing: List[str],
              unexpected: List[str]) -> List[str]:
    missing = [n for n in missing if not n.endswith(WITHOUT_EFFECT)]
    unexpected = [n for n in unexpected if not n.endswith(WITHOUT_EFFECT)]
    kinds = {
        'of another shape': shapes,
        'missing from the checkpoint': missing,
        'unknown to the model': unexpected
    }
    return [
        f'{len(names)} {kind} ({_shortened(names)})'
        for kind, names in kinds.items() if names
    ]


def _shortened(names: Sequence[str], at_most: int = 3) -> str:
    text = ', '.join(names[:at_most])
    more = len(names) - at_most
    return f'{text} and {more} more' if more > 0 else text
