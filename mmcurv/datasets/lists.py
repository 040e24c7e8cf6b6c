# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Images that an annotation file lists: any list, ImageNet-LT, iNaturalist.

A list is checked when it is read, without opening an image: labels without a
gap, no image twice, one folder for each class, some of the files there.
"""
import json
import logging
import os
import os.path as osp
import posixpath
from collections import defaultdict
from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import mmcv
import numpy as np
from mmengine import fileio
from mmengine.logging import print_log
from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.categories import IMAGENET_CATEGORIES

from mmcurv.files import listed
from mmcurv.registry import DATASETS
from .labels import hash_items

CHECKS = ('some', 'all', 'none')
SAMPLE = 32  # files that 'some' looks for
IMAGENET_LT_LIST = 'ImageNet_LT_{}.txt'
INATURALIST_LISTS = ('iNaturalist18_{}.txt', '{}2018.json')


class ImageList(NamedTuple):
    """Images and their labels, as an annotation file names them.

    Attributes:
        source (str): The file, for messages.
        paths (list[str]): (N,) paths with forward slashes, relative to the
            folder of the images.
        labels (np.ndarray): (N,) int64.
    """
    source: str
    paths: List[str]
    labels: np.ndarray


def read_list(path: str) -> ImageList:
    """Read a list such as ImageNet_LT_train.txt.

    A line is ``path label``; empty lines are passed over. A path may hold
    blanks. The text is UTF-8, with or without a byte order mark. A ValueError
    says in which line another form is.
    """
    lines = _read_text(path).splitlines()
    paths, labels, bad = [], [], []
    for number, line in enumerate(lines, 1):
        words = line.rsplit(maxsplit=1)
        if not words:
            continue
        try:
            labels.append(np.int64(int(words[1])))
            paths.append(words[0])
        except (IndexError, OverflowError, ValueError):
            bad.append(number)
    if bad:
        raise ValueError(
            f"{path}: expected lines 'path label' with a whole number as "
            f'label, but {len(bad)} of {len(lines)} are not so, the first in '
            f'line {bad[0]}: {lines[bad[0] - 1][:80]!r}.')
    if not paths:
        raise ValueError(f'{path} holds no line. Expected one line for each '
                         "image, such as 'train/n01440764/x.JPEG 0'.")
    return ImageList(str(path), paths, np.array(labels))


def read_coco_json(path: str) -> ImageList:
    """Read a JSON file of iNaturalist 2018, of COCO's form.

    The order is that of ``annotations``; the label is ``category_id``, which
    has to count from 0. A ValueError says if it is no such file, is of another
    year, or an image has not exactly one annotation.
    """
    record = _read_json(path)
    found = list(record) if isinstance(record, dict) else []
    missing = [key for key in ('images', 'annotations') if key not in found]
    if missing:
        raise ValueError(
            f'{path}: expected the JSON of iNaturalist with images and '
            f'annotations, but {" and ".join(missing)} are missing; found: '
            f'{listed(found or [type(record).__name__], 5)}. Test sets have '
            'no annotations; give the file of train or val.')
    info = record.get('info')
    year = info.get('year', 2018) if isinstance(info, dict) else 2018
    if int(year) != 2018:
        raise ValueError(f'{path}: expected the data of 2018, but its info '
                         f'says {year}. Get train2018.json and val2018.json.')
    try:
        names = {image['id']: image['file_name'] for image in record['images']}
        ids = [note['image_id'] for note in record['annotations']]
        labels = [note['category_id'] for note in record['annotations']]
    except (KeyError, TypeError) as error:
        raise ValueError(f'{path}: an entry is of another form ({error!r}). '
                         'Is it a file of another version?') from None
    if not ids or len(ids) != len(names) or names.keys() != set(ids):
        raise ValueError(
            f'{path}: expected one annotation for each image, but '
            f'{len(names)} images have {len(ids)} annotations, which name '
            f'{len(set(ids) & names.keys())} of them.')
    return ImageList(
        str(path), [names[i] for i in ids], np.array(labels, np.int64))


def _read_text(path: str) -> str:
    """A text in UTF-8, with or without a byte order mark."""
    try:
        return Path(path).read_text(encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path}: expected text in UTF-8, but byte {error.start} is '
            f'{error.object[error.start]:#04x}. Save the file as UTF-8.'
        ) from None


def _read_json(path: str) -> Any:
    """The content of a JSON file."""
    try:
        return json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} is no whole JSON file: {error}. Extract or '
                         'copy it again.') from None


def check_labels(images: ImageList, num_classes: Optional[int] = None) -> None:
    """Check that the labels are 0 to C-1, and each of them is there; C that is
    None is the largest label plus one."""
    labels = images.labels
    number = num_classes or max(1, int(labels.max()) + 1)
    outside = np.flatnonzero((labels < 0) | (labels >= number))
    if outside.size:
        first = outside[0]
        from_one = labels.min() == 1 and labels.max() == number
        raise ValueError(
            f'{images.source}: expected labels from 0 to {number - 1}, '
            f'but {outside.size} of {len(labels)} are not, the first is '
            f'{labels[first]} of {images.paths[first]!r}. ' +
            ('Its labels seem to count from 1.'
             if from_one else f'Is it the list of a set of {number} classes?'))
    present = np.unique(labels)
    if len(present) < number:
        # Of so few numbers that labels which are ids cost no memory.
        numbers = np.arange(min(number, len(present) + 5))
        gaps = np.setdiff1d(numbers, present)[:5]
        more = number - len(present) - len(gaps)
        raise ValueError(
            f'{images.source}: {number - len(present)} of {number} classes '
            f'have no image: {listed(gaps, 5)}'
            f'{f" and {more} more" if more else ""}. The list is cut, or of '
            'another set, or its labels are ids. Where fewer classes are '
            'meant, number them without a gap.')


def check_once(images: ImageList) -> None:
    """Check that no image stands in two lines, with one label or two."""
    if len(set(images.paths)) == len(images.paths):
        return
    first, again, torn = {}, [], []
    for path, label in zip(images.paths, images.labels.tolist()):
        if path in first:
            again.append(path)
            if first[path] != label:
                torn.append(path)
        first.setdefault(path, label)
    if torn:
        raise ValueError(
            f'{images.source}: {len(torn)} lines give an image another label '
            f'than an earlier line did: {listed(torn, 5)}.')
    raise ValueError(
        f'{images.source}: {len(again)} of {len(images.paths)} lines name an '
        f'image again: {listed(again, 5)}. Remove them.')


def check_folders(images: ImageList, sort: bool = False) -> None:
    """Check that every class has one folder of its own.

    A list whose images all lie in one folder passes. With ``sort`` the names
    of the folders must ascend with the label, as WordNet ids do in ImageNet.
    """
    pairs = _classes_and_folders(images)
    labels = {label for label, _ in pairs}
    names = {folder for _, folder in pairs}
    if len(names) == 1:
        return
    if not len(pairs) == len(names) == len(labels):
        raise ValueError(
            f'{images.source}: expected one folder for each class, but '
            f'{len(labels)} labels and {len(names)} folders make {len(pairs)} '
            'pairs. Labels and paths do not belong together.')
    names = [folder for _, folder in pairs]
    wrong = [i for i in range(1, len(names)) if names[i - 1] > names[i]]
    if sort and wrong:
        i = wrong[0]
        raise ValueError(
            f'{images.source}: expected labels in the order of the folders, '
            f'but label {i - 1} is {names[i - 1]!r} and label {i} is '
            f'{names[i]!r} ({len(wrong)} such places). The list has another '
            'order of classes.')


def _classes_and_folders(images: ImageList) -> List[Tuple[int, str]]:
    """Each pair of a label and a folder once, by the label."""
    folders = map(posixpath.dirname, images.paths)
    return sorted(set(zip(images.labels.tolist(), folders)))


def shared_paths(first: ImageList, second: ImageList) -> List[str]:
    """Images that two lists share, in the order of the second."""
    known = set(first.paths)
    return [path for path in second.paths if path in known]


def missing_files(paths: Sequence[str]) -> List[str]:
    """The local files that are not there, in the order given.

    Every folder is listed once, which on network disks takes a small part of
    the time of asking for each file.
    """
    wanted = defaultdict(list)
    for i, path in enumerate(paths):
        folder, name = osp.split(path)
        wanted[folder].append((i, name))
    gone = []
    for folder, items in wanted.items():
        try:
            there = set(os.listdir(folder or '.'))
        except (FileNotFoundError, NotADirectoryError):
            there = set()
        gone += [i for i, name in items if name not in there]
    return [paths[i] for i in sorted(gone)]


def sampled(paths: Sequence[str]) -> List[str]:
    """At most 32 paths, evenly spread from the first to the last."""
    kept = np.linspace(0, len(paths) - 1, min(SAMPLE, len(paths)))
    return [paths[i] for i in kept.astype(int)]


def check_files(paths: Sequence[str], source: str, check: str) -> None:
    """Check that listed images are there, without opening one.

    ``'some'`` looks for 32 of them, on any storage that mmengine knows,
    ``'all'`` for each, on local disks, ``'none'`` for none. The error says how
    many of the list ``source`` are missing.
    """
    if check == 'none':
        return
    looked_for = list(paths) if check == 'all' else sampled(paths)
    gone = missing_files(looked_for) if check == 'all' else [
        path for path in looked_for if not fileio.exists(path)
    ]
    if gone:
        of = '' if check == 'all' else f' looked for, of {len(paths)} in all'
        raise FileNotFoundError(
            f'{source}: {len(gone)} of {len(looked_for)} images{of} are '
            f'missing: {listed(gone, 5)}. Point data_root at the folder that '
            'the paths of the list start from, or complete the images.')


def why_unreadable(path: str) -> Optional[str]:
    """Why an image cannot be decoded; None if it can.

    A JPEG that was cut short decodes, with a grey part, and passes.
    """
    try:
        data = fileio.get(path)
    except OSError as error:
        return f'{type(error).__name__}: {error}'
    if not data:
        return 'the file is empty'
    if mmcv.imfrombytes(data) is None:
        return f'its {len(data)} bytes are no image that OpenCV knows'
    return None


@DATASETS.register_module()
class ListedImages(BaseDataset):
    """Images listed in a file, one line ``path label`` for each.

    The base of the readers of published lists, and a reader for any other
    list.

    Args:
        ann_file (str): The list, relative to ``data_root``.
        data_root (str): Folder that the paths of the list start from.
            Defaults to ''.
        check_files (str): ``'some'`` looks for 32 images spread over the
            list, ``'all'`` for each, ``'none'`` for none.
            ``tools/prepare_data.py`` looks for all. Defaults to 'some'.
        apart_from (Sequence[str]): Lists that should share no image with
            this one, relative to ``data_root``; a warning says how many they
            do share. Defaults to ().
        **kwargs: Arguments of mmpretrain's ``BaseDataset``. Without
            ``classes`` or ``metainfo`` a class is named after its folder.

    Raises:
        FileNotFoundError: If the root, the list or images are missing.
        ValueError: If an option is unknown, or the list is wrong.
    """

    NUM_CLASSES: Optional[int] = None
    DATA_NAME = ''  # as tools/prepare_data.py calls it

    def __init__(self,
                 ann_file: str,
                 data_root: str = '',
                 check_files: str = 'some',
                 apart_from: Sequence[str] = (),
                 **kwargs):
        if check_files not in CHECKS:
            raise ValueError(f'check_files must be one of {CHECKS}, but got '
                             f'{check_files!r}.')
        self.check_files = check_files
        self.apart_from = apart_from
        super().__init__(
            ann_file=ann_file, data_root=osp.expanduser(data_root), **kwargs)

    def read_images(self, path: str) -> ImageList:
        """The images of an annotation file."""
        return read_list(path)

    def arrange(self, images: ImageList) -> ImageList:
        """Check the classes of a list, and fit its paths to the disk; labels
        are without a gap, and each image is there once."""
        return images

    def class_names(self, images: ImageList) -> List[str]:
        """(C,) names where the user gave none: the last folder of a class's
        images if each class has one of its own, else its number."""
        pairs = _classes_and_folders(images)
        names = [posixpath.basename(folder) for _, folder in pairs]
        if len(set(names)) == len(pairs) == pairs[-1][0] + 1:
            return names
        return [str(label) for label in range(pairs[-1][0] + 1)]

    def load_data_list(self) -> List[dict]:
        """Read and check the list."""
        self._check_place()
        images = self._read(self.ann_file)
        check_labels(images, len(self.CLASSES or ()) or self.NUM_CLASSES)
        check_once(images)
        self._warn_of_overlap(images)
        images = self.arrange(images)
        if self.CLASSES is None:
            self._metainfo['classes'] = tuple(self.class_names(images))
        paths = [osp.join(self.img_prefix, path) for path in images.paths]
        check_files(paths, images.source, self.check_files)
        return [
            dict(img_path=path, gt_label=label)
            for path, label in zip(paths, images.labels.tolist())
        ]

    def prepare_data(self, idx: int) -> Any:
        """Item after the pipeline; an image that cannot be decoded is named.
        """
        try:
            return super().prepare_data(idx)
        except Exception as error:
            path = self.get_data_info(idx)['img_path']
            reason = why_unreadable(path)
            if reason is None:  # the pipeline failed, not the image
                raise
            raise RuntimeError(
                f'{path}, item {idx} of {len(self)}, cannot be decoded: '
                f'{reason}. Get the image again, or take it out of the list.'
            ) from error

    def _read(self, path: str) -> ImageList:
        """A list with one spelling for each path."""
        images = self.read_images(path)
        folder = osp.join(osp.abspath(self.img_prefix), '')
        paths = map(posixpath.normpath, images.paths)
        if self.img_prefix:
            paths = (path.removeprefix(folder) for path in paths)
        return images._replace(paths=list(paths))

    def _check_place(self) -> None:
        """Check that the root and the list are there."""
        advice = 'Set data_root and ann_file.'
        if self.DATA_NAME:
            advice = ('To see what is missing and how to get it: python '
                      f'tools/prepare_data.py {self.DATA_NAME} --root '
                      f'{self.data_root or "."}')
        if self.data_root and not osp.isdir(self.data_root):
            raise FileNotFoundError(
                f'{type(self).__name__}: expected a folder at data_root='
                f'{self.data_root!r}, but there is none. {advice}')
        if not osp.isfile(self.ann_file):
            raise FileNotFoundError(f'{type(self).__name__}: there is no list '
                                    f'at {self.ann_file!r}. {advice}')

    def _warn_of_overlap(self, images: ImageList) -> None:
        """Say how many images the lists of other splits share."""
        for path in self.apart_from:
            path = osp.join(self.data_root, path)
            other = self._read(path)
            shared = shared_paths(images, other)
            if shared:
                print_log(
                    f'{len(shared)} of {len(other.paths)} images of {path} '
                    f'are in {images.source} as well: {listed(shared, 5)}. A '
                    'score on them is no test.',
                    logger='current',
                    level=logging.WARNING)


@DATASETS.register_module()
class ImageNetLT(ListedImages):
    """ImageNet-LT of Liu et al. (Large-Scale Long-Tailed Recognition in an
    Open World, CVPR 2019).

    1,000 classes in the order of their WordNet ids. The 115,846 training and
    20,000 validation images are of ILSVRC's ``train/``, the 50,000 test
    images are ILSVRC's ``val/``. Those may lie flat, as downloaded, or in one
    folder for each class, where a common script puts them, and the test list
    may have either form: what is on the disk decides, and the fingerprint is
    the same.

    Args:
        data_root (str): Folder of ``train``, ``val`` and the lists. Defaults
            to 'data/imagenet'.
        split (str): ``'train'``, ``'val'`` or ``'test'``. Defaults to
            'train'.
        ann_file (str): The list, relative to ``data_root``. Defaults to '',
            which is ``ImageNet_LT_<split>.txt``.
        **kwargs: Other arguments of :class:`ListedImages`. ``test_mode`` is
            ``split != 'train'`` unless it is given. A training set is
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
                 **kwargs):
        check_split(split, ('train', 'val', 'test'))
        self.split = split
        kwargs.setdefault('test_mode', split != 'train')
        if split == 'train':
            others = [IMAGENET_LT_LIST.format(x) for x in ('val', 'test')]
            kwargs.setdefault('apart_from', files_there(data_root, others))
        ann_file = ann_file or IMAGENET_LT_LIST.format(split)
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    def arrange(self, images: ImageList) -> ImageList:
        """Check the order of the classes, and fit the layout of val/."""
        check_folders(images, sort=True)
        top = {path.split('/')[0] for path in images.paths}
        if top != {'val'} or self.check_files == 'none':
            return images
        return _fit_layout(images, self.img_prefix, len(self.CLASSES))

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
        return dict(info, img_path=_flattened(path))


