# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import shutil

import pytest
from mmpretrain.datasets import LoadImageFromFile, PackInputs
from mmpretrain.registry import DATASETS as MMPRETRAIN_DATASETS

from mmcurv.datasets import (ImageNetLT, ListedImages, LongTailed,
                             class_counts, split_fingerprint)
from tests.listed_formats import (WNIDS, imagenet_lt_pairs, write_imagenet_lt,
                                  write_lines)

CLASSES = ('tench', 'goldfish', 'great white shark')
FORMS = [(a, b) for a in (True, False) for b in (True, False)]


def read(root, split='train', **kwargs):
    return ImageNetLT(str(root), split, classes=CLASSES, **kwargs)


@pytest.fixture
def root(tmp_path):
    write_imagenet_lt(tmp_path)
    return tmp_path


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr('mmcurv.datasets.lists.print_log',
                        lambda text, **_: lines.append(text))
    return lines


def test_counts_labels_and_names_are_those_of_the_list(root, logged):
    dataset = read(root)
    assert class_counts(dataset) == [4, 2, 1]
    assert dataset.get_data_info(5)['img_path'] == str(
        root / 'train/n01443537/n01443537_1.JPEG')
    assert dataset.metainfo['classes'] == CLASSES
    assert class_counts(read(root, 'val')) == [2, 2, 2]
    assert logged == []


def test_classes_are_the_thousand_of_imagenet():
    names = ImageNetLT(lazy_init=True).metainfo['classes']
    assert len(names) == 1000 and names[0].startswith('tench')


def test_class_is_built_from_a_config_of_any_scope(root):
    config = dict(
        type='mmcurv.ImageNetLT', data_root=str(root), classes=CLASSES)
    assert len(MMPRETRAIN_DATASETS.build(config)) == 7


@pytest.mark.parametrize('flat_list, flat_disk', FORMS)
def test_test_list_of_either_form_reads_a_disk_of_either_form(
        tmp_path, flat_list, flat_disk):
    write_imagenet_lt(tmp_path, (4, 2, 1), flat_list, flat_disk)
    dataset = read(
        tmp_path, 'test', pipeline=[LoadImageFromFile(),
                                    PackInputs()])
    names = imagenet_lt_pairs((2, 2, 2), 'test', flat_disk)
    for i, (name, label) in enumerate(names):
        assert dataset.get_data_info(i)['img_path'] == str(tmp_path / name)
        item = dataset[i]
        assert int(item['inputs'].max()) == i
        assert item['data_samples'].gt_label.item() == label


def test_fingerprint_is_the_same_for_all_forms_and_places(tmp_path):
    known = {split: set() for split in ('train', 'val', 'test')}
    for i, form in enumerate(FORMS):
        write_imagenet_lt(tmp_path / f'{i}', (4, 2, 1), *form)
        for split in known:
            dataset = read(tmp_path / f'{i}', split)
            known[split].add(split_fingerprint(dataset))
    assert [len(prints) for prints in known.values()] == [1, 1, 1]
    assert len(set.union(*known.values())) == 3


def test_fingerprint_of_train_is_that_of_any_list(root):
    dataset = ListedImages('ImageNet_LT_train.txt', str(root), classes=CLASSES)
    assert split_fingerprint(read(root)) == split_fingerprint(dataset)


def test_split_decides_the_mode(root):
    assert read(root).test_mode is False
    assert read(root, 'val').test_mode is True
    assert read(root, 'test').test_mode is True
    with pytest.raises(ValueError, match='only the training set is thinned'):
        LongTailed(read(root, 'val', test_mode=False), imbalance_factor=2)
    with pytest.raises(ValueError, match="'val', 'test'.*but got 'valid'"):
        ImageNetLT(split='valid')


def test_list_may_lie_elsewhere(root, tmp_path):
    path = tmp_path / 'lists' / 'mine.txt'
    write_lines(path, imagenet_lt_pairs((1, 1, 1)))
    assert class_counts(read(root, ann_file=str(path))) == [1, 1, 1]


def test_disk_without_either_layout_names_both(root):
    shutil.rmtree(root / 'val')
    with pytest.raises(FileNotFoundError) as error:
        read(root, 'test')
    assert 'neither flat, such as' in str(error.value)
    assert 'val/ILSVRC2012_val_00000001.JPEG' in str(error.value)
    assert 'val/<class>/ILSVRC2012_val_00000001.JPEG' in str(error.value)
    assert 'holds nothing' in str(error.value)
    (root / 'val').mkdir()
    (root / 'val' / 'other.txt').touch()
    with pytest.raises(FileNotFoundError, match='holds other.txt'):
        read(root, 'test')


def test_flat_list_over_too_few_folders_is_told(tmp_path):
    write_imagenet_lt(tmp_path, flat_disk=False)
    shutil.rmtree(tmp_path / 'val' / WNIDS[1])
    with pytest.raises(ValueError, match='each of 3 classes.*but found 2'):
        read(tmp_path, 'test')


def test_some_missing_test_images_are_counted(tmp_path):
    write_imagenet_lt(tmp_path)
    (tmp_path / 'val/ILSVRC2012_val_00000002.JPEG').unlink()
    with pytest.raises(FileNotFoundError, match='1 of 6 images looked for'):
        read(tmp_path, 'test')


def test_other_order_of_classes_is_refused(root):
    swapped = [(name, 1 - label if label < 2 else label)
               for name, label in imagenet_lt_pairs()]
    write_lines(root / 'ImageNet_LT_train.txt', swapped)
    with pytest.raises(ValueError, match='another order of classes'):
        read(root)


def test_whole_list_needs_a_thousand_classes(root):
    with pytest.raises(ValueError, match='997 of 1000 classes have no image'):
        ImageNetLT(str(root))


def test_overlap_of_train_and_val_is_a_warning_with_the_count(root, logged):
    write_lines(root / 'ImageNet_LT_val.txt',
                imagenet_lt_pairs((2, 1, 1), 'train'))
    read(root)
    assert len(logged) == 1 and '4 of 4 images of' in logged[0]
    assert 'ImageNet_LT_val.txt' in logged[0]


def test_missing_list_names_the_command_that_helps(tmp_path):
    with pytest.raises(
            FileNotFoundError,
            match='ImageNet_LT_train.txt.*prepare_data.py '
            f'imagenet-lt --root {tmp_path}'):
        ImageNetLT(str(tmp_path))
    with pytest.raises(
            FileNotFoundError,
            match="a folder at data_root='/no/such'.*prepare_data.py "
            'imagenet-lt --root /no/such'):
        ImageNetLT('/no/such')
