# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The random states of a process, in types that a safe loader accepts."""
import random
from typing import Any, Dict

import numpy as np
import torch


def get_random_state() -> Dict[str, Any]:
    """States of Python's, NumPy's and torch's global generators."""
    version, internal, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    state = dict(
        python=(version, torch.tensor(internal), gauss),
        numpy=(name, torch.from_numpy(keys.astype(np.int64)), position,
               has_gauss, cached),
        torch=torch.get_rng_state())
    if torch.cuda.is_available():
        state['cuda'] = torch.cuda.get_rng_state_all()
    return state


def set_random_state(state: Dict[str, Any]) -> None:
    """Restore what :func:`get_random_state` returned.

    States of GPUs are restored only where there are as many of them.
    """
    version, internal, gauss = state['python']
    random.setstate((version, tuple(internal.tolist()), gauss))
    name, keys, position, has_gauss, cached = state['numpy']
    keys = keys.numpy().astype(np.uint32)
    np.random.set_state((name, keys, position, has_gauss, cached))
    torch.set_rng_state(state['torch'].cpu())
    on_gpus = state.get('cuda', [])
    if on_gpus and len(on_gpus) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([gpu.cpu() for gpu in on_gpus])
