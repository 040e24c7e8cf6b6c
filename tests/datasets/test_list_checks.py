# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.datasets.image_list import ImageList
from mmcurv.datasets.list_checks import (check_folders, check_labels,
                                         drop_repeated, first_of, repeated,
                                         shared_paths)


def listed(labels, paths=None):
    paths = paths or [f'c{label}/{i}.jpg' for i, label in enumerate(labels)]
    return ImageList('my.txt', paths, np.array(labels))


def test_labels_without_a_gap_pass():
    check_labels(listed([2, 0, 1, 1]), 3)


def test_gap_is_counted_and_named():
    with pytest.raises(ValueError) as error:
        check_labels(listed([0, 9, 9, 3]), 10)
    assert 'my.txt: 7 of 10 classes have no image' in str(error.value)
    assert '1, 2, 4, 5, 6, ...' in str(error.value)


@pytest.mark.parametrize('labels, count, first', [([0, 3, 1, 2, 4], 2, 3),
                                                  ([0, -1, 2, 1], 1, -1)])
def test_label_out_of_range_is_counted_and_named(labels, count, first):
    with pytest.raises(
            ValueError,
            match=f'from 0 to 2, but {count} of .* first is {first} of'):
        check_labels(listed(labels), 3)


def test_labels_that_count_from_one_are_told():
    with pytest.raises(ValueError, match='1 of 3 .*count from 1'):
        check_labels(listed([1, 2, 3]), 3)


def test_repeated_lines_are_counted_or_dropped():
    images = listed([0, 1, 0, 1, 0], ['a', 'b', 'a', 'c', 'a'])
    assert repeated(images).tolist() == [2, 4]
    with pytest.raises(ValueError, match="2 of 5 lines .*again: a, a.*'drop'"):
        drop_repeated(images)
    kept = drop_repeated(images, drop=True)
    assert kept.paths == ['a', 'b', 'c']
    assert kept.labels.tolist() == [0, 1, 1]


def test_list_without_repeats_stays_the_same_object():
    images = listed([0, 1])
    assert drop_repeated(images) is images


@pytest.mark.parametrize('drop', [True, False])
def test_image_with_two_labels_is_never_accepted(drop):
    images = listed([0, 1, 1], ['a', 'a', 'b'])
    with pytest.raises(ValueError, match='1 lines give an image another'):
        drop_repeated(images, drop)


def test_one_folder_for_each_class_passes():
    check_folders(listed([1, 0, 1]), sort=True)
    check_folders(listed([1, 0], ['one/a', 'one/b']), sort=True)


def test_folder_of_two_classes_is_told():
    images = listed([0, 1, 1], ['a/1', 'a/2', 'b/3'])
    with pytest.raises(ValueError, match='2 labels and 2 folders make 3'):
        check_folders(images)


def test_other_order_of_classes_is_told():
    images = listed([0, 1, 2], ['b/1', 'a/2', 'c/3'])
    check_folders(images)
    with pytest.raises(
            ValueError, match="label 0 is 'b' and label 1 is 'a' "
            r'\(1 such'):
        check_folders(images, sort=True)


def test_shared_images_are_found():
    first = listed([0, 1, 2], ['a', 'b', 'c'])
    second = listed([0, 1, 2], ['c', 'x', 'a'])
    assert shared_paths(first, second) == ['c', 'a']


def test_only_the_first_five_are_shown():
    assert first_of(range(5)) == '0, 1, 2, 3, 4'
    assert first_of(range(6)) == '0, 1, 2, 3, 4, ...'
