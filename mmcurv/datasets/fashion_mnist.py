# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Fashion-MNIST whose ``split`` means what it says."""
from typing import List, Optional

import mmengine.dist as dist
import numpy as np
from mmpretrain.datasets import FashionMNIST as _FashionMNIST

from mmcurv.registry import DATASETS
from .idx_files import find_idx_file, read_idx

SPLITS = ('train', 'test')


@DATASETS.register_module()
class FashionMNIST(_FashionMNIST):
    """`Fashion-MNIST <https://github.com/zalandoresearch/fashion-mnist>`_.

    Differences to the class of mmpretrain that this one extends:

    - ``split`` alone decides which images are read. There it is
      ``test_mode``, so that ``split='test'`` gives the training images.
    - ``test_mode`` follows ``split`` unless it is given.
    - The four files may be compressed, so the folder of Debian's package
      ``dataset-fashion-mnist`` (/usr/share/datasets/fashion-mnist) serves as
      ``data_root``.
    - Nothing is downloaded unless ``download=True``.

    Args:
        data_root (str): Folder of the idx files.
        split (str): ``'train'`` (60,000 images) or ``'test'`` (10,000).
            Defaults to 'train'.
        download (bool): Whether to fetch files that are missing. Defaults to
            False.
        test_mode (bool, optional): As in mmengine's ``BaseDataset``. Defaults
            to None, which is ``split == 'test'``.
        **kwargs: Other arguments of mmpretrain's ``FashionMNIST``.

    Raises:
        ValueError: If ``split`` is unknown, or a file is damaged.
        FileNotFoundError: If a file is missing and ``download`` is False.
    """

    def __init__(self,
                 data_root: str = '',
                 split: str = 'train',
                 download: bool = False,
                 test_mode: Optional[bool] = None,
                 **kwargs):
        if split not in SPLITS:
            raise ValueError(f'split must be one of {SPLITS}, but got '
                             f'{split!r}.')
        super().__init__(
            data_root=data_root,
            split=split,
            download=download,
            test_mode=split == 'test' if test_mode is None else test_mode,
            **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the images, (28, 28) uint8, and labels of the split."""
        if self.download:
            if dist.is_main_process() and not self._check_exists():
                self._download()
            dist.barrier()
        files = self.train_list if self.split == 'train' else self.test_list
        images, labels = [self._read(name) for name, _ in files]
        if len(images) != len(labels):
            raise ValueError(
                f'{self.data_prefix["root"]!r} has {len(images)} images but '
                f'{len(labels)} labels for split={self.split!r}: its files '
                'do not belong together.')
        return [
            dict(img=image, gt_label=int(label))
            for image, label in zip(images, labels)
        ]

    def _read(self, name: str) -> np.ndarray:
        try:
            return read_idx(find_idx_file(self.data_prefix['root'], name))
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{type(self).__name__}, split={self.split!r}: {error} Point '
                'data_root at the folder with the four files of Fashion-MNIST '
                "(Debian's package dataset-fashion-mnist puts them into "
                '/usr/share/datasets/fashion-mnist), or set download=True.'
            ) from None

    def _check_exists(self) -> bool:
        try:
            for name, _ in self.train_list + self.test_list:
                find_idx_file(self.data_prefix['root'], name)
        except FileNotFoundError:
            return False
        return True
