# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import shutil

import pytest

from mmcurv.datasets.preparing import Options, is_ready
from mmcurv.datasets.preparing.imagenet import (folder_checks, labelled_val,
                                                prepare_imagenet)
from tests.listed_formats import imagenet_lt_pairs, write_imagenet_lt


@pytest.fixture(params=[True, False])
def root(request, tmp_path, tiny_counts):
    write_imagenet_lt(tmp_path, flat_disk=request.param)
    (tmp_path / 'meta').mkdir()
    pairs = imagenet_lt_pairs((2, 2, 2), 'test')
    (tmp_path / 'meta/val.txt').write_text(''.join(f'{name[4:]} {label}\n'
                                                   for name, label in pairs))
    return tmp_path


def flat(root):
    return any(path.is_file() for path in (root / 'val').iterdir())


def test_whole_set_is_ready(root):
    if not flat(root):
        (root / 'meta/val.txt').unlink()
    checks = prepare_imagenet(Options(str(root), decode=True))
    assert [check.state for check in checks] == ['ok'] * 8
    assert checks[3].found.startswith('13 images in 3 classes of 3 to 6')


def test_labels_of_the_validation_images_are_read_from_either_layout(root):
    expected = [(name[4:], label)
                for name, label in imagenet_lt_pairs((2, 2, 2), 'test')]
    assert labelled_val(str(root)) == expected
    (root / 'meta/val.txt').unlink()
    assert labelled_val(str(root)) == ([] if flat(root) else expected)


def test_flat_images_need_their_labels(root):
    (root / 'meta/val.txt').unlink()
    checks = prepare_imagenet(Options(str(root)))
    assert is_ready(checks) != flat(root)
    if flat(root):
        assert checks[-1].state == 'missing'
        assert f'a list {root}/meta/val.txt of lines' in checks[-1].remedy


def test_list_of_another_layout_than_the_disk_is_told(root):
    checks = prepare_imagenet(Options(str(root)))
    assert is_ready(checks) == flat(root)
    if not flat(root):
        assert '6 of 6 images are missing' in checks[-1].found
        assert 'or remove it where they lie in folders' in checks[-1].remedy


def test_missing_folders_are_counted(root):
    shutil.rmtree(root / 'train' / 'n01443537')
    shutil.rmtree(root / 'val')
    train, val = folder_checks(str(root))
    assert train.state == 'wrong'
    assert train.found.startswith('2 of 3 folders of classes')
    assert f'{root}/train/<WordNet id>/*.JPEG' in train.remedy
    assert val.state == 'missing' and 'ILSVRC2012_img_val.tar' in val.remedy
    shutil.rmtree(root / 'train')
    assert folder_checks(str(root))[0].state == 'missing'
