# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from mmpretrain.datasets import LoadImageFromFile, PackInputs

from mmcurv.datasets import (ListedImages, LongTailed, class_counts,
                             split_fingerprint)
from mmcurv.datasets.lists import (ImageList, check_files, check_folders,
                                   check_labels, check_once, missing_files,
                                   read_coco_json, read_list, sampled,
                                   shared_paths)
from tests.listed_formats import (inaturalist_json, inaturalist_pairs,
                                  write_image, write_lines)

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
    monkeypatch.setattr('mmcurv.datasets.lists.print_log',
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


def test_line_that_names_an_image_again_is_told(root):
    write_lines(root / 'list.txt', [*PAIRS, PAIRS[0], PAIRS[1]])
    with pytest.raises(ValueError, match='2 of 6 lines name an image again'):
        ListedImages('list.txt', str(root))


def test_overlap_with_another_list_is_a_warning_with_the_count(root, logged):
    write_lines(root / 'test.txt', [*PAIRS[:2], ('ant/z.png', 0)])
    ListedImages('list.txt', str(root), apart_from=['test.txt'])
    assert len(logged) == 1
    assert '2 of 3 images of' in logged[0] and 'cat/a.png' in logged[0]


@pytest.mark.parametrize('option', ['check_files'])
def test_unknown_option_is_refused(root, option):
    with pytest.raises(ValueError, match=f"{option} must be .*but got 'x'"):
        ListedImages('list.txt', str(root), **{option: 'x'})


def listed(labels, paths=None):
    paths = paths or [f'c{label}/{i}.jpg' for i, label in enumerate(labels)]
    return ImageList('my.txt', paths, np.array(labels))


def test_labels_without_a_gap_pass():
    check_labels(listed([2, 0, 1, 1]), 3)


def test_gap_is_counted_and_named():
    with pytest.raises(ValueError) as error:
        check_labels(listed([0, 9, 9, 3]), 10)
    assert 'my.txt: 7 of 10 classes have no image' in str(error.value)
    assert '1, 2, 4, 5, 6 and 2 more' in str(error.value)


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


@pytest.mark.parametrize('labels, words', [
    ([0, 1, 0, 1, 0], '2 of 5 lines name an image again: a, a'),
    ([0, 1, 1, 1, 0], '1 lines give an image another label'),
])
def test_image_in_two_lines_is_told(labels, words):
    check_once(listed([0, 1]))
    with pytest.raises(ValueError, match=words):
        check_once(listed(labels, ['a', 'b', 'a', 'c', 'a']))


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


@pytest.fixture
def paths(tmp_path):
    """100 paths in two folders, of which every third file is missing."""
    paths = []
    for i in range(100):
        path = tmp_path / f'folder{i % 2}' / f'{i}.jpg'
        path.parent.mkdir(exist_ok=True)
        if i % 3:
            path.touch()
        paths.append(str(path))
    return paths


def test_missing_files_are_found_in_the_order_given(paths, tmp_path):
    assert missing_files(paths) == paths[::3]
    gone = [str(tmp_path / 'no folder' / 'a.jpg'), paths[1] + '/b.jpg']
    assert missing_files([paths[1], *gone]) == gone
    assert missing_files([]) == []


def test_sample_spreads_from_the_first_to_the_last():
    kept = sampled(list(range(1000)))
    assert len(kept) == 32 and kept[0] == 0 and kept[-1] == 999
    assert max(b - a for a, b in zip(kept, kept[1:])) == 33
    assert sampled('abc') == list('abc')


def test_error_says_how_many_are_missing_and_names_five(paths):
    with pytest.raises(FileNotFoundError) as error:
        check_files(paths, 'my.txt', 'all')
    assert 'my.txt: 34 of 100 images are missing' in str(error.value)
    assert all(path in str(error.value) for path in paths[:13:3])
    assert paths[15] not in str(error.value)


def test_sampled_check_says_what_it_looked_for(paths):
    gone = [
        path for path in sampled(paths) if int(path[-6:-4].strip('/')) % 3 == 0
    ]
    with pytest.raises(
            FileNotFoundError,
            match=f'{len(gone)} of 32 images looked for, of 100 in all'):
        check_files(paths, 'my.txt', 'some')


def test_check_can_be_left_out(paths):
    check_files(paths, 'my.txt', 'none')
    check_files([path for path in paths if path not in paths[::3]], '', 'all')


def written(tmp_path, text):
    path = tmp_path / 'list.txt'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_lines_are_paths_and_labels_in_their_order(tmp_path):
    images = read_list(written(tmp_path, 'a/b c.jpg 3\r\n\nd.jpg\t0\n'))
    assert images.paths == ['a/b c.jpg', 'd.jpg']
    assert images.labels.tolist() == [3, 0]
    assert images.labels.dtype == np.int64


@pytest.mark.parametrize('line',
                         ['d.jpg', 'd.jpg cat', 'd.jpg 1.5', f'd {10**30}'])
def test_line_without_a_whole_label_is_named(tmp_path, line):
    path = written(tmp_path, f'a.jpg 0\n{line}\nb.jpg 1\n{line}\n')
    with pytest.raises(ValueError, match=f'2 of 4.*line 2: {line!r}'):
        read_list(path)


def test_empty_list_is_refused(tmp_path):
    with pytest.raises(ValueError, match='holds no line'):
        read_list(written(tmp_path, '\n'))


def test_byte_order_mark_is_no_part_of_the_first_path(tmp_path):
    images = read_list(written(tmp_path, '\ufeffä.jpg 0\n'))
    assert images.paths == ['ä.jpg']
    record = inaturalist_json(inaturalist_pairs())
    text = '\ufeff' + json.dumps(record)
    assert len(read_coco_json(written(tmp_path, text)).paths) == 6


@pytest.mark.parametrize('encoding', ['latin-1', 'utf-16'])
@pytest.mark.parametrize('read', [read_list, read_coco_json])
def test_other_encoding_is_told(tmp_path, read, encoding):
    path = written(tmp_path, 'ä.jpg 0\n'.encode(encoding))
    with pytest.raises(ValueError, match='list.txt: expected text in UTF-8'):
        read(path)


@pytest.mark.parametrize('again', [
    './cat/a.png',
    'cat//a.png',
    'ant/../cat/a.png',
    '{root}/cat/a.png',
])
@pytest.mark.parametrize('label, words', [(1, 'name an image again: cat/a'),
                                          (0, 'another label')])
def test_image_under_two_spellings_of_its_path_is_told(root, again, label,
                                                       words):
    line = (again.format(root=root), label)
    write_lines(root / 'list.txt', [*PAIRS, line])
    with pytest.raises(ValueError, match=words):
        ListedImages('list.txt', str(root))


def test_spelling_of_a_path_does_not_change_the_fingerprint(root):
    first = split_fingerprint(ListedImages('list.txt', str(root)))
    others = [(f'./{name}', label) for name, label in PAIRS]
    write_lines(root / 'list.txt', others)
    assert split_fingerprint(ListedImages('list.txt', str(root))) == first


@pytest.mark.parametrize('labels', [[101, 205, 999, 101], [7, 10**15, 0, 1]])
def test_labels_that_are_ids_are_told(root, labels):
    paths = [name for name, _ in PAIRS]
    write_lines(root / 'list.txt', zip(paths, labels))
    with pytest.raises(ValueError, match='classes have no image.* are ids'):
        ListedImages('list.txt', str(root))


def read_json(tmp_path, record):
    text = record if isinstance(record, str) else json.dumps(record)
    return read_coco_json(written(tmp_path, text))


def test_json_joins_images_and_annotations_by_id(tmp_path):
    pairs = inaturalist_pairs()
    record = inaturalist_json(pairs)
    record['images'].reverse()
    images = read_json(tmp_path, record)
    assert list(zip(images.paths, images.labels.tolist())) == pairs
    del record['info']
    assert len(read_json(tmp_path, record).paths) == 6


@pytest.mark.parametrize('change, message', [
    (lambda r: dict(annotations=[], num_classes=3),
     'images are missing; found: annotations, num_classes'),
    (lambda r: dict(images=[], categories=[]),
     'annotations are missing.*Test'),
    (lambda r: [1], 'found: list'),
    (lambda r: '{"images": [', 'no whole JSON file'),
    (lambda r: dict(r, images=['a.jpg']), 'an entry is of another form'),
    (lambda r: dict(r, images=[dict(id=1)]), 'another form .*file_name'),
    (lambda r: dict(r, info=dict(year=2019)), 'data of 2018.*says 2019'),
    (lambda r: dict(r, annotations=r['annotations'][1:]), '6 images have 5'),
    (lambda r: dict(r, images=[], annotations=[]), '0 images have 0'),
])
def test_json_of_another_format_or_version_is_told(tmp_path, change, message):
    record = inaturalist_json(inaturalist_pairs())
    with pytest.raises(ValueError, match=message):
        read_json(tmp_path, change(record))


def test_image_that_cannot_be_decoded_is_named(root):
    pipeline = [LoadImageFromFile(), PackInputs()]
    dataset = ListedImages('list.txt', str(root), pipeline=pipeline)
    assert dataset[1]['data_samples'].gt_label.item() == 0
    for data, reason in ((b'<html>', 'its 6 bytes are no image'),
                         (b'', 'the file is empty'), (None, 'FileNotFound')):
        (root / 'cat/c.png').unlink()
        if data is not None:
            (root / 'cat/c.png').write_bytes(data)
        with pytest.raises(
                RuntimeError, match=f'cat/c.png, item 2 of 4.*{reason}'):
            dataset[2]


def test_fault_of_the_pipeline_is_not_taken_for_a_corrupt_image(root):

    def fail(data):
        raise KeyError('mine')

    with pytest.raises(KeyError, match='mine'):
        ListedImages('list.txt', str(root), pipeline=[fail])[0]
