# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Arrays by name, from the files that people have.

Nothing here unpickles: a file from a stranger can hold wrong numbers, but
cannot run code. Features of uncompressed files stay on disk.
"""
import json
import os.path as osp
import struct
import zipfile
import zlib
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

Arrays = Dict[str, Any]
# The same word in the singular, and what is as good as scores.
ALSO = dict(
    feature='features',
    label='labels',
    prediction='predictions',
    score='scores',
    logits='scores',
    probabilities='scores',
    path='paths',
    sample_id='sample_ids',
    id='sample_ids',
    ids='sample_ids',
    train_count='train_counts')
# Columns of tables that are one column of an array, by how they begin.
COLUMNS = (('feature_', 'features'), ('score_', 'scores'),
           ('logit_', 'scores'), ('prob_', 'scores'), ('probability_',
                                                       'scores'))
# What zipfile and numpy raise where an archive is not what it says.
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError)
# Formats of safetensors that numpy knows; the others are widened by torch.
MAPPED = dict(F16=np.float16, F32=np.float32, F64=np.float64)


def as_array(values: Any) -> np.ndarray:
    """An array of a tensor, a column of a table or a sequence; as it is.

    Tensors of types that numpy lacks, bfloat16 and float8, become float32.
    """
    if hasattr(values, 'detach'):
        values = values.detach().cpu()
        if values.is_floating_point() and values.dtype.itemsize < 4:
            if str(values.dtype) != 'torch.float16':
                values = values.float()
        return values.numpy()
    if hasattr(values, 'to_numpy'):
        values = values.to_numpy()
    array = np.asanyarray(values)  # a memory map stays one
    if array.dtype.kind == 'O' and array.ndim == 1:
        kinds = {type(item) for item in array.tolist()}
        if kinds and all(issubclass(kind, str) for kind in kinds):
            return array.astype(str)
        if kinds and kinds <= {int, bool}:
            return array.astype(np.int64)
        if kinds and kinds <= {list, np.ndarray, tuple}:  # parquet's vectors
            return np.stack([np.asarray(item) for item in array])
    return array


def read_arrays(path: str) -> Arrays:
    """All arrays of a file by name; see :func:`read_features`."""
    suffix = osp.splitext(path)[1].lower()
    if suffix not in READERS:
        raise ValueError(
            f'{path}: expected a file that ends in {_either(READERS)}, or '
            f'the folder of a feature bank, got {suffix or "no ending"!r}. '
            'Write the arrays with np.savez(path, features=..., '
            'labels=...).')
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: no such file.')
    with open(path, 'rb'):  # says at once that it may not be read
        pass
    return READERS[suffix](path)


def read_npz(path: str) -> Arrays:
    """Arrays of an ``.npz`` file by name.

    ``features`` of an uncompressed file (``np.savez``) are memory-mapped in
    place; a compressed one (``np.savez_compressed``) is read into memory.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError(f'{path}: expected an .npz file as np.savez writes '
                         'it, got something else or half of one. Write it '
                         'again.')
    try:
        with np.load(path, allow_pickle=False) as file:
            mapped = _map_member(path, 'features')
            arrays = {} if mapped is None else dict(features=mapped)
            for name in file.files:
                if name not in arrays:
                    arrays[name] = _member(path, file, name)
    except BROKEN as error:
        raise ValueError(f'{path}: expected an .npz file as np.savez writes '
                         f'it, got one that cannot be read ({error}). Write '
                         'it again.') from None
    return arrays


def _member(path: str, file, name: str) -> np.ndarray:
    try:
        return file[name]
    except (ValueError, TypeError) as error:
        if 'pickle' not in str(error):
            raise ValueError(f'{path}: {name} cannot be read: {error}.')
        raise ValueError(
            f'{path}: {name} is stored as Python objects, which are not '
            'loaded because they can run code. Store names as strings, '
            'np.array(names, dtype=str), and numbers as a plain array.'
        ) from None


def _map_member(path: str, name: str) -> Optional[np.ndarray]:
    """Memory map of an uncompressed member; None if it cannot be mapped.

    The header of an array can promise more than its member holds; what lies
    behind is another array's. Both are checked, as zipfile does of members
    that are read.
    """
    with zipfile.ZipFile(path) as archive:
        try:
            info = archive.getinfo(f'{name}.npy')
        except KeyError:
            return None
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        return None
    with open(path, 'rb') as file:
        file.seek(info.header_offset)
        # The local header may be padded otherwise than the central one.
        name_length, extra_length = struct.unpack('<26xHH', file.read(30))
        begin = file.seek(name_length + extra_length, 1)
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
        held = info.file_size - (start - begin)
        promised = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if held != promised:
            raise zipfile.BadZipFile(
                f'{name}.npy promises {promised} bytes of {shape} {dtype} '
                f'and holds {held}')
        file.seek(begin)
        found, left = 0, info.file_size
        while left:
            block = file.read(min(1 << 20, left))
            if not block:
                raise zipfile.BadZipFile(f'{name}.npy is cut')
            found, left = zlib.crc32(block, found), left - len(block)
        if found != info.CRC:
            raise zipfile.BadZipFile(f'{name}.npy does not have its check '
                                     'sum')
    return np.memmap(path, dtype, 'r', start, shape)


