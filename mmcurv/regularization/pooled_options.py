# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which choices of pooled curvature exist, and which go together."""
from mmcurv.geometry.curvature import GRADIENTS
from mmcurv.geometry.reduction import REDUCTIONS
from .minibatch_gradient import ESTIMATED

REFRESHES = ('batch', 'class', 'all')
LIVES = ('pool', 'batch')


def check_choices(refresh: str, live: str, reduction: str, normalize: bool,
                  gradient: str) -> None:
    """Raise ValueError if a choice is unknown or does not fit another."""
    choices = [
        ('refresh', refresh, REFRESHES),
        ('live', live, LIVES),
        ('reduction', reduction, REDUCTIONS),
        ('normalize', normalize, (False, True)),
        ('gradient', gradient, GRADIENTS),
    ]
    for name, value, known in choices:
        if value not in known:
            raise ValueError(f'{name} must be one of {known}, got {value!r}.')
    if live == 'batch' and reduction not in ESTIMATED:
        raise ValueError(
            f"live='batch' needs a reduction of {ESTIMATED}, got "
            f'{reduction!r}: a few live points do not estimate the gradient '
            "of a median without bias. Take live='pool'.")
