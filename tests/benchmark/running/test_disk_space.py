# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import shutil
from collections import namedtuple

import pytest

from mmcurv.benchmark.running.disk_space import AT_LEAST, lack_of_space

Usage = namedtuple('Usage', 'total used free')


@pytest.fixture
def free(monkeypatch):
    """Set the free bytes of every disk."""

    def set_free(size):
        monkeypatch.setattr(shutil, 'disk_usage',
                            lambda path: Usage(10**12, 0, size))

    return set_free


def test_two_hundred_megabytes_are_needed(tmp_path, free):
    free(AT_LEAST)
    assert lack_of_space(tmp_path, [tmp_path]) is None
    free(AT_LEAST - 10**6)
    assert lack_of_space(tmp_path, [tmp_path]) == (
        f'199 MB are free in {tmp_path}, and 200 MB must be for another run '
        'to start')


def test_ten_of_the_largest_checkpoints_are_needed(tmp_path, free):
    for name, size in (('a', 10**6), ('b', 3 * 10**7)):
        (tmp_path / name).mkdir()
        with open(tmp_path / name / 'epoch_7.pth', 'wb') as file:
            file.truncate(size)
    folders = [tmp_path / 'a', tmp_path / 'b', tmp_path / 'not yet']
    free(3 * 10**8)
    assert lack_of_space(tmp_path, folders) is None
    free(3 * 10**8 - 1)
    assert '300 MB must be' in lack_of_space(tmp_path, folders)
