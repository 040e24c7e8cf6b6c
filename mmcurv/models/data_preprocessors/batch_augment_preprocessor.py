# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Augments whole batches before they are normalized."""
from typing import Any, Callable, Dict, Sequence, Union

import torch
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from mmcurv.registry import BATCH_TRANSFORMS, MODELS

EXAMPLE = "dict(type='BatchRandomFlip', prob=0.5)"


@MODELS.register_module()
class BatchAugmentPreprocessor(ClsDataPreprocessor):
    """mmpretrain's ``ClsDataPreprocessor``, with augmentations before it.

    In training, and only there, the transforms change the batch as it comes
    from the loader, on the device of the model and with the generator of
    torch for that device: one operation for all images where a pipeline has
    one for each. What follows is the parent's: colour order, normalization,
    and Mixup and CutMix of ``batch_augments`` or ``train_cfg``.

    Each image has random numbers of its own, so that images are distributed
    as those of a pipeline with the same transforms in the same order.

    Images are mixed here at the end. Hooks that mix them before
    (``mmcurv.CMOHook``, ``mmcurv.PairedMixupHook``) need augmentations in the
    pipeline and refuse this class with any.

    Args:
        augment (Sequence[dict | Callable]): Transforms in their order:
            configs of ``BatchRandomCrop``, ``BatchRandomFlip``,
            ``BatchRotate``, ``BatchCutout``, ``BatchRandomResizedCrop`` or of
            a class that is registered in ``mmcurv.registry.BATCH_TRANSFORMS``,
            or functions from (B, C, H, W) to such a batch. Defaults to ().
        **kwargs: Of ``ClsDataPreprocessor``.

    Raises:
        KeyError: If a type is unknown.
        TypeError: If a transform is neither a config nor callable, or does
            not take its arguments.

    Examples:
        >>> data_preprocessor = dict(
        ...     type='mmcurv.BatchAugmentPreprocessor',
        ...     mean=[72.940],
        ...     std=[90.021],
        ...     augment=[
        ...         dict(type='BatchRandomCrop', crop_size=28, padding=4),
        ...         dict(type='BatchRandomFlip', prob=0.5),
        ...     ])
    """

    def __init__(self, augment: Sequence[Union[dict, Callable]] = (),
                 **kwargs):
        super().__init__(**kwargs)
        self.augment = [_build(transform) for transform in augment]

    def forward(self, data: dict, training: bool = False) -> Dict[str, Any]:
        """Augment and normalize a batch.

        Args:
            data (dict): Of the loader; ``inputs`` are (B, C, H, W) or a list
                of B images (C, H, W).
            training (bool): Whether to augment. Defaults to False.

        Returns:
            dict: ``inputs``, float (B, C, H, W), and ``data_samples``.

        Raises:
            ValueError: If there are several views of an image, or images
                differ in shape.
        """
        if training and self.augment:
            images = _as_batch(self.cast_data(data['inputs']))
            for transform in self.augment:
                images = transform(images)
            data = dict(data, inputs=images)
        return super().forward(data, training)


def _build(transform: Union[dict, Callable]) -> Callable:
    if isinstance(transform, dict):
        arguments = dict(transform)
        kind = arguments.pop('type', None)
        if kind is None:
            raise TypeError(f'augment: expected a type such as {EXAMPLE}, got '
                            f'{transform}.')
        if isinstance(kind, str):
            # Not build(), which would ask the default scope of the run.
            kind = BATCH_TRANSFORMS.get(kind)
        return kind(**arguments)
    if not callable(transform):
        raise TypeError('augment: expected configs or functions, got '
                        f'{type(transform).__name__}. A transform is '
                        f'{EXAMPLE}.')
    return transform


def _as_batch(inputs: Any) -> Tensor:
    """Images (B, C, H, W)."""
    if isinstance(inputs, Tensor) and inputs.dim() == 4:
        return inputs
    images = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    if not all(isinstance(image, Tensor) and image.dim() == 3
               for image in images):  # yapf: disable
        raise ValueError(
            'expected one image (C, H, W) for each sample to augment, got '
            'several views of it. Methods with views augment in the pipeline: '
            "use data_preprocessor=dict(type='mmcurv.ViewsPreprocessor').")
    shapes = {tuple(image.shape) for image in images}
    if len(shapes) > 1:
        raise ValueError(
            f'expected images of one shape to augment together, got '
            f'{sorted(shapes)}. Resize them to one size in the pipeline.')
    return torch.stack(list(images))
