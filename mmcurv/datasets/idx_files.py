# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The idx format of MNIST and its relatives, plain or gzip-compressed.

Two zero bytes, a type code, the number of dimensions, each size as a
big-endian 32-bit integer, then the values. Only unsigned bytes (code 8) are
read and written: images and labels of this family hold nothing else.
"""
import gzip
import io
import zlib
from pathlib import Path
from typing import Union

import numpy as np

UNSIGNED_BYTE = 8


def find_idx_file(folder: Union[str, Path], name: str) -> Path:
    """Find an idx file, extracted or as ``.gz``; the extracted one wins.

    Args:
        folder (str | Path): Where to look.
        name (str): File name, with or without ``.gz``.

    Returns:
        Path: The file that exists.

    Raises:
        FileNotFoundError: If there is neither.
    """
    plain = Path(folder).expanduser() / name.removesuffix('.gz')
    for path in (plain, plain.with_name(plain.name + '.gz')):
        if path.is_file():
            return path
    raise FileNotFoundError(
        f'found neither {plain.name} nor {plain.name}.gz in '
        f'{str(plain.parent)!r}.')


def read_idx(path: Union[str, Path]) -> np.ndarray:
    """Read an idx file of unsigned bytes.

    Args:
        path (str | Path): The file; ``.gz`` is decompressed.

    Returns:
        np.ndarray: uint8 array of the stored shape, writable.

    Raises:
        ValueError: If the file is not of this format, too short or too long,
            or its compressed bytes are damaged.
    """
    path = Path(path)
    data = path.read_bytes()
    if path.suffix == '.gz':
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f'{path} is no whole gzip file: {error}. Get it '
                             'again.') from None
    if len(data) < 4 or data[:3] != bytes([0, 0, UNSIGNED_BYTE]):
        raise ValueError(f'{path} is no idx file of unsigned bytes: it starts '
                         f'with {data[:4].hex()}, not with 000008.')
    start = 4 + 4 * data[3]
    shape = np.frombuffer(data[4:start], dtype='>u4').astype(int)
    if len(data) - start != shape.prod():
        raise ValueError(
            f'{path} should hold {shape.prod()} bytes of shape '
            f'{tuple(shape.tolist())}, but holds {len(data) - start}.')
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


def write_idx(path: Union[str, Path], array: np.ndarray) -> None:
    """Write an idx file; ``.gz`` is compressed, without a time stamp.

    Args:
        path (str | Path): The file to write. One array and one version of
            zlib give the same bytes each time.
        array (np.ndarray): uint8 array.

    Raises:
        ValueError: If ``array`` is not uint8.
    """
    path = Path(path)
    if array.dtype != np.uint8:
        raise ValueError(f'idx files hold uint8 here, but got {array.dtype}.')
    data = bytes([0, 0, UNSIGNED_BYTE, array.ndim])
    data += np.asarray(array.shape, dtype='>u4').tobytes()
    data += np.ascontiguousarray(array).tobytes()
    if path.suffix == '.gz':
        # GzipFile rather than gzip.compress, whose header names the system.
        buffer = io.BytesIO()
        with gzip.GzipFile('', 'wb', 9, buffer, mtime=0) as stream:
            stream.write(data)
        data = buffer.getvalue()
    path.write_bytes(data)
