# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The two layouts of ILSVRC's validation images.

As downloaded they lie flat, ``val/ILSVRC2012_val_00000001.JPEG``; a common
script moves each into the folder of its class, ``val/n01440764/``. Lists of
both forms circulate, and either form of list can meet either disk.
"""
import os
import os.path as osp
from typing import List

from .image_list import ImageList
from .list_checks import first_of
from .missing_files import missing_files, sampled


def is_flat(path: str) -> bool:
    """Whether a path such as 'val/x.JPEG' names no folder of a class."""
    return path.count('/') < 2


def flattened(path: str) -> str:
    """The flat form, 'val/x.JPEG', of either form of a path."""
    return path if is_flat(
        path) else f'{path.split("/")[0]}/' + osp.basename(path)


def fit_layout(images: ImageList, root: str, num_classes: int) -> ImageList:
    """Turn a list of validation images into the form that is on the disk.

    Args:
        images (ImageList): Of paths below one folder such as 'val/'.
        root (str): Folder that holds this one.
        num_classes (int): C.

    Returns:
        ImageList: The same images in the same order.

    Raises:
        FileNotFoundError: If the disk has neither form.
        ValueError: If it has folders, but not one for each class.
    """
    flat = [flattened(path) for path in images.paths]
    folder = flat[0].split('/')[0]
    forms = [ImageList(images.source, flat, images.labels)]
    classes = class_folders(osp.join(root, folder))
    if not is_flat(images.paths[0]):
        forms.insert(0, images)
    elif len(classes) == num_classes:
        forms.append(
            ImageList(images.source, [
                f'{folder}/{classes[label]}/{path.split("/")[1]}'
                for path, label in zip(flat, images.labels.tolist())
            ], images.labels))
    elif classes:
        raise ValueError(
            f'{osp.join(root, folder)}: expected one folder for each of '
            f'{num_classes} classes, or none, but found {len(classes)}: '
            f'{first_of(classes)}.')
    looked_for = [
        sampled([osp.join(root, path) for path in form.paths])
        for form in forms
    ]
    gone = [missing_files(paths) for paths in looked_for]
    fewest = min(range(len(forms)), key=lambda i: len(gone[i]))
    if len(gone[fewest]) == len(looked_for[fewest]):
        raise FileNotFoundError(
            f'{images.source}: its images are neither flat, such as '
            f'{osp.join(root, flat[0])!r}, nor in folders of classes, such as '
            f'{osp.join(root, folder, "<class>", osp.basename(flat[0]))!r}. '
            f'{osp.join(root, folder)!r} holds {_content(root, folder)}.')
    return forms[fewest]


def class_folders(folder: str) -> List[str]:
    """Names of the folders in a folder, in order; none if it's missing."""
    if not osp.isdir(folder):
        return []
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())


def _content(root: str, folder: str) -> str:
    path = osp.join(root, folder)
    if not osp.isdir(path):
        return 'nothing: it is no folder'
    names = sorted(os.listdir(path))
    return f'{len(names)} entries: {first_of(names)}' if names else 'nothing'
