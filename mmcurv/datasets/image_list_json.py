# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Image lists in JSON: that of iNaturalist, and that of the code of BBN."""
import json
from pathlib import Path
from typing import Any, Optional, Sequence, Union

import numpy as np

from .image_list import ImageList


def read_coco_json(path: Union[str, Path],
                   year: Optional[int] = None) -> ImageList:
    """Read a JSON file like COCO's, with one annotation for each image.

    The order is that of ``annotations``; the label is ``category_id``, which
    has to count from 0.

    Args:
        path (str | Path): Such as train2018.json.
        year (int, optional): Expected in ``info``, where the file tells it.
            Defaults to None, which takes any.

    Returns:
        ImageList: With as many classes as ``categories``.

    Raises:
        ValueError: If it is no such file, is of another year, or an image has
            not exactly one annotation.
    """
    record = _load(path, ('images', 'annotations', 'categories'),
                   'iNaturalist (like COCO)')
    _check_year(path, record, year)
    try:
        names = {image['id']: image['file_name'] for image in record['images']}
        notes = record['annotations']
        ids = [note['image_id'] for note in notes]
        labels = np.array([note['category_id'] for note in notes], np.int64)
    except (KeyError, TypeError) as error:
        raise ValueError(_wrong_entry(path, error)) from None
    if len(notes) != len(names) or names.keys() != set(ids):
        raise ValueError(
            f'{path}: expected one annotation for each image, but '
            f'{len(names)} images have {len(notes)} annotations, which name '
            f'{len(set(ids) & names.keys())} of them.')
    paths = [names[i] for i in ids]
    return ImageList(str(path), paths, labels, len(record['categories']))


def read_bbn_json(path: Union[str, Path], strip: str = '') -> ImageList:
    """Read a JSON file of the code of BBN.

    That is ``{"annotations": [{"fpath": ..., "category_id": ...}, ...],
    "num_classes": C}``; further keys of an annotation are not needed.

    Args:
        path (str | Path): The file.
        strip (str): What every ``fpath`` begins with and is to lose: such
            files often hold the absolute paths of another machine. Defaults
            to ''.

    Returns:
        ImageList: In the order of the file.

    Raises:
        ValueError: If it is no such file, or a path does not begin with
            ``strip``.
    """
    record = _load(path, ('annotations', 'num_classes'), 'the code of BBN')
    try:
        notes = record['annotations']
        paths = [note['fpath'] for note in notes]
        labels = np.array([note['category_id'] for note in notes], np.int64)
    except (KeyError, TypeError) as error:
        raise ValueError(_wrong_entry(path, error)) from None
    others = [name for name in paths if not name.startswith(strip)]
    if others:
        raise ValueError(
            f'{path}: {len(others)} of {len(paths)} paths do not begin with '
            f'strip={strip!r}, the first is {others[0]!r}.')
    if strip:
        paths = [name[len(strip):].lstrip('/') for name in paths]
    return ImageList(str(path), paths, labels, int(record['num_classes']))


def _load(path: Union[str, Path], keys: Sequence[str], format: str) -> dict:
    with open(path, encoding='utf-8') as file:
        try:
            record = json.load(file)
        except ValueError as error:
            raise ValueError(f'{path} is no whole JSON file: {error}. Extract '
                             'or copy it again.') from None
    found = list(record) if isinstance(record, dict) else []
    missing = [key for key in keys if key not in found]
    if missing:
        what = ', '.join(found) or f'a {type(record).__name__}'
        raise ValueError(
            f'{path}: expected the JSON of {format} with the keys '
            f'{", ".join(keys)}, but {", ".join(missing)} '
            f'{"is" if len(missing) == 1 else "are"} missing; found: {what}. '
            f'{_hint(missing, found)}')
    if not record['annotations']:
        raise ValueError(f'{path} has no annotation.')
    return record


def _hint(missing: Sequence[str], found: Sequence[str]) -> str:
    if 'images' in found and 'annotations' in missing:
        return 'Test sets have no labels; give the file of train or val.'
    if 'num_classes' in found:
        return 'This looks like the JSON of BBN: read it by mmcurv.BBNJson.'
    if 'categories' in found:
        return ('This looks like the JSON of iNaturalist: read it by '
                'mmcurv.INaturalist2018.')
    return 'Is it a file of another version?'


def _check_year(path: Union[str, Path], record: dict,
                year: Optional[int]) -> None:
    info: Any = record.get('info')
    found = info.get('year') if isinstance(info, dict) else None
    if year is not None and found is not None and int(found) != year:
        raise ValueError(f'{path}: expected the data of {year}, but its info '
                         f'says {found}. Get train{year}.json and '
                         f'val{year}.json.')


def _wrong_entry(path: Union[str, Path], error: Exception) -> str:
    what = (f'has no {error}' if isinstance(error, KeyError) else
            f'is of another form ({error})')
    return f'{path}: an entry {what}. Is it a file of another version?'
