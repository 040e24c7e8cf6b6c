# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a data root holds, what it lacks, and how to get it."""
import os
import os.path as osp
from typing import (Any, Callable, Iterable, List, NamedTuple, Optional,
                    Sequence, Tuple)

import mmpretrain.datasets
import torchvision.datasets
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from torchvision.datasets.utils import download_url

from mmcurv.fairness import group_names
from mmcurv.files import listed, write_json, write_text
from .labels import class_counts, count_labels, split_fingerprint
from .lists import (IMAGENET_LT_LIST, INATURALIST_LISTS, ImageNetLT,
                    INaturalist2018, check_files, class_folders,
                    read_coco_json, read_list, shared_paths, why_unreadable)
from .long_tailed import LongTailed
from .published import (NAMES, PAGES, PUBLISHED, Published, can_download,
                        imagenet_lt_counts)
from .small import SVHN, FashionMNIST


class Check(NamedTuple):
    """What was looked for, what is there, and what to do.

    Attributes:
        name (str): What was looked for.
        state (str): 'ok', 'built' (made just now), 'note' (to be known, no
            obstacle), 'missing' or 'wrong'.
        found (str): What is there.
        remedy (str): What to do; '' for nothing.
    """
    name: str
    state: str
    found: str
    remedy: str = ''

    @property
    def good(self) -> bool:
        """bool: Whether it is no obstacle to a training."""
        return self.state in ('ok', 'built', 'note')


ILSVRC = 'https://image-net.org/challenges/LSVRC/2012/2012-downloads.php'
INATURALIST = 'https://github.com/visipedia/inat_comp/tree/master/2018'
GET_TRAIN = (
    f'Register at {ILSVRC}, get ILSVRC2012_img_train.tar (138 GiB), extract '
    'it and the 1,000 archives in it to ROOT/train/<WordNet id>/*.JPEG.')
GET_VAL = (
    f'Register at {ILSVRC}, get ILSVRC2012_img_val.tar (6.3 GiB) and extract '
    'it to ROOT/val/. Leave the images flat, or sort them into '
    'val/<WordNet id>/: both work.')
GET_META = (
    'mmpretrain reads flat images by a list ROOT/meta/val.txt of lines '
    "'ILSVRC2012_val_00000001.JPEG 65'. Write it from the development kit of "
    f'{ILSVRC}, or sort the images into val/<WordNet id>/.')
FIT_META = (
    'mmpretrain reads meta/<split>.txt where it is there, whatever the '
    'folders are: let it name the images as they lie, or remove it where they '
    'lie in folders of classes.')
GET_LIST = (
    'Nobody can build this list: which images it holds was drawn by its '
    'authors. Get it from https://github.com/zhmiao/OpenLongTailRecognition-'
    'OLTR (its README links the data) or from data/ImageNet_LT of '
    'https://github.com/facebookresearch/classifier-balancing, and put it '
    'into ROOT.')
GET_TEST = (
    'It is built as soon as ROOT/val has one folder for each class or '
    'ROOT/meta/val.txt is there. Otherwise get it where the other lists are.')
GET_INATURALIST = (f'Get train_val2018.tar.gz (120 GB) from {INATURALIST} and '
                   'extract it in ROOT.')


def prepare(
    name: str,
    root: str,
    download: bool = False,
    decode: bool = False,
    imbalance_factors: Sequence[float] = (100, ),
    seed: int = 0,
    watch: Optional[Callable[[Sequence, str],
                             Iterable]] = None) -> List[Check]:
    """Check a data root, and build what can be built.

    Args:
        name (str): One of ``NAMES``.
        root (str): Folder of the data set.
        download (bool): Whether files may be fetched. Defaults to False.
        decode (bool): Whether every listed image is decoded. Defaults to
            False.
        imbalance_factors (Sequence[float]): Of the CIFAR-LT lists. Defaults
            to (100,).
        seed (int): Of the CIFAR-LT lists. Defaults to 0.
        watch (Callable, optional): From items and a text to the items, with a
            progress bar around them. Defaults to None, which shows none.

    Returns:
        list[Check]: What is there and what is not.

    Raises:
        ValueError: If downloads are asked for and cannot be made.
    """
    if can_download(name):
        checks = _small_set(name.removesuffix('-lt'), root, download)
        if name.endswith('-lt') and is_ready(checks):
            checks += _long_tails(name, root, imbalance_factors, seed)
    elif download:
        raise ValueError(
            f'{NAMES[name][0]} cannot be downloaded by this program. '
            'Without --download it says where to get what.')
    else:
        run = dict(
            imagenet=_imagenet,
            inaturalist2018=_inaturalist).get(name, _imagenet_lt)
        checks = run(root, (watch or _unwatched) if decode else None)
    folder = root.rstrip('/') or '/'
    return [
        check._replace(remedy=check.remedy.replace('ROOT', folder))
        for check in checks
    ]


