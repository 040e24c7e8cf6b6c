# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.datasets.image_list import ImageList, read_list, write_list


def written(tmp_path, text):
    path = tmp_path / 'list.txt'
    path.write_text(text)
    return path


def test_lines_are_paths_and_labels_in_their_order(tmp_path):
    images = read_list(written(tmp_path, 'a/b c.jpg 3\r\n\nd.jpg\t0\n'))
    assert images.paths == ['a/b c.jpg', 'd.jpg']
    assert images.labels.tolist() == [3, 0]
    assert images.labels.dtype == np.int64
    assert images.num_classes is None and len(images) == 2


def test_written_list_is_read_back(tmp_path):
    images = ImageList('x', ['b.jpg', 'a b.jpg'], np.array([1, 0]))
    back = read_list(written(tmp_path, write_list(images)))
    assert back.paths == images.paths
    assert back.labels.tolist() == images.labels.tolist()


def test_part_keeps_the_order_asked_for():
    images = ImageList('x', list('abc'), np.arange(3), 3)
    part = images.part(np.array([2, 0]))
    assert part.paths == ['c', 'a'] and part.labels.tolist() == [2, 0]
    assert part.num_classes == 3


@pytest.mark.parametrize('line', ['d.jpg', 'd.jpg cat', 'd.jpg 1.5'])
def test_line_without_a_whole_label_is_named(tmp_path, line):
    path = written(tmp_path, f'a.jpg 0\n{line}\nb.jpg 1\n{line}\n')
    with pytest.raises(ValueError, match=f'2 of 4.*line 2: {line!r}'):
        read_list(path)


def test_empty_list_is_refused(tmp_path):
    with pytest.raises(ValueError, match='holds no line'):
        read_list(written(tmp_path, '\n'))
