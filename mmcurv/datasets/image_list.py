# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Lists of images: a path, a blank and a label on each line."""
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Union

import numpy as np


@dataclass
class ImageList:
    """Images and their labels, as an annotation file names them.

    Attributes:
        source (str): The file, for messages.
        paths (list[str]): (N,) paths with forward slashes, relative to the
            folder of the images.
        labels (np.ndarray): (N,) int64.
        num_classes (int | None): C, where the file tells it.
    """
    source: str
    paths: List[str]
    labels: np.ndarray
    num_classes: Optional[int] = None

    def __len__(self) -> int:
        return len(self.paths)

    def part(self, kept: np.ndarray) -> 'ImageList':
        """The items at these positions.

        Args:
            kept (np.ndarray): (M,) positions.

        Returns:
            ImageList: Of M items.
        """
        paths = [self.paths[i] for i in kept]
        return ImageList(self.source, paths, self.labels[kept],
                         self.num_classes)


def read_list(path: Union[str, Path]) -> ImageList:
    """Read a list such as ImageNet_LT_train.txt.

    A line is ``path label``; empty lines are passed over. A path may hold
    blanks.

    Args:
        path (str | Path): The file.

    Returns:
        ImageList: In the order of the file.

    Raises:
        ValueError: If there is no line, or one is not of this form.
    """
    lines = Path(path).read_text(encoding='utf-8').splitlines()
    pairs = [line.rsplit(maxsplit=1) for line in lines if line.strip()]
    if not pairs:
        raise ValueError(f'{path} holds no line. Expected one line for each '
                         "image, such as 'train/n01440764/x.JPEG 0'.")
    try:
        paths = [name for name, _ in pairs]
        labels = np.array([int(label) for _, label in pairs], np.int64)
    except ValueError:
        raise ValueError(_first_bad_line(path, lines)) from None
    return ImageList(str(path), paths, labels)


def write_list(images: ImageList) -> str:
    """The text of a list file, which :func:`read_list` reads back.

    Args:
        images (ImageList): What to write.

    Returns:
        str: One line for each image.
    """
    lines = zip(images.paths, images.labels.tolist())
    return ''.join(f'{path} {label}\n' for path, label in lines)


def _first_bad_line(path: Union[str, Path], lines: List[str]) -> str:
    bad = [i for i, line in enumerate(lines) if not _is_good(line)]
    return (f"{path}: expected lines 'path label' with a whole number as "
            f'label, but {len(bad)} of {len(lines)} are not so, the first in '
            f'line {bad[0] + 1}: {lines[bad[0]][:80]!r}.')


def _is_good(line: str) -> bool:
    words = line.rsplit(maxsplit=1)
    if not words:
        return True
    try:
        return len(words) == 2 and isinstance(int(words[1]), int)
    except ValueError:
        return False
