# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""iNaturalist 2018, from the published JSON or from plain lists."""
import json
import os.path as osp
from typing import List, Optional

from mmcurv.registry import DATASETS
from .image_list import ImageList, read_list
from .image_list_json import read_coco_json
from .list_checks import check_folders, folders
from .listed_images import ListedImages

SPLITS = ('train', 'val')
LISTS = ('iNaturalist18_{}.txt', '{}2018.json')


@DATASETS.register_module()
class INaturalist2018(ListedImages):
    """`iNaturalist 2018
    <https://github.com/visipedia/inat_comp/tree/master/2018>`_.

    8,142 species, 437,513 training and 24,426 validation images below
    ``train_val2018/<supercategory>/<class>/``. The long-tailed literature
    tests on the validation images, three for each class.

    A class is called by its two folders, such as 'Plantae/7477'; where the
    published ``categories.json`` lies in ``data_root``, by its species.

    Args:
        data_root (str): Folder of ``train_val2018`` and of the annotations.
            Defaults to 'data/inaturalist2018'.
        split (str): ``'train'`` or ``'val'``. Defaults to 'train'.
        ann_file (str): A list of lines ``path label``, or, where the name
            ends in .json, the JSON of the competition; relative to
            ``data_root``. Defaults to '', which is
            ``iNaturalist18_<split>.txt``, or else ``<split>2018.json``.
        test_mode (bool, optional): As in mmengine's ``BaseDataset``. Defaults
            to None, which is ``split != 'train'``.
        **kwargs: Other arguments of :class:`ListedImages`. A training set is
            compared with the list of the validation set, where it is there.

    Raises:
        ValueError: If ``split`` is unknown, or the list is wrong.
        FileNotFoundError: If the root, the list or images are missing.
    """

    NUM_CLASSES = 8142
    DATA_NAME = 'inaturalist2018'

    def __init__(self,
                 data_root: str = 'data/inaturalist2018',
                 split: str = 'train',
                 ann_file: str = '',
                 test_mode: Optional[bool] = None,
                 **kwargs):
        if split not in SPLITS:
            raise ValueError(f'split must be one of {SPLITS}, but got '
                             f'{split!r}.')
        self.split = split
        if split == 'train':
            kwargs.setdefault('apart_from', find_lists(data_root, 'val')[:1])
        found = find_lists(data_root, split) or [LISTS[0].format(split)]
        super().__init__(
            ann_file=ann_file or found[0],
            data_root=data_root,
            test_mode=split != 'train' if test_mode is None else test_mode,
            **kwargs)

    def read_images(self, path: str) -> ImageList:
        """Read a list or a JSON file, told by its ending.

        Args:
            path (str): The file.

        Returns:
            ImageList: Its images.
        """
        if path.endswith('.json'):
            return read_coco_json(path, year=2018)
        return read_list(path)

    def arrange(self, images: ImageList) -> ImageList:
        """Check that every class has one folder of its own.

        Args:
            images (ImageList): Of labels without a gap, each image once.

        Returns:
            ImageList: The same.
        """
        check_folders(images)
        return images

    def class_names(self, images: ImageList) -> List[str]:
        """Names of the classes, where the user gave none.

        Args:
            images (ImageList): Of labels without a gap.

        Returns:
            list[str]: (C,) species, or names such as 'Plantae/7477'.
        """
        path = osp.join(self.data_root, 'categories.json')
        if osp.isfile(path):
            return species_names(path, int(images.labels.max()) + 1)
        pairs = sorted(set(zip(images.labels.tolist(), folders(images.paths))))
        return ['/'.join(folder.split('/')[-2:]) for _, folder in pairs]


def find_lists(root: str, split: str) -> List[str]:
    """Names of the annotation files of a split that are in a folder.

    Args:
        root (str): The folder.
        split (str): Such as 'train'.

    Returns:
        list[str]: The plain list first.
    """
    root = osp.expanduser(root)
    names = [name.format(split) for name in LISTS]
    return [name for name in names if osp.isfile(osp.join(root, name))]


def species_names(path: str, num_classes: int) -> List[str]:
    """Names of the published categories.json.

    Args:
        path (str): The file.
        num_classes (int): C.

    Returns:
        list[str]: (C,) names in the order of the ids.

    Raises:
        ValueError: If it is another file, or the ids are not 0 to C-1.
    """
    try:
        with open(path, encoding='utf-8') as file:
            names = {row['id']: row['name'] for row in json.load(file)}
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f'{path}: expected the published list of entries with id and '
            'name. Extract it again, or move it away: folders then name the '
            'classes.') from None
    if sorted(names) != list(range(num_classes)):
        raise ValueError(f'{path}: expected the ids 0 to {num_classes - 1}, '
                         f'but found {len(names)} ids. It belongs to another '
                         'set of classes.')
    return [names[label] for label in range(num_classes)]
