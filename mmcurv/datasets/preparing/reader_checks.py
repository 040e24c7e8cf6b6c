# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A reader's view of a split: list, files, counts, images."""
from typing import Callable, List, Optional

from mmcurv.datasets.class_counts import class_counts
from mmcurv.datasets.corrupt_images import why_unreadable
from mmcurv.datasets.list_checks import first_of
from mmcurv.datasets.split_fingerprint import split_fingerprint
from .checks import Check
from .options import Options
from .published_counts import Published, count_check


def reader_checks(split: str,
                  build: Callable,
                  published: Published,
                  options: Options,
                  remedy: str = '') -> List[Check]:
    """Read a split as a training would, and say what is wrong with it.

    Args:
        split (str): Such as 'train'.
        build (Callable): Makes the data set, with all its files looked for.
        published (Published): Numbers of the split.
        options (Options): What the user asks for.
        remedy (str): What to do where files are missing. Defaults to ''.

    Returns:
        list[Check]: Of the reading, the counts and, if asked for, the images.
    """
    try:
        dataset = build()
    except FileNotFoundError as error:
        return [Check(split, 'missing', str(error), remedy)]
    except (OSError, RuntimeError, ValueError) as error:
        return [Check(split, 'wrong', str(error), remedy)]
    print_of = split_fingerprint(dataset)[:12]
    checks = [
        Check(split, 'ok', f'read, nothing missing; fingerprint {print_of}'),
        count_check(split, class_counts(dataset), published)
    ]
    decoded = decode_check(split, dataset, options)
    return checks + ([decoded] if decoded else [])


def decode_check(split: str, dataset, options: Options) -> Optional[Check]:
    """Decode every image of a data set of files, if asked for.

    Args:
        split (str): Such as 'train'.
        dataset (BaseDataset): Of ``img_path``.
        options (Options): What the user asks for.

    Returns:
        Check | None: None if it is not asked for.
    """
    if not options.decode:
        return None
    bad = []
    for i in options.watch(range(len(dataset)), f'Decoding {split}'):
        path = dataset.get_data_info(i)['img_path']
        if why_unreadable(path) is not None:
            bad.append(path)
    name = f'{split}: images'
    if not bad:
        return Check(name, 'ok', f'all {len(dataset):,} can be decoded')
    return Check(
        name, 'wrong', f'{len(bad):,} of {len(dataset):,} cannot be decoded: '
        f'{first_of(bad)}', "Get them again, or train with corrupt='skip'.")
