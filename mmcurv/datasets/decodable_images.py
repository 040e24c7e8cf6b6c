# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Image files of which some cannot be decoded."""
import logging
from typing import Any, List, Sequence

import numpy as np
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset

from .corrupt_images import (POLICIES, CorruptImageError, shared_flags,
                             stand_ins, why_unreadable)
from .list_checks import first_of


class DecodableImages(BaseDataset):
    """A data set of image files that says what an image is worth that
    cannot be decoded.

    Args:
        corrupt (str): ``'stop'`` raises. ``'skip'``, for training sets only,
            takes the next image of the same class in the order of the list
            (after its end from its start), which shows its own
            ``sample_idx``; the corrupt one is logged once and counted in
            :attr:`corrupt_images`. Under ``LongTailed`` the place is taken
            by a random image of the split. Defaults to 'stop'.
        **kwargs: Arguments of mmpretrain's ``BaseDataset``.

    Raises:
        ValueError: If ``corrupt`` is unknown, or ``'skip'`` for a test set.
    """

    def __init__(self, *args, corrupt: str = 'stop', **kwargs):
        check_option('corrupt', corrupt, POLICIES)
        if corrupt == 'skip' and kwargs.get('test_mode'):
            raise ValueError(
                "corrupt='skip' is for training sets: a test set would count "
                'another image twice. Take the image out of the list.')
        self.corrupt = corrupt
        self._flags = None
        super().__init__(*args, **kwargs)

    @property
    def corrupt_images(self) -> List[str]:
        """list[str]: Paths of the images that were skipped until now, by
        this process and its workers."""
        if self._flags is None:
            return []
        found = np.flatnonzero(self._flags.numpy()).tolist()
        return [self._path(i) for i in found]

    def full_init(self) -> None:
        """Read the list, and make room for the marks of corrupt images."""
        super().full_init()
        if self.corrupt == 'skip' and self._flags is None:
            self._flags = shared_flags(len(self))

    def prepare_data(self, idx: int) -> Any:
        """Item after the pipeline, or what takes the place of an image that
        cannot be decoded."""
        data, reason = self._try(idx)
        if reason is None:
            return data
        if self.corrupt == 'stop':
            where = f'{self._path(idx)}, item {idx} of {len(self)},'
            raise CorruptImageError(
                f'{where} cannot be decoded: {reason}. Get the image again, '
                "or set corrupt='skip' for the training set.")
        for other in stand_ins(self.get_gt_labels(), int(idx)).tolist():
            data, reason = self._try(other)
            if reason is None:
                return data
        raise CorruptImageError(f'none of the {len(self)} images can be '
                                f'decoded: {first_of(self.corrupt_images)}.')

    def _path(self, idx: int) -> str:
        return self.get_data_info(idx)['img_path']

    def _try(self, idx: int) -> tuple:
        """Data and None, or None and why the image cannot be decoded."""
        if self._flags is not None and self._flags[idx]:
            return None, 'it was found corrupt before'
        try:
            data = super().prepare_data(idx)
        except Exception:
            reason = why_unreadable(self._path(idx))
            if reason is None:  # the pipeline failed, not the image
                raise
        else:
            reason = None if data is not None else why_unreadable(
                self._path(idx))
        if reason is not None and self._flags is not None:
            self._flags[idx] = True
            found = f'{int(self._flags.sum())} of {len(self)}'
            print_log(
                f'{self._path(idx)} cannot be decoded ({reason}) and is '
                f'skipped; {found} images are corrupt so far.',
                logger='current',
                level=logging.WARNING)
        return data if reason is None else None, reason


def check_option(name: str, value: str, known: Sequence[str]) -> None:
    """Refuse a value that an option does not know.

    Args:
        name (str): Of the option.
        value (str): That was given.
        known (Sequence[str]): All that it takes.

    Raises:
        ValueError: If the value is none of them.
    """
    if value not in known:
        raise ValueError(f'{name} must be one of {tuple(known)}, but got '
                         f'{value!r}.')
