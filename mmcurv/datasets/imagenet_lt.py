# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""ImageNet-LT: published lists over the images of ILSVRC 2012."""
import os.path as osp
from typing import List, Optional

from mmpretrain.datasets.categories import IMAGENET_CATEGORIES

from mmcurv.registry import DATASETS
from .image_list import ImageList
from .imagenet_layout import fit_layout, flattened
from .list_checks import check_folders, folders
from .listed_images import ListedImages
from .split_fingerprint import hash_items

SPLITS = ('train', 'val', 'test')
LIST = 'ImageNet_LT_{}.txt'


@DATASETS.register_module()
class ImageNetLT(ListedImages):
    """ImageNet-LT of Liu et al. (Large-Scale Long-Tailed Recognition in an
    Open World, CVPR 2019).

    1,000 classes in the order of their WordNet ids. The 115,846 training and
    20,000 validation images are of ILSVRC's ``train/``, the 50,000 test
    images are ILSVRC's ``val/``. Those may lie flat or in one folder for each
    class, and the test list may have either form: what is on the disk
    decides, and the fingerprint is the same.

    Args:
        data_root (str): Folder of ``train``, ``val`` and the lists. Defaults
            to 'data/imagenet'.
        split (str): ``'train'``, ``'val'`` or ``'test'``. Defaults to
            'train'.
        ann_file (str): The list, relative to ``data_root``. Defaults to '',
            which is ``ImageNet_LT_<split>.txt``.
        test_mode (bool, optional): As in mmengine's ``BaseDataset``. Defaults
            to None, which is ``split != 'train'``.
        **kwargs: Other arguments of :class:`ListedImages`. A training set is
            compared with the two other lists, where they are there.

    Raises:
        ValueError: If ``split`` is unknown, or the list is wrong.
        FileNotFoundError: If the root, the list or images are missing.
    """

    METAINFO = {'classes': IMAGENET_CATEGORIES}
    DATA_NAME = 'imagenet-lt'

    def __init__(self,
                 data_root: str = 'data/imagenet',
                 split: str = 'train',
                 ann_file: str = '',
                 test_mode: Optional[bool] = None,
                 **kwargs):
        if split not in SPLITS:
            raise ValueError(f'split must be one of {SPLITS}, but got '
                             f'{split!r}.')
        self.split = split
        if split == 'train':
            kwargs.setdefault('apart_from',
                              _lists_there(data_root, ('val', 'test')))
        super().__init__(
            ann_file=ann_file or LIST.format(split),
            data_root=data_root,
            test_mode=split != 'train' if test_mode is None else test_mode,
            **kwargs)

    def arrange(self, images: ImageList) -> ImageList:
        """Check the order of the classes, and fit the layout of val/.

        Args:
            images (ImageList): Of labels without a gap, each image once.

        Returns:
            ImageList: With the paths as they are on the disk.
        """
        check_folders(images, sort=True)
        if set(top_folders(images)) == {'val'} and self.check_files != 'none':
            images = fit_layout(images, self.img_prefix, len(self.CLASSES))
            check_folders(images, sort=True)
        return images

    @property
    def fingerprint(self) -> str:
        """str: SHA-256 of the images and labels, of one value for both
        layouts of the test images."""
        return hash_items(_Flat(self))


class _Flat:
    """A dataset whose validation images are named as if they lay flat."""

    def __init__(self, dataset: ListedImages):
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def get_data_info(self, idx: int) -> dict:
        info = self.dataset.get_data_info(idx)
        path = info['img_path'][len(self.dataset.img_prefix):].lstrip('/')
        if path.startswith('val/'):
            path = flattened(path)
        return dict(info, img_path=path)


def top_folders(images: ImageList) -> List[str]:
    """The first folder of each path that is one of another."""
    return [path.split('/')[0] for path in set(folders(images.paths))]


def _lists_there(root: str, splits) -> List[str]:
    names = [LIST.format(split) for split in splits]
    root = osp.expanduser(root)
    return [name for name in names if osp.isfile(osp.join(root, name))]