def is_ready(checks: Sequence[Check]) -> bool:
    """Whether a training can start: nothing is missing or wrong."""
    return all(check.good for check in checks)


def _unwatched(items: Sequence, text: str) -> Iterable:
    """Items without a progress bar."""
    return items


def reader_checks(split: str,
                  build: Callable,
                  published: Published,
                  remedy: str = '',
                  watch: Optional[Callable] = None) -> List[Check]:
    """Read a split as a training would, and say what is wrong with it.

    Args:
        split (str): Such as 'train'.
        build (Callable): Makes the data set, with all its files looked for.
        published (Published): Numbers of the split.
        remedy (str): What to do where files are missing. Defaults to ''.
        watch (Callable, optional): As in :func:`prepare`, to decode every
            image of a data set of files. Defaults to None, which decodes none.

    Returns:
        list[Check]: Of the reading, the counts and, if asked for, the images.
    """
    try:
        dataset = build()
    except FileNotFoundError as error:
        return [Check(split, 'missing', str(error), remedy)]
    except (OSError, RuntimeError, ValueError) as error:
        return [Check(split, 'wrong', str(error), remedy)]
    mark = split_fingerprint(dataset)[:12]
    checks = [
        Check(split, 'ok', f'read, nothing missing; fingerprint {mark}'),
        count_check(split, class_counts(dataset), published)
    ]
    if watch is not None:
        checks.append(_decode_check(split, dataset, watch))
    return checks


def _decode_check(split: str, dataset: Any, watch: Callable) -> Check:
    """Decode every image of a data set of files."""
    bad = []
    for i in watch(range(len(dataset)), f'Decoding {split}'):
        path = dataset.get_data_info(i)['img_path']
        if why_unreadable(path) is not None:
            bad.append(path)
    name = f'{split}: images'
    if not bad:
        return Check(name, 'ok', f'all {len(dataset):,} can be decoded')
    return Check(
        name, 'wrong', f'{len(bad):,} of {len(dataset):,} cannot be decoded: '
        f'{listed(bad, 5)}', 'Get them again, or take them out of the list.')


def group_sizes(counts: List[int]) -> Tuple[int, int, int]:
    """Number of classes of more than 100, of 20 to 100, and of fewer than 20
    training images."""
    names = group_names(counts).tolist()
    return tuple(names.count(name) for name in ('head', 'middle', 'tail'))


def count_check(split: str, counts: List[int], published: Published) -> Check:
    """Hold the (C,) counts of a split against the published numbers that are
    known."""
    found = Published(
        sum(counts), len(counts), max(counts), min(counts),
        group_sizes(counts))
    wrong = [
        f'{key} {_words(expected)}'
        for key, expected in published._asdict().items()
        if expected is not None and getattr(found, key) != expected
    ]
    sizes = f'{found.smallest:,} to {found.largest:,}'
    if found.smallest == found.largest:
        sizes = f'{found.largest:,} each'
    text = f'{found.images:,} images in {found.classes:,} classes of {sizes}'
    if split == 'train' and found.smallest != found.largest:
        text += ', Head/Middle/Tail ' + _words(found.groups)
    if wrong:
        return Check(f'{split}: counts', 'wrong', text,
                     f'Published: {", ".join(wrong)}. Get the set again.')
    return Check(f'{split}: counts', 'ok', text)