def _flattened(path: str) -> str:
    """The flat form, 'val/x.JPEG', of 'val/n01440764/x.JPEG'."""
    folder, _, rest = path.partition('/')
    return f'val/{osp.basename(rest)}' if folder == 'val' else path


def _fit_layout(images: ImageList, root: str, num_classes: int) -> ImageList:
    """Turn a list of validation images into the form that is on the disk."""
    flat = [_flattened(path) for path in images.paths]
    folder = osp.join(root, 'val')
    classes = class_folders(folder)
    forms = [images.paths, flat]
    if images.paths == flat and classes:
        if len(classes) != num_classes:
            raise ValueError(
                f'{folder}: expected one folder for each of {num_classes} '
                f'classes, or none, but found {len(classes)}: '
                f'{listed(classes, 5)}.')
        forms.append([
            f'val/{classes[label]}/{path[4:]}'
            for path, label in zip(flat, images.labels.tolist())
        ])
    looked_for = sampled(range(len(flat)))
    gone = [
        len(missing_files([osp.join(root, form[i]) for i in looked_for]))
        for form in forms
    ]
    if min(gone) == len(looked_for):
        found = sorted(os.listdir(folder)) if osp.isdir(folder) else []
        raise FileNotFoundError(
            f'{images.source}: its images are neither flat, such as '
            f'{osp.join(root, flat[0])!r}, nor in folders of classes, such as '
            f'{osp.join(folder, "<class>", flat[0][4:])!r}. {folder!r} holds '
            f'{found and listed(found, 5) or "nothing"}.')
    return images._replace(paths=forms[gone.index(min(gone))])


