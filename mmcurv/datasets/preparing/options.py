# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the user asks of a preparation."""
from dataclasses import dataclass
from typing import Callable, Iterable, Sequence


def unwatched(items: Sequence, text: str) -> Iterable:
    """Items without a progress bar."""
    return items


@dataclass(frozen=True)
class Options:
    """Options of a preparation.

    Attributes:
        root (str): Folder of the data set.
        download (bool): Whether files may be fetched.
        decode (bool): Whether every listed image is decoded.
        imbalance_factors (Sequence[float]): Of the CIFAR-LT lists.
        seed (int): Of the CIFAR-LT lists.
        watch (Callable): From items and a text to the items, with a progress
            bar around them.
    """
    root: str
    download: bool = False
    decode: bool = False
    imbalance_factors: Sequence[float] = (100, )
    seed: int = 0
    watch: Callable[[Sequence, str], Iterable] = unwatched
