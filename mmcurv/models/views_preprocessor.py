# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Normalizes several views of each image."""
from typing import Any, Dict

from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from mmcurv.registry import MODELS


@MODELS.register_module()
class ViewsPreprocessor(ClsDataPreprocessor):
    """mmpretrain's ``ClsDataPreprocessor``, also for a list of views.

    mmpretrain's ``MultiView`` gives each image as a list of V views, which
    mmengine's collate functions make a list of V batches. Each of these is
    normalized by itself. Images without views are treated as ever.

    Args:
        **kwargs: Of ``ClsDataPreprocessor``, except those that make soft
            labels.

    Raises:
        ValueError: If labels would be soft: two views mixed with different
            images have no label in common.
    """

    def __init__(self, **kwargs):
        for name in ('batch_augments', 'to_onehot'):
            if kwargs.get(name):
                raise ValueError(
                    f'{name} makes soft labels, but views of an image have '
                    f'the one hard label of the image. Remove {name}.')
        super().__init__(**kwargs)

    def forward(self, data: dict, training: bool = False) -> Dict[str, Any]:
        """Normalize a batch.

        Args:
            data (dict): Of the loader.
            training (bool): Whether it is for training. Defaults to False.

        Returns:
            dict: ``inputs`` are (B, ...), or a list of V such batches, and
            ``data_samples``.
        """
        if not _has_views(data['inputs']):
            return super().forward(data, training)
        done = [
            super(ViewsPreprocessor, self).forward(
                dict(
                    data,
                    inputs=list(view) if isinstance(view, tuple) else view),
                training) for view in data['inputs']
        ]
        return dict(done[0], inputs=[each['inputs'] for each in done])


def _has_views(inputs: Any) -> bool:
    """Whether there is a list of batches, and not one of images."""
    if isinstance(inputs, Tensor):
        return False
    return not isinstance(inputs[0], Tensor) or inputs[0].dim() == 4
