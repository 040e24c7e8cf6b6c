# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Augments whole batches before they are normalized: one operation for all
images where a pipeline has one for each."""
from typing import Any, Callable, Dict, Sequence, Union

import torch
import torch.nn.functional as F
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from mmcurv.files import did_you_mean
from mmcurv.registry import BATCH_TRANSFORMS, MODELS

AXES = dict(horizontal=3, vertical=2)


@BATCH_TRANSFORMS.register_module()
class BatchRandomCrop:
    """Crop each image at a random place, all places equally often.

    mmpretrain's ``RandomCrop`` for whole batches.

    Args:
        crop_size (int | Sequence[int]): Of the result, (h, w) if two.
        padding (int): Pixels added to all sides before the crop. Defaults to
            0.
        pad_val (float): Their value, in all channels. Defaults to 0.

    Raises:
        ValueError: If an argument is out of its range, or images are smaller
            than the crop.
    """

    def __init__(self,
                 crop_size: Union[int, Sequence[int]],
                 padding: int = 0,
                 pad_val: float = 0):
        sides = (crop_size, ) * 2 if isinstance(crop_size,
                                                int) else tuple(crop_size)
        if len(sides) != 2 or min(sides) < 1:
            raise ValueError('crop_size must be one or two positive integers '
                             f'(h, w), got {crop_size}.')
        if padding < 0:
            raise ValueError(f'padding must be at least 0, got {padding}.')
        self.crop_size = sides
        self.padding = padding
        self.pad_val = pad_val

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, h, w)."""
        images = F.pad(images, (self.padding, ) * 4, value=self.pad_val)
        height, width = self.crop_size
        down = images.shape[2] - height
        right = images.shape[3] - width
        if down < 0 or right < 0:
            raise ValueError(
                f'expected images of at least {self.crop_size} to crop, got '
                f'{tuple(images.shape[2:])} after padding. Lower crop_size, '
                'or raise padding.')
        draw = dict(size=(len(images), ), device=images.device)
        tops = torch.randint(down + 1, **draw)
        lefts = torch.randint(right + 1, **draw)
        windows = images.unfold(2, height, 1).unfold(3, width, 1)
        batch = torch.arange(len(images), device=images.device)
        return windows[batch, :, tops, lefts]


@BATCH_TRANSFORMS.register_module()
class BatchRandomFlip:
    """Mirror each image with a probability: ``RandomFlip`` for batches.

    Args:
        prob (float): Probability, 0 to 1.
        direction (str): 'horizontal' swaps left and right, 'vertical' top and
            bottom. Defaults to 'horizontal'.

    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(self, prob: float, direction: str = 'horizontal'):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be from 0 to 1, got {prob}.')
        if direction not in AXES:
            raise ValueError(f'direction must be one of {tuple(AXES)}, got '
                             f'{direction!r}.')
        self.prob = prob
        self.axis = AXES[direction]

    def __call__(self, images: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        chosen = torch.rand(len(images), device=images.device) < self.prob
        order = torch.arange(images.shape[self.axis], device=images.device)
        order = torch.where(chosen[:, None], order.flip(0), order)  # (B, side)
        shape = [len(images), 1, 1, 1]
        shape[self.axis] = -1
        # A gather waits for no device, where a mask as an index would.
        return images.gather(self.axis, order.view(shape).expand_as(images))


@MODELS.register_module()
class BatchAugmentPreprocessor(ClsDataPreprocessor):
    """mmpretrain's ``ClsDataPreprocessor``, with augmentations before it.

    In training, and only there, the transforms change the batch as it comes
    from the loader, on the device of the model and with the generator of
    torch for that device. What follows is the parent's: colour order,
    normalization, and Mixup and CutMix of ``batch_augments`` or
    ``train_cfg``.

    Each image has random numbers of its own, so that images are distributed
    as those of a pipeline with the same transforms in the same order.

    Images are mixed here at the end. Hooks that mix them before
    (``mmcurv.CMOHook``, ``mmcurv.PairedMixupHook``) need augmentations in the
    pipeline and refuse this class with any.

    Args:
        augment (Sequence[dict | Callable]): Transforms in their order:
            configs of ``BatchRandomCrop``, ``BatchRandomFlip`` or of a class
            that is registered in ``mmcurv.registry.BATCH_TRANSFORMS``, or
            functions from (B, C, H, W) to such a batch. Defaults to ().
        **kwargs: Of ``ClsDataPreprocessor``.

    Raises:
        KeyError: If a type is missing or unknown.
        TypeError: If a transform does not take its arguments.

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
        self.augment = []
        for each in augment:
            if not callable(each):
                options = dict(each)
                kind = options.pop('type')
                if isinstance(kind, str):
                    # Not build(), which would ask the run's default scope.
                    name, kind = kind, BATCH_TRANSFORMS.get(kind)
                    if kind is None:
                        hint = did_you_mean(name, BATCH_TRANSFORMS.module_dict)
                        raise KeyError(f'no batch transform {name!r}: {hint}')
                each = kind(**options)
            self.augment.append(each)

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
            images = self.cast_data(data['inputs'])
            if not isinstance(images, Tensor):
                images = _as_batch(images)
            for transform in self.augment:
                images = transform(images)
            data = dict(data, inputs=images)
        return super().forward(data, training)


def _as_batch(images: Sequence[Tensor]) -> Tensor:
    """B images (C, H, W) as (B, C, H, W)."""
    shapes = {getattr(image, 'shape', ()) for image in images}
    if any(len(shape) != 3 for shape in shapes):
        raise ValueError(
            'expected one image (C, H, W) for each sample to augment, got '
            'several views of it. Methods with views augment in the pipeline: '
            "use data_preprocessor=dict(type='mmcurv.ViewsPreprocessor').")
    if len(shapes) > 1:
        raise ValueError(
            f'expected images of one shape to augment together, got '
            f'{sorted(map(tuple, shapes))}. Resize them to one size in the '
            'pipeline.')
    return torch.stack(list(images))
