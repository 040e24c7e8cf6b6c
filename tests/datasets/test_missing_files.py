# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.datasets.missing_files import check_files, missing_files, sampled


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
