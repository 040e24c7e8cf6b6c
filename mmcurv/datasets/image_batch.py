# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A batch that is fetched at once, and its collate function."""
from collections.abc import Sequence
from typing import Any, Dict, List

from mmengine.dataset import default_collate
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmcurv.registry import FUNCTIONS


class ImageBatch(Sequence):
    """Images in one tensor that can also be read item by item.

    :func:`image_batch_collate` passes the tensor on. To every other collate
    function this is a list of B items like those of any data set.

    Args:
        inputs (Tensor): (B, C, H, W).
        data_samples (list[BaseDataElement]): B samples.
    """

    def __init__(self, inputs: Tensor, data_samples: List[BaseDataElement]):
        self.inputs = inputs
        self.data_samples = data_samples

    def __len__(self) -> int:
        return len(self.data_samples)

    def __getitem__(self, i: int) -> Dict[str, Any]:
        return dict(inputs=self.inputs[i], data_samples=self.data_samples[i])


@FUNCTIONS.register_module()
def image_batch_collate(data_batch: Any) -> Any:
    """Collate what a data set gives for a list of indices.

    Args:
        data_batch (ImageBatch | Sequence): A batch that is one already, or
            items of any data set, as where a wrapper around
            ``InMemoryDataset`` asks it for one image after another.

    Returns:
        dict: ``inputs`` (B, C, H, W) and the list ``data_samples``; for items
        what mmengine's ``default_collate`` makes of them, which is the same.
    """
    if isinstance(data_batch, ImageBatch):
        return dict(
            inputs=data_batch.inputs, data_samples=data_batch.data_samples)
    return default_collate(data_batch)
