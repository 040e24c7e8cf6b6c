# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a checkpoint holds of a feature pool."""
from typing import Any, Dict

from torch import Tensor

from mmcurv.files import bytes_text


def holds_features(state: Dict[str, Any]) -> bool:
    """Whether a pool can be gone on with, or has to be filled again.

    Args:
        state (dict): Of ``CurvatureStep`` or ``CurvatureSteps``.
    """
    layers = state.get('layers', {'': state}).values()
    return all('curvature' in layer for layer in layers)


def bytes_of_state(state: Any) -> int:
    """Bytes of all tensors in nested dicts."""
    if isinstance(state, Tensor):
        return state.numel() * state.element_size()
    if isinstance(state, dict):
        return sum(map(bytes_of_state, state.values()))
    return 0


def size_text(state: Dict[str, Any]) -> str:
    """A sentence on what the pool adds to each checkpoint."""
    if holds_features(state):
        return (f'The feature pool takes {bytes_text(bytes_of_state(state))} '
                'of each checkpoint. FeaturePoolHook(save_pool=False) leaves '
                'it out; a resumed run then fills it anew.')
    return ('Checkpoints hold no features (save_pool=False): a resumed run '
            'fills the pool for one epoch, in which it adds no '
            'loss_curvature.')
