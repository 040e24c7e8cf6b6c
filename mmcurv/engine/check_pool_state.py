# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether the feature pool of a checkpoint is one that a run left.

A checkpoint may be edited, cut or damaged on its way. What a pool could never
hold would spoil the curvature of a class in silence, or end in an error that
names neither the pool nor the file.
"""
from typing import Any, Dict, Iterator

import torch

from .pool_problems import (wrong_images, wrong_kinds, wrong_numbers,
                            wrong_shapes)

PARTS = dict(addressing=str, measured_with=dict, curvature=dict, loss=dict)
COUNTERS = dict(num_nonfinite=int, loss=dict)  # of a pool that is not saved
DTYPES = {
    'pool.capacity': torch.int64,
    'pool.start': torch.int64,
    'pool.arrived': torch.int64,
    'pool.features': None,  # any floating type
    'log_curvature': None,
    'pool.num_nonfinite': torch.int64,
    'primed': torch.bool
}
BY_IMAGE = {'pool.image': torch.int64, 'pool.slot': torch.int64}


def check_pool_state(state: Dict[str, Any]) -> None:
    """Raise unless a state could be that of a run.

    Args:
        state (dict): Of :meth:`CurvatureStep.state_dict`, of a whole pool:
            C classes, S slots, p features, N images.

    Raises:
        ValueError: If it could not. Says all that is wrong.
    """
    problems = list(_problems(state))
    if problems:
        raise ValueError(
            'expected a feature pool as a run leaves it, but that of the '
            f'checkpoint is damaged: {"; ".join(problems)}. Resume from an '
            'earlier checkpoint, or give this one to load_from without '
            'resume, which takes the weights and starts with an empty pool.')


def _problems(state: Any) -> Iterator[str]:
    """What is wrong; later checks rely on what earlier ones found right."""
    found = list(_wrong_parts(state))
    if not found and 'curvature' in state:
        values = state['curvature']
        dtypes = dict(DTYPES)
        if state['addressing'] == 'index':
            dtypes.update(BY_IMAGE)
        found = list(wrong_kinds(values, dtypes))
        found = found or list(wrong_shapes(values))
        if not found:
            values = {  # what is small, wherever the checkpoint was loaded
                name: value if value.is_floating_point() else value.cpu()
                for name, value in values.items()
            }
        found = found or list(wrong_numbers(values))
        if not found and state['addressing'] == 'index':
            found = list(wrong_images(values))
    yield from found


def _wrong_parts(state: Any) -> Iterator[str]:
    if not isinstance(state, dict):
        yield f'it is {type(state).__name__}, not dict'
        return
    saved = 'curvature' in state or 'num_nonfinite' not in state
    for name, kind in (PARTS if saved else COUNTERS).items():
        if name not in state:
            yield f'{name!r} is missing'
        elif not isinstance(state[name], kind):
            yield (f'{name!r} is {type(state[name]).__name__}, not '
                   f'{kind.__name__}')
