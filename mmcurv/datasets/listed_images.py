# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Images that an annotation file lists, checked before the training."""
import logging
import os.path as osp
from typing import List, Optional, Sequence

from mmengine.fileio import get_file_backend
from mmengine.logging import print_log

from mmcurv.registry import DATASETS
from .decodable_images import DecodableImages, check_option
from .image_list import ImageList, read_list
from .list_checks import (check_labels, drop_repeated, first_of, folders,
                          shared_paths)
from .missing_files import CHECKS, check_files


@DATASETS.register_module()
class ListedImages(DecodableImages):
    """Images listed in a file, one line ``path label`` for each.

    The base of the readers of published lists, and a reader for any other
    list. The list is checked when it is read: labels without a gap, no image
    twice, some of the files there. No image is opened before its turn.

    Args:
        ann_file (str): The list, relative to ``data_root``.
        data_root (str): Folder that the paths of the list start from.
            Defaults to ''.
        data_prefix (str): Folder in between. Defaults to ''.
        duplicates (str): ``'stop'`` raises where two lines name one image,
            ``'drop'`` keeps the first of them and logs the number. Two
            labels for one image are always an error. Defaults to 'stop'.
        check_files (str): ``'some'`` looks for 32 images spread over the
            list, ``'all'`` for each, ``'none'`` for none.
            ``tools/prepare_data.py`` looks for all. Defaults to 'some'.
        apart_from (Sequence[str]): Lists that should share no image with
            this one, relative to ``data_root``; a warning says how many they
            do share. Defaults to ().
        **kwargs: ``corrupt`` of :class:`DecodableImages`, and arguments of
            mmpretrain's ``BaseDataset``. Without ``classes`` or ``metainfo``
            a class is named after its folder.

    Raises:
        FileNotFoundError: If the root, the list or images are missing.
        ValueError: If an option is unknown, or the list is wrong.
    """

    NUM_CLASSES: Optional[int] = None
    DATA_NAME = ''  # as tools/prepare_data.py calls it

    def __init__(self,
                 ann_file: str,
                 data_root: str = '',
                 data_prefix: str = '',
                 duplicates: str = 'stop',
                 check_files: str = 'some',
                 apart_from: Sequence[str] = (),
                 **kwargs):
        check_option('check_files', check_files, CHECKS)
        check_option('duplicates', duplicates, ('stop', 'drop'))
        self.duplicates = duplicates
        self.check_files = check_files
        self.apart_from = apart_from
        super().__init__(
            ann_file=ann_file,
            data_root=osp.expanduser(data_root),
            data_prefix=data_prefix,
            **kwargs)

    def read_images(self, path: str) -> ImageList:
        """Read an annotation file.

        Args:
            path (str): The file.

        Returns:
            ImageList: Its images.
        """
        return read_list(path)

    def arrange(self, images: ImageList) -> ImageList:
        """Check the classes of a list, and fit its paths to the disk.

        Args:
            images (ImageList): Of labels without a gap, each image once.

        Returns:
            ImageList: With the paths as they are on the disk.
        """
        return images

    def class_names(self, images: ImageList) -> List[str]:
        """Names of the classes, where the user gave none.

        Args:
            images (ImageList): Of labels without a gap.

        Returns:
            list[str]: (C,) the last folder of a class's images if each class
            has one of its own, else its number.
        """
        pairs = sorted(set(zip(images.labels.tolist(), folders(images.paths))))
        names = [folder.rpartition('/')[2] for _, folder in pairs]
        if len(set(names)) == len(pairs) == pairs[-1][0] + 1:
            return names
        return [str(label) for label in range(pairs[-1][0] + 1)]

    def load_data_list(self) -> List[dict]:
        """Read and check the list."""
        self._check_place()
        images = self.read_images(self.ann_file)
        known = len(self.CLASSES or ()) or self.NUM_CLASSES
        check_labels(
            images, known or images.num_classes
            or int(images.labels.max()) + 1)
        images = self._each_once(images)
        self._warn_of_overlap(images)
        images = self.arrange(images)
        if self.CLASSES is None:
            self._metainfo['classes'] = tuple(self.class_names(images))
        backend = get_file_backend(self.img_prefix, enable_singleton=True)
        folder = backend.join_path(self.img_prefix, '')  # ends in a slash
        paths = [
            path if osp.isabs(path) else folder + path for path in images.paths
        ]
        check_files(paths, images.source, self.check_files)
        return [
            dict(img_path=path, gt_label=label)
            for path, label in zip(paths, images.labels.tolist())
        ]

    def _check_place(self) -> None:
        if self.data_root and not osp.isdir(self.data_root):
            raise FileNotFoundError(
                f'{type(self).__name__}: expected a folder at data_root='
                f'{self.data_root!r}, but there is none. {self._advice()}')
        if not osp.isfile(self.ann_file):
            raise FileNotFoundError(
                f'{type(self).__name__}: there is no list at '
                f'{self.ann_file!r}. {self._advice()}')

    def _advice(self) -> str:
        if not self.DATA_NAME:
            return 'Set data_root and ann_file.'
        return ('To see what is missing and how to get it: python '
                f'tools/prepare_data.py {self.DATA_NAME} --root '
                f'{self.data_root or "."}')

    def _each_once(self, images: ImageList) -> ImageList:
        kept = drop_repeated(images, self.duplicates == 'drop')
        if len(kept) < len(images):
            print_log(
                f'{images.source}: {len(images) - len(kept)} of {len(images)} '
                'lines name an image again and are left out.',
                logger='current',
                level=logging.WARNING)
        return kept

    def _warn_of_overlap(self, images: ImageList) -> None:
        for path in self.apart_from:
            if not osp.isabs(path):
                path = osp.join(self.data_root, path)
            other = self.read_images(path)
            shared = shared_paths(images, other)
            if shared:
                print_log(
                    f'{len(shared)} of {len(other)} images of {path} are in '
                    f'{images.source} as well: {first_of(shared)}. A score '
                    'on them is no test.',
                    logger='current',
                    level=logging.WARNING)
