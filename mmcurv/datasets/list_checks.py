# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What can be wrong with a list of images before any image is opened."""
from typing import List, Sequence

import numpy as np

from .image_list import ImageList

SHOWN = 5


def check_labels(images: ImageList, num_classes: int) -> None:
    """Check that the labels are 0 to C-1, and each of them is there.

    Args:
        images (ImageList): The list.
        num_classes (int): C.

    Raises:
        ValueError: If a label is out of range, or a class has no image.
    """
    labels = images.labels
    outside = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if outside.size:
        first = outside[0]
        from_one = labels.min() == 1 and labels.max() == num_classes
        raise ValueError(
            f'{images.source}: expected labels from 0 to {num_classes - 1}, '
            f'but {outside.size} of {len(images)} are not, the first is '
            f'{labels[first]} of {images.paths[first]!r}. ' +
            ('Its labels seem to count from 1.' if from_one else
             f'Is it the list of a set of {num_classes} classes?'))
    counts = np.bincount(labels, minlength=num_classes)
    gaps = np.flatnonzero(counts == 0)
    if gaps.size:
        raise ValueError(
            f'{images.source}: {gaps.size} of {num_classes} classes have no '
            f'image: {first_of(gaps.tolist())}. The list is cut, or of '
            'another set. Where fewer classes are meant, number them without '
            'a gap and name them in metainfo.')


def repeated(images: ImageList) -> np.ndarray:
    """Positions of images that an earlier line names already.

    Args:
        images (ImageList): The list.

    Returns:
        np.ndarray: (R,) positions, ascending.

    Raises:
        ValueError: If two lines give one image different labels.
    """
    if len(set(images.paths)) == len(images):
        return np.zeros(0, np.int64)
    first, again, torn = {}, [], []
    for i, path in enumerate(images.paths):
        if first.setdefault(path, i) != i:
            again.append(i)
            if images.labels[first[path]] != images.labels[i]:
                torn.append(path)
    if torn:
        raise ValueError(
            f'{images.source}: {len(torn)} lines give an image another label '
            f'than an earlier line did: {first_of(torn)}.')
    return np.array(again)


def drop_repeated(images: ImageList, drop: bool = False) -> ImageList:
    """Refuse lines that name an image again, or leave them out.

    Args:
        images (ImageList): The list.
        drop (bool): Whether to leave them out. Defaults to False.

    Returns:
        ImageList: Each image once.

    Raises:
        ValueError: If an image stands twice and ``drop`` is False, or it has
            two labels.
    """
    again = repeated(images)
    if not again.size:
        return images
    if not drop:
        names = [images.paths[i] for i in again]
        raise ValueError(
            f'{images.source}: {again.size} of {len(images)} lines name an '
            f'image again: {first_of(names)}. Remove them, or set '
            "duplicates='drop' to keep the first line of each image.")
    return images.part(np.setdiff1d(np.arange(len(images)), again))


def check_folders(images: ImageList, sort: bool = False) -> None:
    """Check that every class has one folder of its own.

    A list whose images all lie in one folder passes.

    Args:
        images (ImageList): The list.
        sort (bool): Whether the folders' names must ascend with the label,
            as WordNet ids do in ImageNet. Defaults to False.

    Raises:
        ValueError: If classes share a folder, one has several, or the order
            is another.
    """
    pairs = set(zip(folders(images.paths), images.labels.tolist()))
    names = {folder for folder, _ in pairs}
    labels = {label for _, label in pairs}
    if len(names) == 1:
        return
    if not len(pairs) == len(names) == len(labels):
        raise ValueError(
            f'{images.source}: expected one folder for each class, but '
            f'{len(labels)} labels and {len(names)} folders make {len(pairs)} '
            'pairs. Labels and paths do not belong together.')
    ordered = [name for name, _ in sorted(pairs, key=lambda pair: pair[1])]
    wrong = [i for i in range(1, len(ordered)) if ordered[i - 1] > ordered[i]]
    if sort and wrong:
        i = wrong[0]
        raise ValueError(
            f'{images.source}: expected labels in the order of the folders, '
            f'but label {i - 1} is {ordered[i - 1]!r} and label {i} is '
            f'{ordered[i]!r} ({len(wrong)} such places). The list has another '
            'order of classes.')


def folders(paths: Sequence[str]) -> List[str]:
    """Folder of each path, '' for a bare file name."""
    return [path.rpartition('/')[0] for path in paths]


def shared_paths(first: ImageList, second: ImageList) -> List[str]:
    """Images that two lists share.

    Args:
        first (ImageList): A list.
        second (ImageList): Another one of the same folder.

    Returns:
        list[str]: In the order of the second.
    """
    known = set(first.paths)
    return [path for path in second.paths if path in known]


def first_of(items: Sequence) -> str:
    """The first five items in words, with dots if there are more."""
    text = ', '.join(str(item) for item in items[:SHOWN])
    return text + (', ...' if len(items) > SHOWN else '')
