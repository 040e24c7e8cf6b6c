# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One of each loss, and batches they can take."""
import torch

from mmcurv.models.losses import (BalancedSoftmaxLoss, ClassBalancedLoss,
                                  GCLLoss, LabelAwareSmoothingLoss, LADELoss,
                                  LDAMLoss, SoftmaxFocalLoss)

CIFAR10_IF100 = [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]
COUNTS = [120, 40, 5, 7]
NUM_CLASSES = len(COUNTS)

ON_COSINES = {
    'ldam':
    LDAMLoss,
    'gcl':
    GCLLoss,
    'gcl stage 2':
    lambda **kwargs: GCLLoss(margin=0.1, scale=20., gamma=1., **kwargs),
}
COUNTED = {
    'cb softmax': lambda **kwargs: ClassBalancedLoss('softmax', **kwargs),
    'cb sigmoid': lambda **kwargs: ClassBalancedLoss('sigmoid', **kwargs),
    'cb focal': lambda **kwargs: ClassBalancedLoss('focal', **kwargs),
    'balanced softmax': BalancedSoftmaxLoss,
    'lade': LADELoss,
    'label-aware smoothing': LabelAwareSmoothingLoss,
    **ON_COSINES
}
WEIGHTED = {
    'focal':
    SoftmaxFocalLoss,
    'focal, detached':
    lambda **kwargs: SoftmaxFocalLoss(2., detach_pt=True, **kwargs),
    'ldam':
    LDAMLoss,
}
EVERY = {**COUNTED, **WEIGHTED}
LINEAR_IN_LABELS = ['balanced softmax', 'gcl']


def make(name, dtype=torch.float32, **kwargs):
    """A loss that knows COUNTS, in the precision asked for."""
    loss = EVERY[name](**kwargs).to(dtype)
    if name in COUNTED:
        loss.set_class_counts(COUNTS)
    return loss


def batch(size=6, seed=0, dtype=torch.float64):
    """Scores that are also cosines, and labels without class 2."""
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.rand(
        size, NUM_CLASSES, generator=generator, dtype=dtype) - 1
    labels = torch.tensor([0, 1, 0, 3, 3, 0]).repeat(size)[:size]
    return scores, labels


def mean(values):
    return sum(values) / len(values)
