# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How many features of each class a run's pool must hold."""
from typing import Any, List, Optional

from torch import nn

from mmcurv.datasets import class_counts
from .feature_tap import num_outputs


def pool_counts(dataset: Any, layer: Optional[nn.Module],
                pool: dict) -> List[int]:
    """Training images of each class.

    Args:
        dataset: The train set.
        layer (nn.Module, optional): The last classifier layer, if it is
            known, which says the number of classes where the train set does
            not.
        pool (dict): Pool options; ``class_counts`` in them is taken as is.

    Returns:
        list[int]: C counts.

    Raises:
        RuntimeError: If the train set does not tell its labels.
    """
    if pool.get('class_counts') is not None:
        return list(pool['class_counts'])
    try:
        counts = class_counts(dataset)
    except (TypeError, ValueError) as error:
        raise RuntimeError(
            f'the feature pool needs one label per image of the train set: '
            f'{error} If the labels are known otherwise, give '
            'pool=dict(class_counts=[...]).') from error
    names = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    missing = (num_outputs(layer) or 0) - len(counts)
    if not names and missing > 0:  # the last classes may have no image
        counts = counts + [0] * missing
    return counts


def check_layer_fits(layer: nn.Module, name: str, counts: List[int]) -> None:
    """Raise ValueError if the layer and the train set differ in C."""
    outputs = num_outputs(layer)
    if outputs is not None and outputs != len(counts):
        fewer = 'fewer' if len(counts) < outputs else 'more'
        raise ValueError(
            f'the feature pool has {fewer} classes than the head: the train '
            f'set has {len(counts)}, layer={name!r} has {outputs} outputs. '
            'Set num_classes of the head, or correct the train set (or '
            'pool.class_counts).')