def _words(value) -> str:
    """A count, or three of groups, in words."""
    if isinstance(value, tuple):
        return '/'.join(f'{n:,}' for n in value)
    return f'{value:,}'


def _imagenet(root: str, watch: Optional[Callable]) -> List[Check]:
    """ImageNet, as mmpretrain's ``ImageNet`` reads it."""
    checks = _ilsvrc(root)
    if not is_ready(checks):
        return checks
    meta = osp.join(root, 'meta', 'val.txt')
    if not class_folders(osp.join(root, 'val')) and not osp.isfile(meta):
        return checks + [
            Check('labels of val', 'missing',
                  f'val/ is flat and {meta} is not there', GET_META)
        ]

    def read(split):
        dataset = mmpretrain.datasets.ImageNet(root, split)
        if dataset.ann_file:  # mmpretrain does not look for listed files
            items = map(dataset.get_data_info, range(len(dataset)))
            paths = [item['img_path'] for item in items]
            check_files(paths, dataset.ann_file, 'all')
        return dataset

    for split, published in PUBLISHED['imagenet'].items():
        checks += reader_checks(split, lambda: read(split), published,
                                FIT_META, watch)
    return checks


def _ilsvrc(root: str) -> List[Check]:
    """The folders of ILSVRC, train and val."""
    wanted = PUBLISHED['imagenet']['train'].classes
    checks = []
    for split, remedy in (('train', GET_TRAIN), ('val', GET_VAL)):
        folder = osp.join(root, split)
        name = f'ILSVRC {split}/'
        found = len(class_folders(folder))
        flat = len(os.listdir(folder)) if osp.isdir(folder) else 0
        if found == wanted:
            check = Check(name, 'ok', f'{found:,} folders of classes')
        elif split == 'val' and flat and not found:
            check = Check(name, 'ok', f'{flat:,} images, flat')
        else:
            check = Check(
                name, 'wrong' if found else 'missing',
                f'{found:,} of {wanted:,} folders of classes in {folder}',
                remedy)
        checks.append(check)
    return checks


def _imagenet_lt(root: str, watch: Optional[Callable]) -> List[Check]:
    """ILSVRC and the three lists, of which that of test is built."""
    checks = _ilsvrc(root)
    lists = {}
    for split in PUBLISHED['imagenet-lt']:
        name = IMAGENET_LT_LIST.format(split)
        path = osp.join(root, name)
        built = None
        if split == 'test' and not osp.isfile(path):
            built = _build_test_list(root)
            checks += [built] if built else []
        if osp.isfile(path):
            lists[split] = path
        elif built is None:
            checks.append(
                Check(name, 'missing', f'not in {root}',
                      GET_TEST if split == 'test' else GET_LIST))
    for split in lists:
        checks += reader_checks(
            split,
            lambda: ImageNetLT(root, split, check_files='all', apart_from=()),
            PUBLISHED['imagenet-lt'][split],
            'Complete ILSVRC, whose images the list names.', watch)
    if 'train' in lists:
        checks += _each_class_checks(lists['train'])
    return checks + _overlap_checks(lists)


def _build_test_list(root: str) -> Optional[Check]:
    """Write ImageNet_LT_test.txt, which is all of ILSVRC's val; None where
    the disk does not tell the labels."""
    pairs = _labelled_val(root)
    if not pairs:
        return None
    name = IMAGENET_LT_LIST.format('test')
    whole = PUBLISHED['imagenet-lt']['test'].images
    if len(pairs) != whole:
        # The list of a half extracted set would stay when the set is whole.
        return Check(
            name, 'wrong', f'not built: ILSVRC val has {len(pairs):,} images '
            f'with a label, not {whole:,}', GET_VAL)
    lines = ''.join(f'val/{image} {label}\n' for image, label in pairs)
    write_text(osp.join(root, name), lines)
    return Check(name, 'built', f'{len(pairs):,} lines, from ILSVRC val')


def _labelled_val(root: str) -> List[tuple]:
    """Names without folder and labels of the validation images, ascending;
    empty where the images lie flat and meta/val.txt is missing."""
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


