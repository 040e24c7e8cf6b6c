# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""New feature maps of a rare class, from a map of its own and one of another.

Chu et al., *Feature Space Augmentation for Long-Tailed Data* (OFA), 2020. No
code of the authors is known; where the paper leaves something open, the
docstring says "our reading".
"""
import torch
from torch import Tensor


def class_activation(maps: Tensor, weight: Tensor) -> Tensor:
    """How much each position speaks for one class, from 0 to 1.

    Zhou et al., *Learning Deep Features for Discriminative Localization*,
    2016: the weighted sum of the channels. Our reading: of every map, the
    smallest value becomes 0 and the largest 1; a constant one becomes 0.

    Args:
        maps (Tensor): (B, p, H, W) last feature maps.
        weight (Tensor): (B, p) classifier weights of the class of each map.

    Returns:
        Tensor: (B, H, W).
    """
    raw = torch.einsum('bphw,bp->bhw', maps, weight)
    low = raw.amin((1, 2), keepdim=True)
    spread = raw.amax((1, 2), keepdim=True) - low
    scaled = (raw - low) / spread
    return torch.where(spread > 0, scaled, torch.zeros_like(raw))


def fuse_maps(tail: Tensor, head: Tensor, specific: Tensor, generic: Tensor,
              from_tail: Tensor) -> Tensor:
    """What is specific of one map, and generic of another.

    Positions that are neither are zero. Our reading: one mask for all
    channels.

    Args:
        tail (Tensor): (B, p, H, W) maps of rare classes.
        head (Tensor): (B, p, H, W) maps of frequent ones.
        specific (Tensor): (B, H, W) bool, what of ``tail`` is of its class.
        generic (Tensor): (B, H, W) bool, what of ``head`` is of no class.
        from_tail (Tensor): (B, H, W) bool, where to take ``tail``.

    Returns:
        Tensor: (B, p, H, W).
    """
    ours = (from_tail & specific).unsqueeze(1)
    theirs = (~from_tail & generic).unsqueeze(1)
    return ours * tail + theirs * head


def random_gate(number: int, height: int, width: int,
                device: torch.device) -> Tensor:
    """Positions where a uniform number is above a threshold, itself uniform.

    Our reading: one threshold for each map.

    Args:
        number (int): Maps B.
        height (int): H.
        width (int): W.
        device (torch.device): Whose generator is used.

    Returns:
        Tensor: (B, H, W) bool.
    """
    threshold = torch.rand(number, 1, 1, device=device)
    return torch.rand(number, height, width, device=device) > threshold
