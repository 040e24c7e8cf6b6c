# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Options of a config's pool as its run will have them."""
from typing import Any, Dict, Optional

import torch

from mmcurv.engine.curvature.step import read_pool_options


def fitted_pool(hook: dict) -> Optional[Dict[str, Any]]:
    """What the pool of one layer is built with.

    Args:
        hook (dict): Config of the hook of Curvature Regularization.

    Returns:
        dict | None: With ``dtype``, ``max_per_class`` and ``addressing``;
        None if an option is wrong, which the training will say.
    """
    try:
        options = read_pool_options(hook.get('pool'))
    except ValueError:
        return None
    options['addressing'] = 'index' if is_indexed(hook) else 'fifo'
    return {'dtype': torch.float32, 'max_per_class': None, **options}


def is_indexed(hook: dict) -> bool:
    """Whether each image has its slot, with data that number their images.
    """
    addressing = (hook.get('pool') or {}).get('addressing')
    if addressing is None:
        return hook.get('mixed', 'skip') == 'skip'
    return addressing == 'index'