def _each_class_checks(path: str) -> List[Check]:
    """Hold the classes of the training list against the published counts;
    nothing for a list that cannot be read, as the reader has said so."""
    published = imagenet_lt_counts()
    try:
        counts = count_labels(read_list(path).labels, len(published))
    except ValueError:
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
                f'the published counts: {listed(wrong, 5)}',
                'The list is of another version; get it again.')
        ]
    return [
        Check('train: each class', 'ok',
              f'all {len(published):,} have the published count')
    ]


def _overlap_checks(lists: dict) -> List[Check]:
    """Whether the lists of other splits, paths by split, share images with
    that of train; nothing where one cannot be read, as its reader said so."""
    try:
        read = {split: read_list(path) for split, path in lists.items()}
    except ValueError:
        return []
    train = read.pop('train', None)
    checks = []
    for split, other in sorted(read.items()) if train else ():
        shared = shared_paths(train, other)
        name = f'train and {split}'
        checks.append(
            Check(
                name, 'note',
                f'{len(shared):,} of {len(other.paths):,} images of {split} '
                f'are in train as well: {listed(shared, 5)}',
                'A score on them is no test.'
            ) if shared else Check(name, 'ok', 'no image in both'))
    return checks


def _inaturalist(root: str, watch: Optional[Callable]) -> List[Check]:
    """The images and annotations, and the lists built from the JSON."""
    there = osp.isdir(osp.join(root, 'train_val2018'))
    checks = [
        Check('train_val2018/', 'ok', 'there') if there else Check(
            'train_val2018/', 'missing', f'not in {root}', GET_INATURALIST)
    ]
    lists = {}
    for split, published in PUBLISHED['inaturalist2018'].items():
        checks.append(_list_check(root, split))
        if checks[-1].good:
            lists[split] = osp.join(root, checks[-1].name)
            checks += reader_checks(
                split, lambda: INaturalist2018(
                    root, split, check_files='all', apart_from=()), published,
                GET_INATURALIST, watch)
    return checks + _overlap_checks(lists)


def _list_check(root: str, split: str) -> Check:
    """Look for the list of a split, and build it in the order of the JSON's
    annotations if there is only that."""
    name, source = (text.format(split) for text in INATURALIST_LISTS)
    path = osp.join(root, name)
    remedy = (f'Get {source}.tar.gz from {INATURALIST} and extract it in ROOT;'
              ' the list is then built from it.')
    if osp.isfile(path):
        return Check(name, 'ok', 'there')
    if not osp.isfile(osp.join(root, source)):
        return Check(name, 'missing', f'neither it nor {source} is in {root}',
                     remedy)
    try:
        images = read_coco_json(osp.join(root, source))
    except ValueError as error:
        return Check(name, 'wrong', str(error), remedy)
    lines = zip(images.paths, images.labels.tolist())
    write_text(path, ''.join(f'{image} {label}\n' for image, label in lines))
    return Check(name, 'built', f'{len(images.paths):,} lines, from {source}')


def _small_set(name: str, root: str, download: bool) -> List[Check]:
    """CIFAR, SVHN or Fashion-MNIST, whose images lie in memory."""
    checks = [_files_check(name, root, download)]
    if not checks[0].good:
        return checks
    for split, published in PUBLISHED[name].items():
        checks += reader_checks(split, lambda: _read_small(name, root, split),
                                published)
    return checks


def _files_check(name: str, root: str, download: bool) -> Check:
    """Look for files, and fetch them if they are missing and it is allowed;
    'x.gz' is content with an extracted 'x' as well."""
    if name == 'svhn':
        known = torchvision.datasets.SVHN.split_list
        files = [known[split][1] for split in ('train', 'test')]
    elif name == 'fashion-mnist':
        known = torchvision.datasets.FashionMNIST.resources
        files = [file for file, _ in known]
    else:
        reader = getattr(mmpretrain.datasets, name.upper())
        files = [
            osp.join(reader.base_folder, file)
            for file, _ in reader.train_list + reader.test_list
        ]
    gone = [
        file for file in files if not osp.isfile(osp.join(root, file))
        and not osp.isfile(osp.join(root, file.removesuffix('.gz')))
    ]
    if not gone:
        return Check('files', 'ok', f'all {len(files)} there')
    if not download:
        return Check(
            'files', 'missing',
            f'{len(gone)} of {len(files)} not in {root}: {", ".join(gone)}',
            f'Give the same command with --download, or see {PAGES[name]}.')
    try:
        _download(name, root)
    except (OSError, RuntimeError) as error:
        return Check(
            'files', 'missing', f'the download failed: {error}',
            f'Check the connection, or get the files from {PAGES[name]}.')
    return Check('files', 'built', f'downloaded into {root}')


