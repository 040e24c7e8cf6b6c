# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Small images in the files of the original data sets: Fashion-MNIST, its
bundled part, and SVHN.

Fashion-MNIST comes in the idx format of MNIST: two zero bytes, a type code,
the number of dimensions, each size as a big-endian 32-bit integer, then the
values, here always unsigned bytes (code 8).
"""
import gzip
import io
import os.path as osp
import zlib
from pathlib import Path
from typing import List, Union

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets import FashionMNIST as _FashionMNIST
from torchvision.datasets import SVHN as TorchvisionSVHN

from mmcurv.registry import DATASETS
from .lists import check_split

FASHION_MINI = Path(__file__).parents[1] / 'data' / 'fashion_mini'
MAGIC = bytes([0, 0, 8])  # of an idx file of unsigned bytes


def find_idx_file(folder: Union[str, Path], name: str) -> Path:
    """Find an idx file, extracted or as ``.gz``; the extracted one wins."""
    plain = Path(folder).expanduser() / name.removesuffix('.gz')
    for path in (plain, plain.with_name(plain.name + '.gz')):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f'found neither {plain.name} nor {plain.name}.gz in '
        f'{str(plain.parent)!r}.')


def read_idx(path: Path) -> np.ndarray:
    """Read an idx file of unsigned bytes; ``.gz`` is decompressed.

    Returns:
        np.ndarray: uint8 array of the stored shape, writable.

    Raises:
        ValueError: If the file is not of this format, too short or too long,
            or its compressed bytes are damaged.
    """
    data = path.read_bytes()
    if path.suffix == '.gz':
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f'{path} is no whole gzip file: {error}. Get it '
                             'again.') from None
    if len(data) < 4 or data[:3] != MAGIC:
        raise ValueError(f'{path} is no idx file of unsigned bytes: it starts '
                         f'with {data[:4].hex()}, not with 000008.')
    start = 4 + 4 * data[3]
    shape = np.frombuffer(data[4:start], dtype='>u4').astype(int)
    if len(data) - start != shape.prod():
        raise ValueError(
            f'{path} should hold {shape.prod()} bytes of shape '
            f'{tuple(shape.tolist())}, but holds {len(data) - start}.')
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write a uint8 array; ``.gz`` is compressed, without a time stamp, so
    that one array and one version of zlib give the same bytes each time."""
    data = MAGIC + bytes([array.ndim])
    data += np.asarray(array.shape, dtype='>u4').tobytes()
    data += array.astype(np.uint8, casting='equiv').tobytes()
    if path.suffix == '.gz':
        # GzipFile rather than gzip.compress, whose header names the system.
        buffer = io.BytesIO()
        with gzip.GzipFile('', 'wb', 9, buffer, mtime=0) as stream:
            stream.write(data)
        data = buffer.getvalue()
    path.write_bytes(data)


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
    - Nothing is downloaded; ``tools/prepare_data.py`` does that.

    Args:
        data_root (str): Folder of the idx files.
        split (str): ``'train'`` (60,000 images) or ``'test'`` (10,000).
            Defaults to 'train'.
        **kwargs: Other arguments of mmpretrain's ``FashionMNIST``.

    Raises:
        ValueError: If ``split`` is unknown, or a file is damaged.
        FileNotFoundError: If a file is missing.
    """

    def __init__(self, data_root: str = '', split: str = 'train', **kwargs):
        check_split(split, ('train', 'test'))
        kwargs.setdefault('test_mode', split == 'test')
        super().__init__(data_root, split, download=False, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the images, (28, 28) uint8, and labels of the split."""
        root = self.data_prefix['root']
        files = self.train_list if self.split == 'train' else self.test_list
        try:
            images, labels = (read_idx(find_idx_file(root, name))
                              for name, _ in files)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f'{type(self).__name__}, split={self.split!r}: {error} Point '
                'data_root at the folder with the four files of Fashion-MNIST '
                "(Debian's package dataset-fashion-mnist puts them into "
                '/usr/share/datasets/fashion-mnist), or get them: python '
                f'tools/prepare_data.py fashion-mnist --root {root} '
                '--download') from None
        if len(images) != len(labels):
            raise ValueError(
                f'{root!r} has {len(images)} images but {len(labels)} labels '
                f'for split={self.split!r}: its files do not belong together.')
        return [
            dict(img=image, gt_label=label)
            for image, label in zip(images, labels.tolist())
        ]


@DATASETS.register_module()
class FashionMini(FashionMNIST):
    """Real images to try a long-tailed method on, without any download.

    The training images are those of ``LongTailed`` over the full
    Fashion-MNIST with ``imbalance_factor=100, max_count=1000, seed=0``, so
    they need no further thinning; the test images are 200 per class.
    ``tools/make_fashion_mini.py`` cut them, and the README beside them says
    how. Fashion-MNIST is under the MIT licence, Copyright (c) 2017 Zalando
    SE.

    Args:
        split (str): ``'train'`` (2,478 images, class by class) or ``'test'``
            (2,000). Defaults to 'train'.
        **kwargs: Other arguments of :class:`FashionMNIST`, such as
            ``pipeline``. ``data_root`` is fixed.
    """

    def __init__(self, split: str = 'train', **kwargs):
        super().__init__(str(FASHION_MINI), split, **kwargs)


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
        **kwargs: Other arguments of mmpretrain's ``BaseDataset``.
            ``test_mode`` is ``split == 'test'`` unless it is given.

    Raises:
        ValueError: If ``split`` is unknown, or the file is not of SVHN.
        FileNotFoundError: If the file is missing.
    """

    METAINFO = {'classes': tuple('0123456789')}

    def __init__(self,
                 data_root: str = 'data/svhn',
                 split: str = 'train',
                 **kwargs):
        check_split(split, ('train', 'test', 'extra'))
        self.split = split
        kwargs.setdefault('test_mode', split == 'test')
        super().__init__(
            ann_file='', data_root=osp.expanduser(data_root), **kwargs)

    def load_data_list(self) -> List[dict]:
        """Read the images, (32, 32, 3) uint8, and labels of the split."""
        url, name, _ = TorchvisionSVHN.split_list[self.split]
        path = osp.join(self.data_root, name)
        if not osp.isfile(path):
            raise FileNotFoundError(
                f'SVHN, split={self.split!r}: there is no {path!r}. Get it '
                f'from {url}, or by python tools/prepare_data.py svhn --root '
                f'{self.data_root} --download')
        images, labels = _read_svhn(path)
        return [
            dict(img=image, gt_label=label)
            for image, label in zip(images, labels.tolist())
        ]

    def extra_repr(self) -> List[str]:
        """The extra repr information of the dataset."""
        return [f'Root of data: \t{self.data_root}']


def _read_svhn(path: str) -> tuple:
    """(N, 32, 32, 3) uint8 images and (N,) int64 labels, 0 to 9, of a file."""
    from scipy.io import loadmat
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
