# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Arrays of ``.npz`` and ``.safetensors`` files; the large one stays on disk.

Nothing here unpickles: a file from a stranger can hold wrong numbers, but
cannot run code.
"""
import json
import struct
import zipfile
import zlib
from typing import Dict, List, Optional, Union

import numpy as np

Arrays = Dict[str, Union[np.ndarray, List[str]]]
LARGE = 'features'
# What zipfile and numpy raise where an archive is not what it says.
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError)
# Formats of safetensors that numpy knows; bfloat16 is widened by torch.
MAPPED = dict(F16=np.float16, F32=np.float32, F64=np.float64)


def read_npz(path: str) -> Arrays:
    """Arrays of an ``.npz`` file by name.

    ``features`` of an uncompressed file (``np.savez``) are memory-mapped in
    place; a compressed one (``np.savez_compressed``) is read into memory.

    Args:
        path (str): The file.

    Returns:
        dict[str, np.ndarray]: Every array of the file.

    Raises:
        ValueError: If the file is no ``.npz`` or holds pickled objects.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f'{path}: expected an .npz file as np.savez writes '
                         'it, got something else or half of one. Write it '
                         'again.')
    try:
        with np.load(path, allow_pickle=False) as file:
            mapped = _map_member(path, LARGE)
            arrays = {} if mapped is None else {LARGE: mapped}
            for name in file.files:
                if name not in arrays:
                    arrays[name] = _member(path, file, name)
    except BROKEN as error:
        raise ValueError(f'{path}: expected an .npz file as np.savez writes '
                         f'it, got one that cannot be read ({error}). Write '
                         'it again.') from None
    return arrays


def read_safetensors(path: str) -> Arrays:
    """Tensors of a ``.safetensors`` file by name, and lists of strings.

    The format has no strings: ``class_names``, ``paths`` and string labels
    are read from the file's metadata, where each is a JSON list.

    Args:
        path (str): The file.

    Returns:
        dict: Name to array, or to the list of strings of the metadata.

    Raises:
        ValueError: If the file cannot be read.
    """
    from safetensors import SafetensorError, safe_open
    arrays: Arrays = {}
    try:
        with safe_open(path, framework='pt') as file:
            for name in file.keys():
                mapped = _map_tensor(path, name) if name == LARGE else None
                if mapped is None:
                    tensor = file.get_tensor(name)
                    if str(tensor.dtype) == 'torch.bfloat16':
                        tensor = tensor.float()
                    mapped = tensor.numpy()
                arrays[name] = mapped
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f'{path}: expected a .safetensors file, got one that cannot be '
            f'read ({error}). Write it again.') from None
    for name, text in metadata.items():
        strings = _string_list(text)
        if strings is not None:
            arrays.setdefault(name, strings)
    return arrays


def _member(path: str, file, name: str) -> np.ndarray:
    try:
        return file[name]
    except ValueError as error:
        if 'pickle' not in str(error):
            raise ValueError(f'{path}: {name} cannot be read: {error}.')
        raise ValueError(
            f'{path}: {name} is stored as Python objects, which are not '
            'loaded because they can run code. Store names as strings, '
            'np.array(names, dtype=str), and numbers as a plain array.'
        ) from None


def _map_member(path: str, name: str) -> Optional[np.ndarray]:
    """Memory map of an uncompressed member; None if it cannot be mapped."""
    with zipfile.ZipFile(path) as archive:
        try:
            info = archive.getinfo(f'{name}.npy')
        except KeyError:
            return None
    if info.compress_type != zipfile.ZIP_STORED:
        return None
    with open(path, 'rb') as file:
        file.seek(info.header_offset)
        # The local header may be padded otherwise than the central one.
        name_length, extra_length = struct.unpack('<26xHH', file.read(30))
        file.seek(name_length + extra_length, 1)
        try:
            version = np.lib.format.read_magic(file)
            if version not in ((1, 0), (2, 0)):
                return None
            read_header = getattr(np.lib.format,
                                  f'read_array_header_{version[0]}_0')
            shape, fortran, dtype = read_header(file)
        except ValueError:  # no array; whoever reads it in full says so
            return None
        start = file.tell()
    if dtype.hasobject or fortran or 0 in shape:
        return None
    return np.memmap(path, dtype, 'r', start, shape)


def _map_tensor(path: str, name: str) -> Optional[np.ndarray]:
    """Memory map of a tensor that numpy has a format for, else None."""
    with open(path, 'rb') as file:
        length, = struct.unpack('<Q', file.read(8))
        entry = json.loads(file.read(length))[name]
    if entry['dtype'] not in MAPPED or 0 in entry['shape']:
        return None
    dtype = np.dtype(MAPPED[entry['dtype']]).newbyteorder('<')
    start = 8 + length + entry['data_offsets'][0]
    return np.memmap(path, dtype, 'r', start, tuple(entry['shape']))


def _string_list(text: str) -> Optional[List[str]]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return None
    is_list = isinstance(value, list) and all(
        isinstance(item, str) for item in value)
    return value if is_list else None
