# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Raise an error in the user's words, or do nothing."""
import difflib
from typing import Sequence

from torch import Tensor

COSINE_TOLERANCE = 0.05  # above what half precision makes of a cosine of 1


def check_choice(name: str, value: str, known: Sequence[str]) -> None:
    """Raise ValueError, with the nearest choice, if a value is not known."""
    if value not in known:
        near = difflib.get_close_matches(str(value).lower(), known, 1)
        hint = f'; did you mean {near[0]!r}?' if near else '.'
        raise ValueError(
            f'expected {name} to be one of {", ".join(map(repr, known))}, got '
            f'{value!r}{hint}')


def check_positive(**values: float) -> None:
    """Raise ValueError for the first value that is not above 0."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f'expected {name} above 0, got {value}.')


def check_not_negative(**values: float) -> None:
    """Raise ValueError for the first value that is below 0."""
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f'expected {name} of at least 0, got {value}.')


def check_columns(scores: Tensor, vector: Tensor, what: str) -> None:
    """Raise ValueError unless there is one entry per column of the scores."""
    if vector.numel() != scores.shape[1]:
        raise ValueError(
            f'expected {what} of {scores.shape[1]} classes, one per column of '
            f'the scores, got {vector.numel()}. Set num_classes of the head '
            'to the number of classes of the train set.')


def check_cosines(scores: Tensor, name: str) -> None:
    """Raise ValueError unless the scores are cosines.

    A loss that scales by 30 does not train on the scores of a linear layer,
    and its margins, which are distances of cosines, mean nothing there.

    Args:
        scores (Tensor): (B, C); nan passes.
        name (str): Of the loss, for the message.
    """
    largest = scores.detach().abs().max().item()
    if largest > 1 + COSINE_TOLERANCE:
        raise ValueError(
            f'{name} expected cosines, from -1 to 1, which it scales itself, '
            f"got a score of size {largest:.4g}. Use a head of type "
            "'mmcurv.NormedLinearHead' and leave its scale at 1.")
