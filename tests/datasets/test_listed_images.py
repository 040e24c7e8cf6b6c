# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.datasets import (ListedImages, LongTailed, class_counts,
                             split_fingerprint)
from tests.listed_formats import write_image, write_lines

PAIRS = [('cat/a.png', 1), ('ant/b.png', 0), ('cat/c.png', 1),
         ('cat/d.png', 1)]


@pytest.fixture
def root(tmp_path):
    for name, _ in PAIRS:
        write_image(tmp_path / name)
    write_lines(tmp_path / 'list.txt', PAIRS)
    return tmp_path


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr('mmcurv.datasets.listed_images.print_log',
                        lambda text, **_: lines.append(text))
    return lines


def test_list_is_read_in_its_order(root):
    dataset = ListedImages('list.txt', str(root))
    assert [dataset.get_data_info(i)['img_path']
            for i in range(4)] == [str(root / name) for name, _ in PAIRS]
    assert dataset.get_gt_labels().tolist() == [1, 0, 1, 1]
    assert dataset.metainfo['classes'] == ('ant', 'cat')
    assert class_counts(dataset) == [1, 3]


def test_labels_are_plain_integers_and_storage_is_serialized(root):
    dataset = ListedImages('list.txt', str(root))
    assert type(dataset.get_data_info(0)['gt_label']) is int
    assert isinstance(dataset.data_bytes, np.ndarray)
    assert dataset.data_list == []


def test_fingerprint_depends_on_the_list_and_not_on_its_place(root, tmp_path):
    first = split_fingerprint(ListedImages('list.txt', str(root)))
    elsewhere = ListedImages(
        str(root / 'list.txt'), str(tmp_path / '..'), check_files='none')
    assert split_fingerprint(elsewhere) == first
    write_lines(root / 'list.txt', PAIRS[::-1])
    assert split_fingerprint(ListedImages('list.txt', str(root))) != first


def test_list_can_be_thinned_to_a_long_tail(root):
    part = LongTailed(ListedImages('list.txt', str(root)), counts=[1, 2])
    assert part.counts == [1, 2]
    assert part.metainfo['classes'] == ('ant', 'cat')


def test_images_may_lie_below_a_prefix_or_anywhere(root):
    write_lines(root / 'list.txt', [('a.png', 0),
                                    (str(root / PAIRS[1][0]), 1)])
    dataset = ListedImages('list.txt', str(root), data_prefix='cat')
    assert [dataset.get_data_info(i)['img_path'] for i in range(2)
            ] == [str(root / 'cat/a.png'),
                  str(root / 'ant/b.png')]
    assert len(dataset.metainfo['classes']) == 2


def test_classes_that_share_a_folder_are_called_by_their_numbers(root):
    write_lines(root / 'list.txt', [('cat/a.png', 0), ('cat/c.png', 1)])
    dataset = ListedImages('list.txt', str(root))
    assert dataset.metainfo['classes'] == ('0', '1')


def test_given_names_say_how_many_classes_there_are(root):
    dataset = ListedImages('list.txt', str(root), classes=('A', 'C'))
    assert dataset.metainfo['classes'] == ('A', 'C')
    with pytest.raises(ValueError, match='1 of 3 classes have no image: 2'):
        ListedImages('list.txt', str(root), classes=('A', 'C', 'D'))
    with pytest.raises(ValueError, match='3 of 4 are not, the first is 1'):
        ListedImages('list.txt', str(root), classes=('A', ))


def test_wrong_root_and_missing_list_are_named(root):
    with pytest.raises(
            FileNotFoundError, match="a folder at data_root='/no/such'"):
        ListedImages('list.txt', '/no/such')
    with pytest.raises(FileNotFoundError, match='no list at .*gone.txt'):
        ListedImages('gone.txt', str(root))


def test_missing_images_are_found_at_the_start(root):
    (root / 'cat/c.png').unlink()
    with pytest.raises(
            FileNotFoundError, match='1 of 4 images.*missing: .*cat/c.png'):
        ListedImages('list.txt', str(root))
    assert len(ListedImages('list.txt', str(root), check_files='none')) == 4


def test_label_gap_is_refused(root):
    write_lines(root / 'list.txt', [('cat/a.png', 0), ('ant/b.png', 3)])
    with pytest.raises(ValueError, match='2 of 4 classes have no image: 1, 2'):
        ListedImages('list.txt', str(root))


def test_duplicate_lines_stop_or_are_dropped_with_their_number(root, logged):
    write_lines(root / 'list.txt', [*PAIRS, PAIRS[0], PAIRS[1]])
    with pytest.raises(ValueError, match='2 of 6 lines name an image again'):
        ListedImages('list.txt', str(root))
    assert len(ListedImages('list.txt', str(root), duplicates='drop')) == 4
    assert '2 of 6 lines name an image again and are left out' in logged[0]


def test_overlap_with_another_list_is_a_warning_with_the_count(root, logged):
    write_lines(root / 'test.txt', [*PAIRS[:2], ('ant/z.png', 0)])
    ListedImages('list.txt', str(root), apart_from=['test.txt'])
    assert len(logged) == 1
    assert '2 of 3 images of' in logged[0] and 'cat/a.png' in logged[0]


@pytest.mark.parametrize('option', ['corrupt', 'duplicates', 'check_files'])
def test_unknown_option_is_refused(root, option):
    with pytest.raises(ValueError, match=f"{option} must be .*but got 'x'"):
        ListedImages('list.txt', str(root), **{option: 'x'})
