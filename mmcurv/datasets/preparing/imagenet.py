# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""ImageNet: the folders of ILSVRC 2012."""
import os
import os.path as osp
from typing import List

from mmpretrain.datasets import ImageNet

from mmcurv.datasets.image_list import read_list
from mmcurv.datasets.imagenet_layout import class_folders
from mmcurv.datasets.missing_files import check_files
from .checks import Check
from .options import Options
from .published_counts import PUBLISHED
from .reader_checks import reader_checks

PAGE = 'https://image-net.org/challenges/LSVRC/2012/2012-downloads.php'
GET_TRAIN = (
    f'Register at {PAGE}, get ILSVRC2012_img_train.tar (138 GiB), extract '
    'it and the 1,000 archives in it to ROOT/train/<WordNet id>/*.JPEG.')
GET_VAL = (
    f'Register at {PAGE}, get ILSVRC2012_img_val.tar (6.3 GiB) and extract '
    'it to ROOT/val/. Leave the images flat, or sort them into '
    'val/<WordNet id>/: both work.')
GET_META = (
    'mmpretrain reads flat images by a list ROOT/meta/val.txt of lines '
    "'ILSVRC2012_val_00000001.JPEG 65'. Write it from the development kit of "
    f'{PAGE}, or sort the images into val/<WordNet id>/.')
FIT_META = (
    'mmpretrain reads meta/<split>.txt where it is there, whatever the '
    'folders are: let it name the images as they lie, or remove it where they '
    'lie in folders of classes.')


def prepare_imagenet(options: Options) -> List[Check]:
    """Check ImageNet as mmpretrain's ``ImageNet`` reads it.

    Args:
        options (Options): What the user asks for.

    Returns:
        list[Check]: What is there and what is not.
    """
    checks = folder_checks(options.root)
    if not all(check.good for check in checks):
        return checks
    val = osp.join(options.root, 'val')
    meta = osp.join(options.root, 'meta', 'val.txt')
    if not class_folders(val) and not osp.isfile(meta):
        return checks + [
            Check('labels of val', 'missing', f'val/ is flat and {meta} is '
                  'not there', in_root(GET_META, options.root))
        ]
    for split, published in PUBLISHED['imagenet'].items():
        checks += reader_checks(split, lambda: _read(options.root, split),
                                published, options, FIT_META)
    return checks


def _read(root: str, split: str) -> ImageNet:
    """Read a split; mmpretrain itself does not look for listed files."""
    dataset = ImageNet(root, split)
    if dataset.ann_file:
        items = map(dataset.get_data_info, range(len(dataset)))
        paths = [item['img_path'] for item in items]
        check_files(paths, dataset.ann_file, 'all')
    return dataset


def folder_checks(root: str) -> List[Check]:
    """Look for the folders of ILSVRC.

    Args:
        root (str): Folder of train and val.

    Returns:
        list[Check]: Of either folder.
    """
    found = len(class_folders(osp.join(root, 'train')))
    wanted = PUBLISHED['imagenet']['train'].classes
    if found == wanted:
        train = Check('ILSVRC train/', 'ok', f'{found:,} folders of classes')
    else:
        train = Check(
            'ILSVRC train/', 'wrong' if found else 'missing',
            f'{found:,} of {wanted:,} folders of classes in '
            f'{osp.join(root, "train")}', in_root(GET_TRAIN, root))
    return [train, _val_check(root, wanted)]


def _val_check(root: str, wanted: int) -> Check:
    folder = osp.join(root, 'val')
    name = 'ILSVRC val/'
    inner = len(class_folders(folder))
    if inner == wanted:
        return Check(name, 'ok', f'{inner:,} folders of classes')
    if inner:
        return Check(
            name, 'wrong', f'{inner:,} of {wanted:,} folders of '
            f'classes in {folder}', in_root(GET_VAL, root))
    files = len(os.listdir(folder)) if osp.isdir(folder) else 0
    if files:
        return Check(name, 'ok', f'{files:,} images, flat')
    return Check(name, 'missing', f'nothing in {folder}',
                 in_root(GET_VAL, root))


def labelled_val(root: str) -> List[tuple]:
    """Names and labels of the validation images, where the disk tells them.

    Args:
        root (str): Folder of val, and maybe of meta.

    Returns:
        list[tuple[str, int]]: Names without folder, ascending; empty where
        the images lie flat and meta/val.txt is missing.
    """
    folder = osp.join(root, 'val')
    classes = class_folders(folder)
    if len(classes) == PUBLISHED['imagenet']['val'].classes:
        return sorted((name, label) for label, inner in enumerate(classes)
                      for name in os.listdir(osp.join(folder, inner))
                      if name.endswith('.JPEG'))
    meta = osp.join(root, 'meta', 'val.txt')
    if not classes and osp.isfile(meta):
        images = read_list(meta)
        names = map(osp.basename, images.paths)
        return sorted(zip(names, images.labels.tolist()))
    return []


def in_root(text: str, root: str) -> str:
    """A remedy with the user's folder in the place of ROOT."""
    return text.replace('ROOT', root.rstrip('/') or '/')
