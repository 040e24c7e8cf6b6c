# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np

from mmcurv.audit.feature_files import finite_rows
from mmcurv.audit.result_cache import arrays_key, reopened

BYTES = 2**28


def resident_file_bytes():
    """Pages of files that this process holds in memory."""
    with open('/proc/self/status') as file:
        for line in file:
            if line.startswith('RssFile'):
                return int(line.split()[1]) * 1024
    raise AssertionError('no RssFile in /proc/self/status')


def mapped(tmp_path):
    return np.lib.format.open_memmap(
        str(tmp_path / 'f.npy'),
        mode='w+',
        dtype=np.float32,
        shape=(BYTES // 4096, 1024))


def test_map_is_opened_anew_with_the_same_values(tmp_path):
    array = mapped(tmp_path)
    array[:3] = np.arange(3)[:, None]
    again = reopened(array)
    assert again is not array and not again.flags.writeable
    np.testing.assert_array_equal(again[:5], array[:5])


def test_part_of_a_map_and_an_array_in_memory_stay_what_they_are(tmp_path):
    part = mapped(tmp_path)[5:]
    assert reopened(part) is part
    array = np.ones(3)
    assert reopened(array) is array


def test_check_and_hash_of_a_map_hold_no_more_of_it_than_a_part(tmp_path):
    mapped(tmp_path)
    array = np.load(tmp_path / 'f.npy', mmap_mode='r')
    before = resident_file_bytes()
    assert finite_rows(array).all()
    assert len(arrays_key(array)) == 64
    assert resident_file_bytes() - before < BYTES / 4
