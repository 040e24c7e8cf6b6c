# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.datasets import ImageNetLT, class_counts
from mmcurv.datasets.preparing import Options, is_ready
from mmcurv.datasets.preparing.imagenet_lt import (class_count_checks,
                                                   prepare_imagenet_lt)
from tests.listed_formats import (imagenet_lt_pairs, write_imagenet_lt,
                                  write_lines)


@pytest.fixture
def root(tmp_path, tiny_counts):
    write_imagenet_lt(tmp_path)
    return tmp_path


def by_name(root, **options):
    checks = prepare_imagenet_lt(Options(str(root), **options))
    return {check.name: check for check in checks}


def test_whole_set_is_ready(root):
    checks = by_name(root, decode=True)
    assert is_ready(checks.values())
    assert {check.state for check in checks.values()} == {'ok'}
    assert checks['train: counts'].found == (
        '7 images in 3 classes of 1 to 4, Head/Middle/Tail 0/0/3')
    assert checks['train: each class'].found.startswith('all 3')
    assert checks['test: images'].found == 'all 6 can be decoded'
    assert checks['train and val'].found == 'no image in both'


@pytest.mark.parametrize('flat_disk', [True, False])
def test_test_list_is_built_from_what_tells_the_labels(tmp_path, tiny_counts,
                                                       flat_disk):
    write_imagenet_lt(tmp_path, flat_disk=flat_disk)
    list_file = tmp_path / 'ImageNet_LT_test.txt'
    published = list_file.read_text()
    list_file.unlink()
    if flat_disk:
        missing = by_name(tmp_path)['ImageNet_LT_test.txt']
        assert missing.state == 'missing'
        assert 'is built as soon as' in missing.remedy
        write_lines(tmp_path / 'meta/val.txt',
                    [(name[4:], label)
                     for name, label in imagenet_lt_pairs((2, 2, 2), 'test')])
    checks = by_name(tmp_path)
    assert checks['ImageNet_LT_test.txt'].state == 'built'
    assert checks['ImageNet_LT_test.txt'].found.startswith('6 lines')
    assert is_ready(checks.values())
    assert list_file.read_text() == published
    assert class_counts(ImageNetLT(str(tmp_path), 'test')) == [2, 2, 2]


def test_test_list_of_a_part_of_the_images_is_not_built(tmp_path, tiny_counts):
    write_imagenet_lt(tmp_path, flat_disk=False)
    list_file = tmp_path / 'ImageNet_LT_test.txt'
    published = list_file.read_text()
    list_file.unlink()
    image = tmp_path / 'val/n01440764/ILSVRC2012_val_00000001.JPEG'
    away = image.rename(tmp_path / 'away')
    check = by_name(tmp_path)['ImageNet_LT_test.txt']
    assert check.state == 'wrong' and not list_file.exists()
    assert 'has 5 images with a label, not 6' in check.found
    assert 'ILSVRC2012_img_val.tar' in check.remedy
    away.rename(image)
    (image.parent / '.DS_Store').touch()
    assert by_name(tmp_path)['ImageNet_LT_test.txt'].state == 'built'
    assert list_file.read_text() == published


def test_missing_list_says_where_to_get_it(root):
    (root / 'ImageNet_LT_train.txt').unlink()
    check = by_name(root)['ImageNet_LT_train.txt']
    assert check.state == 'missing' and str(root) in check.found
    assert 'zhmiao/OpenLongTailRecognition' in check.remedy
    assert f'put it into {root}.' in check.remedy


def test_missing_images_are_counted_and_named(root):
    for i in range(3):
        (root / f'train/n01440764/n01440764_{i}.JPEG').unlink()
    check = by_name(root)['train']
    assert check.state == 'missing'
    assert '3 of 7 images are missing' in check.found
    assert 'n01440764_1.JPEG' in check.found


def test_other_list_than_the_published_one_is_told(root):
    write_lines(root / 'ImageNet_LT_train.txt', imagenet_lt_pairs((3, 2, 1)))
    checks = by_name(root)
    assert checks['train: counts'].state == 'wrong'
    assert 'images 7, largest 4' in checks['train: counts'].remedy
    assert checks['train: each class'].found.endswith(
        '1 of 3 classes differ from the published counts: '
        'class 0 has 3, not 4')


def test_overlap_is_a_note_with_the_count(root):
    write_lines(root / 'ImageNet_LT_val.txt', imagenet_lt_pairs((2, 2, 1)))
    check = by_name(root)['train and val']
    assert check.state == 'note'
    assert check.found.startswith('5 of 5 images of val are in train')


def test_corrupt_images_are_found_if_asked_for(root):
    (root / 'train/n01440764/n01440764_1.JPEG').write_bytes(b'x')
    assert is_ready(by_name(root).values())
    check = by_name(root, decode=True)['train: images']
    assert check.state == 'wrong'
    assert check.found.startswith('1 of 7 cannot be decoded')


def test_damaged_list_is_told_once(root):
    (root / 'ImageNet_LT_train.txt').write_text('no label\n')
    checks = by_name(root)
    assert checks['train'].state == 'wrong'
    assert 'line 1' in checks['train'].found
    assert class_count_checks(str(root / 'ImageNet_LT_train.txt')) == []
