# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""ImageNet-LT: published lists over ILSVRC 2012."""
import os.path as osp
from typing import List, Optional

from mmcurv.atomic_write import write_text
from mmcurv.datasets.class_counts import count_labels
from mmcurv.datasets.image_list import ImageList, read_list
from mmcurv.datasets.imagenet_lt import LIST, ImageNetLT
from mmcurv.datasets.list_checks import first_of, shared_paths
from .checks import Check
from .imagenet import GET_VAL, folder_checks, in_root, labelled_val
from .options import Options
from .published_counts import PUBLISHED, imagenet_lt_counts
from .reader_checks import reader_checks

GET_LIST = (
    'Nobody can build this list: which images it holds was drawn by its '
    'authors. Get it from https://github.com/zhmiao/OpenLongTailRecognition-'
    'OLTR (its README links the data) or from data/ImageNet_LT of '
    'https://github.com/facebookresearch/classifier-balancing, and put it '
    'into ROOT.')
GET_TEST = (
    'It is built as soon as ROOT/val has one folder for each class or '
    'ROOT/meta/val.txt is there. Otherwise get it where the other lists are.')


def prepare_imagenet_lt(options: Options) -> List[Check]:
    """Check ILSVRC and the three lists; build the test list.

    Args:
        options (Options): What the user asks for.

    Returns:
        list[Check]: What is there and what is not.
    """
    checks = folder_checks(options.root)
    lists = {}
    for split in PUBLISHED['imagenet-lt']:
        name = LIST.format(split)
        path = osp.join(options.root, name)
        built = None
        if split == 'test' and not osp.isfile(path):
            built = build_test_list(options.root)
            checks += [built] if built else []
        if osp.isfile(path):
            lists[split] = path
        elif built is None:
            remedy = GET_TEST if split == 'test' else GET_LIST
            checks.append(
                Check(name, 'missing', f'not in {options.root}',
                      in_root(remedy, options.root)))
    for split in lists:
        checks += reader_checks(
            split, lambda: ImageNetLT(
                options.root, split, check_files='all', apart_from=()),
            PUBLISHED['imagenet-lt'][split], options,
            'Complete ILSVRC, whose images the list names.')
    if 'train' in lists:
        checks += class_count_checks(lists['train'])
        checks += overlap_checks(lists)
    return checks


def build_test_list(root: str) -> Optional[Check]:
    """Write ImageNet_LT_test.txt, which is all of ILSVRC's val.

    Args:
        root (str): Folder of val, and maybe of meta.

    Returns:
        Check | None: None where the disk does not tell the labels.
    """
    pairs = labelled_val(root)
    if not pairs:
        return None
    name = LIST.format('test')
    whole = PUBLISHED['imagenet-lt']['test'].images
    if len(pairs) != whole:
        # The list of a half extracted set would stay when the set is whole.
        return Check(
            name, 'wrong', f'not built: ILSVRC val has {len(pairs):,} images '
            f'with a label, not {whole:,}', in_root(GET_VAL, root))
    lines = ''.join(f'val/{image} {label}\n' for image, label in pairs)
    write_text(osp.join(root, name), lines)
    return Check(name, 'built', f'{len(pairs):,} lines, from ILSVRC val')


def class_count_checks(path: str) -> List[Check]:
    """Hold the classes of the training list against the published counts.

    Args:
        path (str): The list.

    Returns:
        list[Check]: One, or none for a list that cannot be read.
    """
    published = imagenet_lt_counts()
    try:
        counts = count_labels(read_list(path).labels, len(published))
    except ValueError:  # the reader has said what is wrong
        return []
    wrong = [
        f'class {c} has {found}, not {n}'
        for c, (found, n) in enumerate(zip(counts, published)) if found != n
    ]
    if wrong:
        return [
            Check(
                'train: each class', 'wrong',
                f'{len(wrong):,} of {len(published):,} classes differ from '
                f'the published counts: {first_of(wrong)}',
                'The list is of another version; get it again.')
        ]
    return [
        Check('train: each class', 'ok',
              f'all {len(published):,} have the published count')
    ]


def overlap_checks(lists: dict) -> List[Check]:
    """Compare the training list with the other ones.

    Args:
        lists (dict[str, str]): Paths by split; 'train' is one.

    Returns:
        list[Check]: One for each other list that can be read.
    """
    checks = []
    try:
        read = {split: read_list(path) for split, path in lists.items()}
    except ValueError:  # the reader has said what is wrong
        return []
    for split in read.keys() - {'train'}:
        checks.append(overlap_check(read['train'], read[split], split))
    return sorted(checks, key=lambda check: check.name)


def overlap_check(train: ImageList, other: ImageList, split: str) -> Check:
    """Whether a list shares images with the training list.

    Args:
        train (ImageList): The training list.
        other (ImageList): Another one.
        split (str): Its split, such as 'val'.

    Returns:
        Check: 'ok', or a 'note' with the count.
    """
    shared = shared_paths(train, other)
    name = f'train and {split}'
    if not shared:
        return Check(name, 'ok', 'no image in both')
    return Check(
        name, 'note', f'{len(shared):,} of {len(other):,} images of {split} '
        f'are in train as well: {first_of(shared)}',
        'A score on them is no test.')
