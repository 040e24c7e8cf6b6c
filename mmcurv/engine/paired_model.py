# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether a model can train on images with two hard labels."""
from mmpretrain.models.heads import ClsHead
from torch import nn

from mmcurv.models.heads import PairedLabels
from .unwrapped import unwrapped


def check_takes_pairs(model: nn.Module) -> None:
    """Raise unless all heads know pairs, and nothing makes soft labels.

    Args:
        model (nn.Module): A model, in its wrapper or without.

    Raises:
        TypeError: If there is no head that takes pairs, or another beside it.
        ValueError: If the data preprocessor makes soft or one-hot labels, or
            augments images, which would be mixed before they are.
    """
    model = unwrapped(model)
    heads = {
        name: head
        for name, head in model.named_modules()
        if isinstance(head, (ClsHead, PairedLabels))
    }
    others = [
        f'{name} ({type(head).__name__})' for name, head in heads.items()
        if not isinstance(head, PairedLabels)
    ]
    if others or not heads:
        raise TypeError(
            'mixed images have two labels, and a head without PairedLabels '
            'would train on the first alone: got '
            f'{", ".join(others) or "no head"}. Use '
            "head=dict(type='mmcurv.PairedLinearHead', ...), or put "
            'PairedLabels before the bases of your head.')
    preprocessor = getattr(model, 'data_preprocessor', None)
    for name in ('batch_augments', 'to_onehot'):
        if getattr(preprocessor, name, None):
            raise ValueError(
                f'{name} of the data preprocessor makes soft labels, beside '
                'the two hard ones of each mixed image. Remove '
                f'{name}, or the hook that mixes.')
    if getattr(preprocessor, 'augment', None):
        raise ValueError(
            'the data preprocessor augments batches (augment=[...]) after the '
            'hook has mixed them, so that both images of a mixture would be '
            'cropped and flipped alike. Augment in the pipeline of the data '
            'set, or remove the hook that mixes.')