def _download(name: str, root: str) -> None:
    """Fetch and check files, as torchvision does."""
    if name == 'svhn':
        for split in ('train', 'test'):
            torchvision.datasets.SVHN(root, split, download=True)
    elif name == 'fashion-mnist':
        source = torchvision.datasets.FashionMNIST
        for file, md5 in source.resources:
            download_url(source.mirrors[0] + file, root, file, md5)
    else:
        getattr(torchvision.datasets, name.upper())(root, download=True)


def _read_small(name: str, root: str, split: str) -> Any:
    """A split of a small set."""
    if name == 'svhn':
        return SVHN(root, split)
    if name == 'fashion-mnist':
        return FashionMNIST(root, split)
    try:
        reader = getattr(mmpretrain.datasets, name.upper())
        return reader(root, split=split, download=False)
    except (AssertionError, RuntimeError):  # mmpretrain says no more
        raise ValueError(
            f'the files in {root} are not those that were published (MD5). '
            'Remove them and give the command with --download.') from None


def _long_tails(name: str, root: str, factors: Sequence[float],
                seed: int) -> List[Check]:
    """Write which images of CIFAR the long tails keep, for other programs."""
    full = _read_small(name.removesuffix('-lt'), root, 'train')
    checks = []
    for factor in factors:
        file = f'{name.replace("-", "_")}_if{factor:g}_seed{seed}.json'
        try:
            part = LongTailed(full, factor, seed=seed)
        except ValueError as error:
            checks.append(Check(file, 'wrong', str(error)))
            continue
        record = dict(
            schema='mmcurv.long_tail',
            schema_version=1,
            imbalance_factor=part.imbalance_factor,
            profile=part.profile,
            seed=part.seed,
            fingerprint=part.fingerprint,
            counts=part.counts,
            positions=part.positions.tolist())
        write_json(osp.join(root, file), record)
        checks.append(
            Check(
                file, 'built', f'{len(part):,} images, classes of '
                f'{min(part.counts):,} to {max(part.counts):,}, '
                f'Head/Middle/Tail {_words(group_sizes(part.counts))}; '
                f'fingerprint {part.fingerprint[:12]}'))
    return checks


def show_checks(title: str, root: str,
                checks: Sequence[Check]) -> RenderableType:
    """What is there, what is not and what to do, for a ``rich`` console.

    Args:
        title (str): Name of the data set.
        root (str): Its folder.
        checks (Sequence[Check]): In the order of showing.

    Returns:
        RenderableType: A table, the remedies, each once, and the verdict.
    """
    styles = dict(ok='green', built='green', note='yellow')
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow='fold')
    remedies = {}
    for check in checks:
        style = styles.get(check.state, 'red')
        table.add_row(
            Text(check.state, style), Text(check.name), Text(check.found))
        if check.remedy:
            remedies.setdefault(check.remedy, []).append(check.name)
    parts = [Text(f'{title} in {root}', style='bold'), Text(), table, Text()]
    if remedies:
        parts.append(Text('What to do', style='bold'))
    for remedy, names in remedies.items():
        parts.append(Text(', '.join(names)))
        parts.append(Padding(Text(remedy, overflow='fold'), (0, 0, 1, 4)))
    bad = sum(not check.good for check in checks)
    text = f'{title} is ready.'
    if bad:
        text = f'{title} is not ready: {bad} of {len(checks)} checks failed.'
    parts.append(Text(text, style='bold red' if bad else 'bold green'))
    return Group(*parts)