def read_safetensors(path: str) -> Arrays:
    """Tensors of a ``.safetensors`` file by name, and lists of strings.

    The format has no strings: ``class_names``, ``paths`` and string labels
    are read from the file's metadata, where each is a JSON list.
    """
    from safetensors import SafetensorError, safe_open
    arrays: Arrays = {}
    try:
        with safe_open(path, framework='pt') as file:
            for name in file.keys():
                mapped = None
                if name == 'features':
                    mapped = _map_tensor(path, name)
                if mapped is None:
                    mapped = as_array(file.get_tensor(name))
                arrays[name] = mapped
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ValueError(
            f'{path}: expected a .safetensors file, got one that cannot be '
            f'read ({error}). Write it again.') from None
    for name, text in metadata.items():
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            continue
        if isinstance(value, list) and all(
                isinstance(item, str) for item in value):
            arrays.setdefault(name, value)
    return arrays


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


def read_torch(path: str) -> Arrays:
    """A tensor, as features, or a dict of tensors and lists of strings."""
    import pickle

    import torch
    try:
        value = torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError,
            ValueError, AttributeError, IndexError, UnicodeDecodeError):
        raise ValueError(
            f'{path}: expected tensors as torch.save(dict(features=..., '
            'labels=...), path) writes them, got something that cannot be '
            'loaded as such. Other objects are not loaded, because they can '
            'run code.') from None
    if isinstance(value, torch.Tensor):
        value = dict(features=value)
    if not isinstance(value, dict) or not all(
            isinstance(item, (torch.Tensor, list, tuple))
            for item in value.values()):
        raise ValueError(f'{path}: expected a tensor or a dict of tensors '
                         f'and lists, got a {type(value).__name__}. For a '
                         'checkpoint give CONFIG CHECKPOINT.')
    return {str(name): as_array(item) for name, item in value.items()}


def read_npy(path: str) -> Arrays:
    """The array of an ``.npy`` file, as features."""
    try:
        array = np.load(path, mmap_mode='r', allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f'{path}: expected an array of numbers as np.save '
                         f'writes it, but: {error} Objects are not loaded, '
                         'because they can run code.') from None
    return dict(features=array)


def read_csv(path: str) -> Arrays:
    """Columns of a table of text; 'NA' and 'null' are names, not gaps."""
    import pandas
    try:
        with open(path, encoding='utf-8-sig') as file:
            head = file.readline()
        table = pandas.read_csv(
            path,
            sep=max(',;\t', key=head.count),
            dtype=str,
            keep_default_na=False,
            encoding='utf-8-sig')
    except (ValueError, pandas.errors.ParserError, UnicodeDecodeError) as err:
        raise ValueError(
            f'{path}: expected a table, one row per sample under a line of '
            f'column names, got one that cannot be read ({err}).') from None
    columns = {name: _typed(table[name]) for name in table}
    return _joined(columns)


def read_parquet(path: str) -> Arrays:
    """Columns of a table of pyarrow."""
    import pandas
    try:
        table = pandas.read_parquet(path)
    except ImportError:
        raise ValueError(f'{path}: a .parquet file is read by pyarrow. pip '
                         'install pyarrow, or write a .csv.') from None
    except (ValueError, OSError) as error:
        raise ValueError(f'{path}: expected a .parquet file, got one that '
                         f'cannot be read ({error}).') from None
    return _joined({name: as_array(table[name]) for name in table})


READERS = {
    '.csv': read_csv,
    '.parquet': read_parquet,
    '.npz': read_npz,
    '.npy': read_npy,
    '.pt': read_torch,
    '.pth': read_torch,
    '.safetensors': read_safetensors
}


def _typed(column) -> np.ndarray:
    """Texts of a column as integers or numbers, where all of them are."""
    texts = column.str.strip().to_numpy().astype(str)
    for kind in (np.int64, np.float64):
        try:
            filled = np.where(texts == '', 'nan', texts)
            return filled.astype(kind)
        except (ValueError, OverflowError):
            continue
    return texts


def _joined(columns: Arrays) -> Arrays:
    """Columns score_0, score_1, ... as one array, and their classes' names.

    Columns that are named by numbers stand in their order; others name the
    classes.
    """
    found = {}
    for start, key in COLUMNS:
        own = [name for name in columns if name.startswith(start)]
        if key in found or len(own) < 2:
            continue
        ends = [name[len(start):] for name in own]
        if all(end.isdigit() for end in ends):
            own = [name for _, name in sorted(zip(map(int, ends), own))]
        elif key == 'scores':
            found.setdefault('class_names', np.array(ends))
        try:
            found[key] = np.stack([columns.pop(name) for name in own],
                                  1).astype(np.float64)
        except ValueError:
            raise ValueError(f'expected numbers in the columns {start}..., '
                             'got text.') from None
    return {**columns, **found}


def single_array(path: str, key: str):
    """The one array of a file; lines of text are names."""
    suffix = osp.splitext(path)[1].lower()
    if suffix in ('.txt', '.json'):
        with open(path, encoding='utf-8') as file:
            text = file.read()
        try:
            value = json.loads(text) if suffix == '.json' else (
                text.splitlines())
        except json.JSONDecodeError as error:
            raise ValueError(f'{path}: no JSON list ({error}).') from None
        return as_array(value if suffix == '.json' else _typed_list(value))
    arrays = read_arrays(path)
    if len(arrays) > 1:
        own = [name for name in arrays if ALSO.get(name, name) == key]
        if len(own) != 1:
            raise ValueError(f'{path}: expected one array for {key}, found '
                             f'{", ".join(sorted(arrays))}.')
        return arrays[own[0]]
    return next(iter(arrays.values()))


def _typed_list(texts: List[str]) -> np.ndarray:
    try:
        return np.array(texts).astype(np.int64)
    except ValueError:
        return np.array(texts)


def _either(names: Sequence[str]) -> str:
    names = list(names)
    return f'{", ".join(names[:-1])} or {names[-1]}'
