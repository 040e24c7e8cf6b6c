# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Mix two batches of images before they are normalized.

Inputs are as a collate function leaves them: one tensor (B, ..., H, W), or a
list of B tensors (..., H, W). They are never changed in place, because images
that no transform has touched share the memory of the data set.
"""
from typing import List, Tuple, Union

from torch import Tensor

from .cutmix_box import Box

Inputs = Union[Tensor, List[Tensor]]


def common_size(*batches: Inputs) -> Tuple[int, int]:
    """Height and width of all images.

    Args:
        batches (Tensor | list[Tensor]): Images of one or more batches.

    Returns:
        tuple[int, int]: Height and width.

    Raises:
        ValueError: If the images differ in shape.
    """
    shapes = {shape for batch in batches for shape in _shapes(batch)}
    if len(shapes) != 1:
        raise ValueError(
            'expected images of one shape to mix, got '
            f'{sorted(shapes)}. End the pipeline with a crop or a resize to '
            'one size.')
    *_, height, width = shapes.pop()
    return height, width


def paste(inputs: Inputs, others: Inputs, box: Box) -> Inputs:
    """Overwrite a box of each image with that of another one.

    Args:
        inputs (Tensor | list[Tensor]): B images.
        others (Tensor | list[Tensor]): B images of the same shape.
        box (Box): The region.

    Returns:
        Tensor | list[Tensor]: B images of the dtype of ``inputs``.
    """
    if not isinstance(inputs, Tensor):
        return [
            paste(image, other, box) for image, other in zip(inputs, others)
        ]
    region = (..., slice(box.top, box.bottom), slice(box.left, box.right))
    pasted = inputs.clone()
    pasted[region] = others[region]
    return pasted


def blend(inputs: Inputs, order: Tensor, share: float) -> Inputs:
    """share * image + (1 - share) * another one of the batch.

    Integers become float32 first, so that nothing is rounded: normalization
    is linear, and it is the same as to blend after it.

    Args:
        inputs (Tensor | list[Tensor]): B images of one shape.
        order (Tensor): (B,) int64, which image is mixed into each.
        share (float): Of the image itself, 0 to 1.

    Returns:
        Tensor | list[Tensor]: B images of a floating type.
    """
    if not isinstance(inputs, Tensor):
        images = [_as_float(image) for image in inputs]
        return [
            share * image + (1 - share) * images[other]
            for image, other in zip(images, order.tolist())
        ]
    images = _as_float(inputs)
    return share * images + (1 - share) * images[order]


def _as_float(images: Tensor) -> Tensor:
    return images if images.is_floating_point() else images.float()


def _shapes(inputs: Inputs) -> set:
    if isinstance(inputs, Tensor):
        return {tuple(inputs.shape[1:])}
    return {tuple(image.shape) for image in inputs}
