# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""SVHN, the house numbers of Street View as 32 x 32 digits."""
import os.path as osp
from typing import List, Optional

import mmengine.dist as dist
import numpy as np
from mmpretrain.datasets import BaseDataset
from scipy.io import loadmat
from torchvision.datasets import SVHN as TorchvisionSVHN
from torchvision.datasets.utils import download_url

from mmcurv.registry import DATASETS

SPLITS = ('train', 'test', 'extra')


@DATASETS.register_module()
class SVHN(BaseDataset):
    """`SVHN <http://ufldl.stanford.edu/housenumbers/>`_, cropped digits.

    73,257 training, 26,032 test and 531,131 extra images, (32, 32, 3) uint8
    in RGB. The files call the digit 0 class 10; here it is class 0.

    Args:
        data_root (str): Folder of ``train_32x32.mat`` and its siblings.
            Defaults to 'data/svhn'.
        split (str): ``'train'``, ``'test'`` or ``'extra'``. Defaults to
            'train'.
        download (bool): Whether to fetch a file that is missing. Defaults to
            False.
        test_mode (bool, optional): As in mmengine's ``BaseDataset``. Defaults
            to None, which is ``split == 'test'``.
        **kwargs: Other arguments of mmpretrain's ``BaseDataset``.

    Raises:
        ValueError: If ``split`` is unknown, or the file is not of SVHN.
        FileNotFoundError: If the file is missing and ``download`` is False.
    """

    METAINFO = {'classes': tuple('0123456789')}

    def __init__(self,
                 data_root: str = 'data/svhn',
                 split: str = 'train',
                 download: bool = False,
                 test_mode: Optional[bool] = None,
                 **kwargs):
        if split not in SPLITS:
            raise ValueError(f'split must be one of {SPLITS}, but got '
                             f'{split!r}.')
        self.split = split
        self.download = download
        super().__init__(
            ann_file='',
            data_root=osp.expanduser(data_root),
            data_prefix=dict(root=''),
            test_mode=split == 'test' if test_mode is None else test_mode,
            **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the images, (32, 32, 3) uint8, and labels of the split."""
        url, name, md5 = TorchvisionSVHN.split_list[self.split]
        path = osp.join(self.data_root, name)
        if self.download:
            if dist.is_main_process() and not osp.isfile(path):
                download_url(url, self.data_root, name, md5)
            dist.barrier()
        if not osp.isfile(path):
            raise FileNotFoundError(
                f'SVHN, split={self.split!r}: there is no {path!r}. Get it '
                f'from {url}, or set download=True.')
        images, labels = read_svhn(path)
        return [
            dict(img=image, gt_label=label)
            for image, label in zip(images, labels.tolist())
        ]

    def extra_repr(self) -> List[str]:
        """The extra repr information of the dataset."""
        return [f'Root of data: \t{self.data_root}']


def read_svhn(path: str) -> tuple:
    """Read a file of cropped digits.

    Args:
        path (str): Such as train_32x32.mat.

    Returns:
        tuple[np.ndarray, np.ndarray]: (N, 32, 32, 3) uint8 images and (N,)
        int64 labels, 0 to 9.

    Raises:
        ValueError: If the file is of another kind, or was cut.
    """
    try:
        record = loadmat(path)
    except Exception as error:  # scipy raises many kinds for a cut file
        raise ValueError(f'{path} is no whole MATLAB file: {error}. Get it '
                         'again.') from None
    images, labels = record.get('X'), record.get('y')
    if images is None or labels is None or images.shape[:3] != (
            32, 32, 3) or images.shape[-1] != labels.size:
        found = {
            key: value.shape
            for key, value in record.items() if not key.startswith('_')
        }
        raise ValueError(
            f'{path}: expected X of shape (32, 32, 3, N) and y of N labels, '
            f'but found {found}. Take the cropped digits (format 2).')
    labels = labels.reshape(-1).astype(np.int64)
    if labels.min() < 0 or labels.max() > 10:
        raise ValueError(f'{path}: expected labels from 1 to 10, but found '
                         f'{labels.min()} to {labels.max()}.')
    images = np.ascontiguousarray(images.transpose(3, 0, 1, 2))
    return images, labels % 10
