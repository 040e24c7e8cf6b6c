# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""iNaturalist 2018: images, JSON files, and plain lists built from them."""
import os.path as osp
from typing import List

from mmcurv.atomic_write import write_text
from mmcurv.datasets.image_list import read_list, write_list
from mmcurv.datasets.image_list_json import read_coco_json
from mmcurv.datasets.inaturalist import LISTS, INaturalist2018
from .checks import Check
from .imagenet import in_root
from .imagenet_lt import overlap_check
from .options import Options
from .published_counts import PUBLISHED
from .reader_checks import reader_checks

PAGE = 'https://github.com/visipedia/inat_comp/tree/master/2018'
GET_IMAGES = (f'Get train_val2018.tar.gz (120 GB) from {PAGE} and extract it '
              'in ROOT.')
GET_JSON = (f'Get {{}}.tar.gz from {PAGE} and extract it in ROOT; the list is '
            'then built from it.')


def prepare_inaturalist(options: Options) -> List[Check]:
    """Check the images and annotations, and build the lists from the JSON.

    Args:
        options (Options): What the user asks for.

    Returns:
        list[Check]: What is there and what is not.
    """
    checks = [_images_check(options.root)]
    lists = {}
    for split in PUBLISHED['inaturalist2018']:
        check = list_check(options.root, split)
        checks.append(check)
        if check.good:
            lists[split] = osp.join(options.root, LISTS[0].format(split))
            checks += reader_checks(
                split, lambda: INaturalist2018(
                    options.root, split, check_files='all', apart_from=()),
                PUBLISHED['inaturalist2018'][split], options,
                in_root(GET_IMAGES, options.root))
    try:
        read = {split: read_list(path) for split, path in lists.items()}
    except ValueError:  # the reader has said what is wrong
        return checks
    if len(read) == 2:
        checks.append(overlap_check(read['train'], read['val'], 'val'))
    return checks


def list_check(root: str, split: str) -> Check:
    """Look for the list of a split, and build it if there is only the JSON.

    The lines follow the order of the JSON's annotations.

    Args:
        root (str): Folder of the annotations.
        split (str): 'train' or 'val'.

    Returns:
        Check: Of the list.
    """
    name, source = (text.format(split) for text in LISTS)
    path, source = osp.join(root, name), osp.join(root, source)
    if osp.isfile(path):
        return Check(name, 'ok', 'there')
    if not osp.isfile(source):
        return Check(name, 'missing',
                     f'neither it nor {osp.basename(source)} is in {root}',
                     in_root(GET_JSON.format(osp.basename(source)), root))
    try:
        images = read_coco_json(source, year=2018)
    except ValueError as error:
        return Check(name, 'wrong', str(error),
                     in_root(GET_JSON.format(osp.basename(source)), root))
    write_text(path, write_list(images))
    return Check(name, 'built',
                 f'{len(images):,} lines, from {osp.basename(source)}')


def _images_check(root: str) -> Check:
    folder = osp.join(root, 'train_val2018')
    if osp.isdir(folder):
        return Check('train_val2018/', 'ok', 'there')
    return Check('train_val2018/', 'missing', f'not in {root}',
                 in_root(GET_IMAGES, root))
