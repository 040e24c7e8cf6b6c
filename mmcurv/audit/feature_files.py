# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Features, labels and predictions from files of other programs.

Nothing here unpickles: a file from a stranger can hold wrong numbers, but
cannot run code. The large array stays on disk.
"""
import difflib
import json
import os.path as osp
import struct
import zipfile
import zlib
from typing import Dict, List, NamedTuple, Optional, Sequence, Union

import numpy as np

from mmcurv.files import file_sha256
from .class_reader import reopened
from .feature_bank import FeatureBank, load_bank

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


def check_length(name: str, arrays: Arrays, length: int, item: str) -> None:
    """Raise ValueError unless an array, if present, has that length."""
    if name in arrays and np.shape(arrays[name])[:1] != (length, ):
        raise ValueError(
            f'{name}: expected one entry per {item}, {length} as features '
            f'has, got shape {np.shape(arrays[name])}. Were they saved from '
            'different runs?')


def as_numbers(name: str, values) -> np.ndarray:
    """Floating point numbers, as they are; ValueError for others."""
    array = np.asanyarray(values)  # a memory map stays one
    if array.dtype.kind != 'f':
        raise ValueError(f'{name}: expected floating point numbers, got '
                         f'{array.dtype}. Convert with '
                         '.astype(np.float32).')
    return array


def as_fractions(name: str, arrays: Arrays) -> Optional[np.ndarray]:
    """A vector of fractions or nan, float64; None if there is none."""
    if name not in arrays:
        return None
    values = np.asarray(arrays[name])
    if values.ndim != 1 or values.dtype.kind not in 'fiu':
        raise ValueError(f'{name}: expected a vector of fractions, got '
                         f'{values.dtype} of shape {values.shape}.')
    if values.dtype.itemsize < 8:
        values = values.astype(str)  # 0.58 was meant, not 0.5799999833
    values = values.astype(np.float64)
    outside = ~np.isnan(values) & ~((values >= 0) & (values <= 1))
    if outside.any():
        raise ValueError(
            f'{name}: expected fractions in [0, 1], got '
            f'{values[outside.argmax()]:g} at position {outside.argmax()} '
            f'({outside.sum()} of {values.size} lie outside). Divide per '
            'cents by 100.')
    return values


def as_counts(name: str, arrays: Arrays) -> Optional[np.ndarray]:
    """A vector of counts, int64; None if there is none."""
    if name not in arrays:
        return None
    values = np.asarray(arrays[name])
    if values.ndim != 1 or values.dtype.kind not in 'iu':
        raise ValueError(f'{name}: expected a vector of integers, got '
                         f'{values.dtype} of shape {values.shape}. Cast '
                         'whole numbers with .astype(np.int64).')
    values = values.astype(np.int64)
    if (values < 0).any():
        raise ValueError(f'{name}: expected counts of at least 0, got '
                         f'{values.min()} for class {values.argmin()}.')
    return values


def as_strings(name: str, arrays: Arrays) -> Optional[List[str]]:
    """A list of strings; None if there is none."""
    if name not in arrays:
        return None
    values = np.asarray(arrays[name])
    if values.dtype.kind == 'S':
        values = np.char.decode(values, 'utf-8')
    if values.ndim != 1 or values.dtype.kind not in 'UO':
        raise ValueError(f'{name}: expected a list of strings, got '
                         f'{values.dtype} of shape {values.shape}. Store '
                         'np.array(names, dtype=str).')
    return values.tolist()


class NamedLabels(NamedTuple):
    """Class indices and what the classes are called.

    Attributes:
        labels (np.ndarray): (N,) int64 in [0, C).
        predictions (np.ndarray, optional): (N,) int64 in [0, C).
        class_names (list[str]): The C names.
    """
    labels: np.ndarray
    predictions: Optional[np.ndarray]
    class_names: List[str]


def name_labels(labels: np.ndarray,
                predictions: Optional[np.ndarray] = None,
                class_names: Optional[List[str]] = None,
                num_classes: Optional[int] = None) -> NamedLabels:
    """Map labels to 0..C-1 and give every class its name.

    Strings are mapped by ``class_names``; without them the classes are the
    sorted strings of labels and predictions together. Integers stay as they
    are; without names the classes are called '0', '1', and so on.

    Args:
        labels (np.ndarray): (N,) integers or strings.
        predictions (np.ndarray, optional): (N,) of the same kind. Defaults to
            None.
        class_names (list[str], optional): C names, no two the same. Defaults
            to None.
        num_classes (int, optional): C, where it is known from elsewhere.
            Defaults to None: the largest label or prediction plus one.

    Returns:
        NamedLabels: Indices and names.

    Raises:
        ValueError: If labels are neither integers nor strings, one kind of
            them is not that of the other, a label is out of range or has no
            name, two classes share a name, or labels are strings and
            ``num_classes`` is given without ``class_names``.
    """
    given = dict(labels=np.asarray(labels))
    if predictions is not None:
        given['predictions'] = np.asarray(predictions)
    kinds = {name: _kind(name, values) for name, values in given.items()}
    if len(set(kinds.values())) > 1:
        raise ValueError(
            f'expected labels and predictions of one kind, got labels that '
            f'are {kinds["labels"]} and predictions that are '
            f'{kinds["predictions"]}. Store both as integers or both as '
            'strings.')
    names = None if class_names is None else list(map(str, class_names))
    if names is not None and len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(
            f'class_names: expected a name of its own for each class, got '
            f'{", ".join(map(repr, twice[:5]))} more than once. Rename them.')
    if kinds['labels'] == 'strings':
        if names is None and num_classes is not None:
            raise ValueError(
                'labels are strings, and there are arrays with one entry per '
                'class, but no class_names that tell which entry belongs to '
                'which string. Add class_names, in the order of those '
                'arrays.')
        return _map_strings(given, names)
    values = {name: array.astype(np.int64) for name, array in given.items()}
    if names is None:
        top = max(
            (int(array.max()) for array in values.values() if array.size),
            default=-1)
        size = top + 1 if num_classes is None else num_classes
        names = [str(c) for c in range(max(size, 0))]
    for name, array in values.items():
        _check_range(name, array, len(names))
    return NamedLabels(values['labels'], values.get('predictions'), names)


def _kind(name: str, values: np.ndarray) -> str:
    if values.ndim != 1:
        raise ValueError(
            f'{name}: expected one class per sample, shape (N,), got shape '
            f'{values.shape}. For scores or one-hot labels take the argmax '
            'over classes first.')
    if values.dtype.kind in 'iu':
        return 'integers'
    if values.dtype.kind in 'US':
        return 'strings'
    raise ValueError(f'{name}: expected integers or strings, got '
                     f'{values.dtype}. Cast whole numbers with '
                     '.astype(np.int64).')


def _map_strings(given: dict, names: Optional[List[str]]) -> NamedLabels:
    texts = {
        name:
        np.char.decode(array, 'utf-8') if array.dtype.kind == 'S' else array
        for name, array in given.items()
    }
    if names is None:
        names = np.unique(np.concatenate(list(texts.values()))).tolist()
    place = {name: c for c, name in enumerate(names)}
    values = {}
    for name, array in texts.items():
        distinct, inverse = np.unique(array, return_inverse=True)
        unknown = [text for text in distinct.tolist() if text not in place]
        if unknown:
            raise ValueError(
                f'{name}: expected strings that are among the {len(names)} '
                f'class_names, got {len(unknown)} that are not: '
                f'{", ".join(map(repr, unknown[:5]))}. Add them to '
                'class_names or correct their spelling.')
        index = np.array([place[text] for text in distinct.tolist()], np.int64)
        values[name] = index[inverse] if index.size else inverse
    return NamedLabels(values['labels'], values.get('predictions'), names)


def _check_range(name: str, values: np.ndarray, num_classes: int) -> None:
    outside = (values < 0) | (values >= num_classes)
    if not outside.any():
        return
    low, high = int(values.min()), int(values.max())
    if low == 1 and high == num_classes:
        advice = 'They seem to count from 1: subtract 1.'
    else:
        advice = ('Give a name (class_names) to every class, or number the '
                  'classes 0..C-1.')
    raise ValueError(
        f'{name}: expected integers in [0, {num_classes}), but '
        f'{int(outside.sum())} of {values.size} lie outside (min {low}, max '
        f'{high}). {advice}')


CHUNK_VALUES = 1 << 22  # per pass over a memory map: 16 MiB of float32
NAMED = 5


def finite_rows(features: np.ndarray) -> np.ndarray:
    """Whether all features of each sample are finite.

    Args:
        features (np.ndarray): (N, p); may be a memory map, which is read in
            chunks.

    Returns:
        np.ndarray: (N,) bool.
    """
    finite = np.ones(len(features), bool)
    step = max(1, CHUNK_VALUES // max(1, features.shape[1]))
    for start in range(0, len(features), step):
        chunk = reopened(features)[start:start + step]
        finite[start:start + step] = np.isfinite(chunk).all(1)
    return finite


def check_finite(finite: np.ndarray, labels: np.ndarray,
                 class_names: Sequence[str]) -> None:
    """Raise ValueError that counts the samples that are not finite.

    Args:
        finite (np.ndarray): (N,) bool.
        labels (np.ndarray): (N,) int64.
        class_names (Sequence[str]): C names.
    """
    if finite.all():
        return
    raise ValueError(
        f'features: {describe_unusable(finite, labels, class_names)}. Find '
        'out where they come from (an overflow in half precision is the '
        'usual source), or leave these samples out with --drop-nan '
        '(drop_nan=True).')


def describe_unusable(finite: np.ndarray, labels: np.ndarray,
                      class_names: Sequence[str]) -> str:
    """'7 of 900 samples hold NaN or infinity, in 1 class: cat (7)'."""
    bad = labels[~finite]
    count = np.bincount(bad, minlength=len(class_names))
    worst = np.argsort(-count, kind='stable')
    worst = worst[count[worst] > 0]
    named = ', '.join(f'{class_names[c]} ({count[c]})' for c in worst[:NAMED])
    more = f' and {len(worst) - NAMED} more' if len(worst) > NAMED else ''
    classes = 'class' if len(worst) == 1 else 'classes'
    return (f'{len(bad)} of {len(labels)} samples hold NaN or infinity, in '
            f'{len(worst)} {classes}: {named}{more}')


def classes_unusable(finite: np.ndarray, labels: np.ndarray) -> List[int]:
    """Classes that have a sample that is not finite, ascending."""
    return np.unique(labels[~finite]).tolist()


READERS = {'.npz': read_npz, '.safetensors': read_safetensors}
REQUIRED = ('features', 'labels')
KEYS = REQUIRED + ('predictions', 'confidence', 'class_accuracy',
                   'train_counts', 'class_names', 'paths')
PER_SAMPLE = ('labels', 'predictions', 'confidence', 'paths')
PER_CLASS = ('class_names', 'class_accuracy', 'train_counts')


def read_features(path: str,
                  drop_nan: bool = False,
                  keys: Optional[Dict[str, str]] = None) -> FeatureBank:
    """Read a features file, or the folder of a bank.

    A file holds ``features`` (N, p) and ``labels`` (N,), and may hold
    ``predictions`` (N,), ``confidence`` (N,), ``class_accuracy`` (C,),
    ``train_counts`` (C,), ``class_names`` (C,) and ``paths`` (N,). Labels may
    be strings, see :func:`~mmcurv.audit.feature_files.name_labels`. Other
    arrays are passed over.

    Args:
        path (str): ``.npz``, ``.safetensors``, or a folder that
            :func:`~mmcurv.audit.feature_bank.save_bank` wrote.
        drop_nan (bool): Accept features that hold NaN or infinity; they stay
            in the bank, and the audit leaves those samples out of the
            geometry and says so. Defaults to False.
        keys (dict, optional): What the file calls an array, where it is not
            as above: ``dict(features='embeddings')``. Defaults to None.

    Returns:
        FeatureBank: Its metadata hold ``feature_file`` and
        ``feature_file_sha256``. Features stay on disk where the file is not
        compressed.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is of another kind, an array is missing, is
            not numbers, or does not fit the others, labels are out of range,
            there are no samples, or features hold NaN and ``drop_nan`` is
            False.
    """
    if osp.isdir(path):
        bank = load_bank(path)
    else:
        bank = _read_file(path, keys or {})
    if not len(bank.features):
        raise ValueError(f'{path}: expected samples, got an empty set (0 '
                         'rows of features). Check what wrote the file.')
    if not drop_nan:
        try:
            check_finite(
                finite_rows(bank.features), bank.labels, bank.class_names)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None
    return bank


def _read_file(path: str, keys: Dict[str, str]) -> FeatureBank:
    suffix = osp.splitext(path)[1].lower()
    if suffix not in READERS:
        raise ValueError(
            f'{path}: expected a file that ends in {" or ".join(READERS)}, or '
            f'the folder of a feature bank, got {suffix or "no ending"!r}. '
            'Write the arrays with np.savez(path, features=..., '
            'labels=...).')
    if not osp.isfile(path):
        raise FileNotFoundError(f'{path}: no such file.')
    unknown = sorted(set(keys) - set(KEYS))
    if unknown:
        raise ValueError(f'keys: expected some of {", ".join(KEYS)}, got '
                         f'{", ".join(unknown)}.')
    found = READERS[suffix](path)
    names = {key: keys.get(key, key) for key in KEYS}
    _check_present(path, found, names, list(REQUIRED) + list(keys))
    arrays = {key: found[name] for key, name in names.items() if name in found}
    try:
        return _to_bank(arrays, path)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None


def _to_bank(arrays: Arrays, path: str) -> FeatureBank:
    features = as_numbers('features', arrays['features'])
    if features.ndim != 2:
        raise ValueError(
            f'features: expected shape (N, p), got {features.shape}. Pool or '
            'flatten each sample to one row.')
    for name in PER_SAMPLE:
        check_length(name, arrays, features.shape[0], 'sample')
    classes = {
        name: np.size(arrays[name])
        for name in PER_CLASS if name in arrays
    }
    if len(set(classes.values())) > 1:
        told = ', '.join(f'{name} has {n}' for name, n in classes.items())
        raise ValueError(f'expected one entry per class, got: {told}. Give '
                         'all of them for the same classes, in one order.')
    named = name_labels(arrays['labels'], arrays.get('predictions'),
                        as_strings('class_names', arrays),
                        next(iter(classes.values()), None))
    confidence = as_fractions('confidence', arrays)
    return FeatureBank(
        features=features,
        labels=named.labels,
        predictions=named.predictions,
        class_names=named.class_names,
        confidence=confidence,
        class_accuracy=as_fractions('class_accuracy', arrays),
        train_counts=as_counts('train_counts', arrays),
        paths=as_strings('paths', arrays),
        metadata=dict(
            source='features',
            feature_file=path,
            feature_file_sha256=file_sha256(path)))


def _check_present(path: str, found: Arrays, names: Dict[str, str],
                   required: List[str]) -> None:
    missing = [key for key in required if names[key] not in found]
    if not missing:
        return
    shapes = ', '.join(f'{name} {np.shape(value)}'
                       for name, value in sorted(found.items()))
    advice = f'Store it under that name, or say keys=dict({missing[0]}=...).'
    close = difflib.get_close_matches(names[missing[0]], found, 1)
    if close:
        advice = (f'Is it {close[0]!r}? Then store it as '
                  f'{names[missing[0]]!r}, or say '
                  f'keys=dict({missing[0]}={close[0]!r}).')
    raise ValueError(
        f'{path}: expected {" and ".join(names[key] for key in missing)}, '
        f'found {shapes or "no array"}. {advice}')
