# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Losses with a constant per class that follows from the class counts."""
from typing import Any, Callable, Optional

import torch
from torch import Tensor

from .checks import check_columns
from .long_tailed_loss import LongTailedLoss
from .usable_counts import usable_counts


class CountedLoss(LongTailedLoss):
    """Base of the losses that need the train set's class counts.

    In a run ``mmcurv.ClassCountsHook`` hands them over. What follows from
    them is a buffer that is not saved: a run has its counts from its own
    train set, and weights from another split must not bring those of that
    split along.

    Args:
        name (str): Name of the constant, which becomes a buffer.
        function (Callable): From (C,) counts, float64, to the constant, (C,).
            A function of a module or a partial of one, so that the loss can
            be copied and pickled.
        class_counts (Sequence[int], optional): (C,), for use without a
            Runner. Defaults to None.
        **kwargs: Arguments of
            :class:`~mmcurv.models.losses.long_tailed_loss.LongTailedLoss`.
    """

    def __init__(self,
                 name: str,
                 function: Callable[[Tensor], Tensor],
                 class_counts: Optional[Any] = None,
                 **kwargs):
        super().__init__(**kwargs)
        self._name = name
        self._function = function
        self._given = None
        self.register_buffer(name, torch.zeros(0), persistent=False)
        if class_counts is not None:
            self.set_class_counts(class_counts)
            self._given = usable_counts(class_counts).tolist()

    def set_class_counts(self, counts: Any) -> None:
        """Take the class counts; a later call replaces an earlier one.

        Args:
            counts (Sequence[int]): (C,) training images of every class.

        Raises:
            ValueError: If a class has none, or these are not the counts that
                the loss was built with.
        """
        counts = usable_counts(counts)
        if self._given not in (None, counts.tolist()):
            raise ValueError(
                f'expected the class counts that {type(self).__name__} was '
                f'given as class_counts, {_shortened(self._given)}, got '
                f'{_shortened(counts.tolist())} of the train set. Leave '
                'class_counts out of the config: ClassCountsHook hands over '
                'those of the train set.')
        constant = self._function(counts)
        setattr(self, self._name, constant.to(getattr(self, self._name)))

    def constant(self, scores: Tensor) -> Tensor:
        """The constant, (C,), in the type of (B, C) scores.

        Raises:
            RuntimeError: If the counts are not known yet.
            ValueError: If they are of another number of classes.
        """
        constant = getattr(self, self._name)
        if constant.numel() == 0:
            raise RuntimeError(
                f'{type(self).__name__} does not know the class counts. Add '
                "class_counts=dict(type='mmcurv.ClassCountsHook') to the "
                'default_hooks, or, without a Runner, give class_counts=[...].'
            )
        check_columns(scores, constant, 'class counts')
        return constant.to(scores)


def _shortened(counts: list) -> str:
    shown = ', '.join(f'{count:.0f}' for count in counts[:5])
    more = ', ...' if len(counts) > 5 else ''
    return f'[{shown}{more}], {sum(counts):.0f} in {len(counts)} classes'