def class_folders(folder: str) -> List[str]:
    """Names of the folders in a folder, in order; none if it's missing."""
    if not osp.isdir(folder):
        return []
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())


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
        **kwargs: Other arguments of :class:`ListedImages`. ``test_mode`` is
            ``split != 'train'`` unless it is given. A training set is
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
                 **kwargs):
        check_split(split, ('train', 'val'))
        self.split = split
        kwargs.setdefault('test_mode', split != 'train')
        own, val = ([name.format(x) for name in INATURALIST_LISTS]
                    for x in (split, 'val'))
        if split == 'train':
            kwargs.setdefault('apart_from', files_there(data_root, val)[:1])
        ann_file = ann_file or (files_there(data_root, own) or own)[0]
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    def read_images(self, path: str) -> ImageList:
        """Read a list or a JSON file, told by its ending."""
        return (read_coco_json if path.endswith('.json') else read_list)(path)

    def arrange(self, images: ImageList) -> ImageList:
        """Check that every class has one folder of its own."""
        check_folders(images)
        return images

    def class_names(self, images: ImageList) -> List[str]:
        """(C,) species, or names such as 'Plantae/7477'."""
        pairs = _classes_and_folders(images)
        path = osp.join(self.data_root, 'categories.json')
        if not osp.isfile(path):
            return ['/'.join(folder.split('/')[-2:]) for _, folder in pairs]
        number = pairs[-1][0] + 1
        try:
            names = {row['id']: row['name'] for row in _read_json(path)}
        except (KeyError, TypeError):
            names = {}
        if sorted(names) != list(range(number)):
            raise ValueError(
                f'{path}: expected the published list of entries with id and '
                f'name, with the ids 0 to {number - 1}, but found '
                f'{len(names)} such ids. Extract it again, or move it away: '
                'folders then name the classes.')
        return [names[label] for label in range(number)]


def check_split(split: str, known: Sequence[str]) -> None:
    """Refuse a split that a data set does not have."""
    if split not in known:
        raise ValueError(f'split must be one of {tuple(known)}, but got '
                         f'{split!r}.')


def files_there(root: str, names: Sequence[str]) -> List[str]:
    """The names of files that are in a folder."""
    root = osp.expanduser(root)
    return [name for name in names if osp.isfile(osp.join(root, name))]
