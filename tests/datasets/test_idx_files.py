# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import gzip

import numpy as np
import pytest

from mmcurv.datasets.idx_files import find_idx_file, read_idx, write_idx

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize('name', ['x-idx3-ubyte', 'x-idx3-ubyte.gz'])
def test_written_array_is_read_back(tmp_path, name):
    write_idx(tmp_path / name, ARRAY)
    np.testing.assert_array_equal(read_idx(tmp_path / name), ARRAY)


def test_written_bytes_are_the_format_of_mnist(tmp_path):
    write_idx(tmp_path / 'x', ARRAY)
    assert (tmp_path / 'x').read_bytes() == bytes([
        0, 0, 8, 3,  # unsigned bytes, three dimensions
        0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4,  # big-endian sizes
        *range(24)
    ])  # yapf: disable


def test_compressed_file_has_no_time_stamp_and_no_name(tmp_path):
    for name in ('a.gz', 'b.gz'):
        write_idx(tmp_path / name, ARRAY)
    first = (tmp_path / 'a.gz').read_bytes()
    assert first == (tmp_path / 'b.gz').read_bytes()
    assert first[3:8] == bytes(5)  # no flags, time stamp 0


def test_read_array_can_be_written_to(tmp_path):
    write_idx(tmp_path / 'x', ARRAY)
    assert read_idx(tmp_path / 'x').flags.writeable


def test_other_types_are_not_written(tmp_path):
    with pytest.raises(ValueError, match='uint8 here, but got int64'):
        write_idx(tmp_path / 'x', np.arange(3, dtype=np.int64))


@pytest.mark.parametrize('data', [b'', b'PK\3\4', bytes([0, 0, 13, 1])])
def test_file_of_another_format_is_refused(tmp_path, data):
    (tmp_path / 'x').write_bytes(data)
    with pytest.raises(ValueError, match='no idx file of unsigned bytes'):
        read_idx(tmp_path / 'x')


@pytest.mark.parametrize('change', [lambda x: x[:-1], lambda x: x + b'.'])
def test_file_of_wrong_length_is_refused(tmp_path, change):
    write_idx(tmp_path / 'x', ARRAY)
    data = (tmp_path / 'x').read_bytes()
    (tmp_path / 'x').write_bytes(change(data))
    with pytest.raises(ValueError, match='should hold 24 bytes'):
        read_idx(tmp_path / 'x')


@pytest.mark.parametrize('change', [
    lambda x: x[:-4], lambda x: b'PK' + x[2:],
    lambda x: x[:12] + bytes(8) + x[20:]
])
def test_damaged_compressed_file_is_refused_as_one(tmp_path, change):
    path = tmp_path / 'x.gz'
    write_idx(path, ARRAY)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match='x.gz is no whole gzip file'):
        read_idx(path)


def test_file_is_found_extracted_or_compressed(tmp_path):
    compressed, plain = tmp_path / 'x.gz', tmp_path / 'x'
    compressed.write_bytes(gzip.compress(b''))
    assert find_idx_file(tmp_path, 'x') == compressed
    plain.write_bytes(b'')
    for name in ('x', 'x.gz'):
        assert find_idx_file(str(tmp_path), name) == plain


def test_missing_file_is_named_with_its_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"x nor x.gz in '{tmp_path}"):
        find_idx_file(tmp_path, 'x.gz')
