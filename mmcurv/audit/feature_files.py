# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Labels, predictions, scores and features, from whatever people have."""
import os.path as osp
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmcurv.files import did_you_mean, file_sha256
from .array_files import ALSO, Arrays, as_array, read_arrays, single_array
from .feature_bank import FeatureBank, load_bank
from .result_cache import reopened

KEYS = ('features', 'labels', 'predictions', 'scores', 'confidence',
        'class_accuracy', 'train_counts', 'class_names', 'paths', 'sample_ids')
PER_SAMPLE = ('features', 'predictions', 'scores', 'confidence', 'paths',
              'sample_ids')
PER_CLASS = ('class_names', 'class_accuracy', 'train_counts')
# What others call them: not taken without being told, but asked about.
MEANT = dict(
    features=('embedding', 'embeddings', 'feats', 'x'),
    labels=('y', 'y_true', 'target', 'targets', 'true', 'ground_truth', 'gt',
            'class'),
    predictions=('pred', 'preds', 'y_pred', 'predicted', 'output', 'outputs'),
    scores=('probs', 'prob', 'softmax', 'y_score', 'logit'),
    confidence=('conf', 'confidences', 'probability', 'max_prob'))
ROUNDING = 1e-3  # a fraction of half precision may miss [0, 1] by this
CHUNK_VALUES = 1 << 22  # per pass over a memory map: 16 MiB of float32
LARGEST = 1e100  # its square is a number
NAMED = 5


def read_features(path: str,
                  drop_nan: bool = False,
                  keys: Optional[Dict[str, str]] = None,
                  files: Optional[Dict[str, str]] = None,
                  with_features: bool = True) -> FeatureBank:
    """Read a file of arrays, or the folder of a bank.

    Needed are ``labels`` (N,) and one of ``predictions`` (N,), ``scores``
    (N, C), ``class_accuracy`` (C,) and ``features`` (N, p); see
    :func:`to_bank` for all.

    Args:
        path (str): ``.csv`` or ``.parquet`` (one row per sample), ``.npz``,
            ``.safetensors``, ``.pt`` or ``.pth`` (a tensor, or tensors by
            name), ``.npy`` (features), or a folder that
            :func:`~mmcurv.audit.feature_bank.save_bank` wrote.
        drop_nan (bool): Accept features that hold NaN or infinity; they stay
            in the bank, and the audit leaves those samples out of the
            geometry and says so. Defaults to False.
        keys (dict, optional): What the file calls an array, where it is not
            as above: ``dict(features='embeddings')``. Defaults to None.
        files (dict, optional): Files of single arrays by key, such as
            ``dict(labels='labels.npy')``; names may be lines of a ``.txt`` or
            a ``.json`` list. Defaults to None.
        with_features (bool): Whether features are read. Defaults to True.

    Returns:
        FeatureBank: Its metadata hold ``feature_file`` and
        ``feature_file_sha256``, and ``unused``, names of arrays that were
        passed over.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If the file is of another kind, an array is missing, is
            not numbers, or does not fit the others, labels are out of range,
            there are no samples, features hold NaN and ``drop_nan`` is
            False, or an array under another name seems to be meant.
    """
    keys, files = dict(keys or {}), dict(files or {})
    if osp.isdir(path):
        bank = load_bank(path)
    else:
        for told in (keys, files):
            odd = sorted(set(told) - set(KEYS))
            if odd:
                raise ValueError(f'keys: expected some of {", ".join(KEYS)}, '
                                 f'got {", ".join(odd)}.')
        found = read_arrays(path)
        arrays, unused = _chosen(path, found, keys, set(files))
        for key, own in files.items():
            arrays[key] = single_array(own, key)
        if not with_features and len(set(arrays) & set(PER_SAMPLE)) > 1:
            arrays.pop('features', None)
        try:
            bank = to_bank(arrays)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None
        bank.metadata.update(
            feature_file=path,
            feature_file_sha256=file_sha256(path),
            unused=unused)
    if not len(bank.labels):
        raise ValueError(f'{path}: expected samples, got an empty set (0 '
                         'rows). Check what wrote the file.')
    if bank.features is not None and not drop_nan:
        try:
            check_finite(
                finite_rows(bank.features), bank.labels, bank.class_names)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None
    return bank


def to_bank(arrays: Arrays) -> FeatureBank:
    """Check arrays of a data set and bring each into its form.

    Args:
        arrays (dict): Arrays, tensors or sequences by name; None is absent.
            ``labels`` (N,) integers, or strings; ``predictions`` (N,) of the
            same kind; ``scores`` (N, C) logits or probabilities, in the order
            of the classes; ``confidence`` (N,) fractions; ``features``
            (N, p) floating point; ``paths`` and ``sample_ids`` (N,);
            ``class_names``, ``class_accuracy`` (fractions, nan for unknown)
            and ``train_counts``, each (C,).

    Returns:
        FeatureBank: Predictions and confidence are those of the scores where
        they are not given.

    Raises:
        ValueError: As :func:`read_features`, without the file.
    """
    arrays = {
        name: as_array(values)
        for name, values in arrays.items() if values is not None
    }
    if 'labels' not in arrays:
        raise ValueError(_missing('labels', arrays))
    size = len(arrays['labels']) if np.ndim(arrays['labels']) else 0
    if 'features' in arrays:
        size = _check_features(arrays['features'])
        if np.shape(arrays['labels'])[:1] != (size, ):
            raise ValueError(_length('labels', arrays, size, 'features has'))
    for name in PER_SAMPLE:
        if name in arrays and np.shape(arrays[name])[:1] != (size, ):
            told = 'features has' if 'features' in arrays else 'labels has'
            raise ValueError(_length(name, arrays, size, told))
    classes = {
        name: np.size(arrays[name])
        for name in PER_CLASS if name in arrays
    }
    scores = arrays.get('scores')
    if scores is not None:
        if scores.ndim != 2 or scores.dtype.kind not in 'fiu':
            raise ValueError(
                'scores: expected a logit or probability of every class, '
                f'shape (N, C), got {scores.dtype} of shape {scores.shape}. '
                'For one probability per sample give confidence and '
                'predictions.')
        classes['scores'] = scores.shape[1]
    if len(set(classes.values())) > 1:
        told = ', '.join(f'{name} has {n}' for name, n in classes.items())
        raise ValueError(f'expected one entry per class, got: {told}. Give '
                         'all of them for the same classes, in one order.')
    predictions = arrays.get('predictions')
    named = name_labels(arrays['labels'], predictions,
                        as_strings('class_names', arrays),
                        next(iter(classes.values()), None))
    bank = FeatureBank(
        features=arrays.get('features'),
        labels=named.labels,
        predictions=named.predictions,
        class_names=named.class_names,
        confidence=as_fractions('confidence', arrays),
        class_accuracy=as_fractions('class_accuracy', arrays),
        train_counts=as_counts('train_counts', arrays),
        paths=as_strings('paths', arrays),
        sample_ids=_ids(arrays),
        metadata=dict(source='features'))
    if scores is not None:
        _take_scores(bank, scores)
    known = (bank.predictions, bank.class_accuracy, bank.features)
    if all(values is None for values in known):
        raise ValueError(_missing('predictions', arrays))
    return bank


def _chosen(path: str, found: Arrays, keys: Dict[str, str],
            given: set) -> Tuple[Arrays, List[str]]:
    """Arrays by key, and the names of those that are not used."""
    names = dict(keys)
    for name in found:
        key = ALSO.get(name.lower(), name.lower())
        if key in KEYS and key not in names and name not in names.values():
            names[key] = name
    missing = [key for key, name in names.items() if name not in found]
    told = ', '.join(f'{name} {np.shape(value)}'
                     for name, value in sorted(found.items())) or 'no array'
    if missing:
        raise ValueError(f'{path}: expected {names[missing[0]]}, found '
                         f'{told}; {did_you_mean(names[missing[0]], found)}')
    unused = [name for name in found if name not in names.values()]
    have = set(names) | given
    for name in unused:
        for key, words in MEANT.items():
            near = name.lower() in words
            if near and key not in have and not (key == 'scores'
                                                 and 'predictions' in have):
                raise ValueError(
                    f'{path}: {name!r} is not used; did you mean {key}? Say '
                    f'--keys {key}={name} (keys=dict({key}={name!r})), or '
                    f'leave {name!r} out of the file.')
    if 'labels' not in have:
        raise ValueError(f'{path}: ' + _missing('labels', found))
    return {key: found[name] for key, name in names.items()}, unused


def _missing(key: str, arrays: Arrays) -> str:
    told = ', '.join(f'{name} {np.shape(value)}'
                     for name, value in sorted(arrays.items())) or 'no array'
    wanted = 'labels' if key == 'labels' else (
        'predictions, scores, class_accuracy or features beside labels')
    advice = did_you_mean(key, arrays)
    if not advice.startswith('did'):
        advice = f'store it under that name, or say keys=dict({key}=...).'
    return f'expected {wanted}, found {told}; {advice}'


def _length(name: str, arrays: Arrays, size: int, told: str) -> str:
    return (f'{name}: expected one entry per sample, {size} as {told}, got '
            f'shape {np.shape(arrays[name])}. Were they saved from different '
            'runs?')


def _check_features(features: np.ndarray) -> int:
    """Number of samples of floating-point features (N, p)."""
    if features.dtype.kind != 'f':
        raise ValueError(f'features: expected floating point numbers, got '
                         f'{features.dtype}. Convert with '
                         '.astype(np.float32).')
    if features.ndim != 2:
        raise ValueError(
            f'features: expected shape (N, p), got {features.shape}. Pool or '
            'flatten each sample to one row.')
    if not features.shape[1]:
        raise ValueError('features: expected at least one feature, got shape '
                         f'{features.shape}. Leave them out to audit the '
                         'accuracy alone.')
    return len(features)


def as_fractions(name: str, arrays: Arrays) -> Optional[np.ndarray]:
    """A vector of fractions or nan, float64; None if there is none.

    Softmax in half precision passes 1 by its rounding, which is cut off.
    """
    if name not in arrays:
        return None
    values = np.asarray(arrays[name])
    if values.ndim != 1 or values.dtype.kind not in 'fiu':
        raise ValueError(f'{name}: expected a vector of fractions, got '
                         f'{values.dtype} of shape {values.shape}.')
    if values.dtype.itemsize < 8:
        values = values.astype(str)  # 0.58 was meant, not 0.5799999833
    values = values.astype(np.float64)
    outside = ~np.isnan(values) & ~((values >= -ROUNDING) &
                                    (values <= 1 + ROUNDING))
    if outside.any():
        raise ValueError(
            f'{name}: expected fractions in [0, 1], got '
            f'{values[outside.argmax()]:g} at position {outside.argmax()} '
            f'({outside.sum()} of {values.size} lie outside). Divide per '
            'cents by 100.')
    return np.clip(values, 0, 1)


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
    if values.ndim != 1 or values.dtype.kind not in 'UOiu':
        raise ValueError(f'{name}: expected a list of strings, got '
                         f'{values.dtype} of shape {values.shape}. Store '
                         'np.array(names, dtype=str).')
    return list(map(str, values.tolist()))


def _ids(arrays: Arrays) -> Optional[List[str]]:
    ids = as_strings('sample_ids', arrays)
    if ids is not None and len(set(ids)) < len(ids):
        seen, twice = set(), []
        for one in ids:
            (twice.append if one in seen else seen.add)(one)
        raise ValueError(
            f'sample_ids: expected an id of its own for each sample, got '
            f'{twice[0]!r} and {len(twice) - 1} others more than once.')
    return ids


def _take_scores(bank: FeatureBank, scores: np.ndarray) -> None:
    """Predictions, confidence, top 5, likelihood and Brier score of them."""
    size, classes = scores.shape
    rows = np.arange(size)
    top = np.empty(size, np.int64)
    confidence, brier, nll = np.empty((3, size))
    top5 = np.empty(size, np.int64)
    step = max(1, CHUNK_VALUES // max(1, classes))
    for start in range(0, size, step):
        part = slice(start, start + step)
        values = np.asarray(scores[part], np.float64)
        odd = ~np.isfinite(values)
        if odd.any():
            raise ValueError(
                f'scores: expected finite numbers, got {odd.sum()} that are '
                f'not, the first in row {start + odd.any(1).argmax()}.')
        of_probabilities = (values.min() >= -ROUNDING) and np.allclose(
            values.sum(1), 1, atol=10 * ROUNDING)
        if not of_probabilities:
            values = values - values.max(1, keepdims=True)
            logs = values - np.log(np.exp(values).sum(1, keepdims=True))
        else:
            with np.errstate(divide='ignore'):
                logs = np.log(np.clip(values, 0, 1))
        chances, labels = np.exp(logs), bank.labels[part]
        own = rows[:len(labels)]
        top[part] = values.argmax(1)
        confidence[part] = np.minimum(chances.max(1), 1)
        better = (values > values[own, labels][:, None]).sum(1)
        top5[part] = better < 5
        nll[part] = -logs[own, labels]
        brier[part] = np.square(chances).sum(1) + 1 - 2 * chances[own, labels]
    if bank.predictions is None:
        bank.predictions = top
    if bank.confidence is None:
        bank.confidence = confidence
    bank.scores, bank.top5, bank.nll, bank.brier = scores, top5, nll, brier


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
    are; without names the classes are called '0', '1', and so on. Numbers
    that jump, such as 7000001, are names: they are mapped as strings are.

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
            name, two classes share a name, nearly every sample has a label
            of its own, or labels are strings and ``num_classes`` is given
            without ``class_names``.
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
    if names is None and num_classes is None:
        _check_not_ids(given['labels'])
    if kinds['labels'] == 'strings':
        if names is None and num_classes is not None:
            raise ValueError(
                'labels are strings, and there are arrays with one entry per '
                'class, but no class_names that tell which entry belongs to '
                'which string. Add class_names, in the order of those '
                'arrays.')
        return _map_strings(given, names)
    values = {name: array.astype(np.int64) for name, array in given.items()}
    if names is None and num_classes is None:
        together = np.unique(np.concatenate(list(values.values())))
        top = int(together[-1]) if together.size else -1
        if top >= max(1000, 10 * together.size):
            found = {
                name: np.searchsorted(together, array)
                for name, array in values.items()
            }
            return NamedLabels(found['labels'], found.get('predictions'),
                               list(map(str, together.tolist())))
        num_classes = top + 1
    if names is None:
        names = [str(c) for c in range(max(num_classes, 0))]
    for name, array in values.items():
        _check_range(name, array, len(names))
    return NamedLabels(values['labels'], values.get('predictions'), names)


def _check_not_ids(labels: np.ndarray) -> None:
    distinct = np.unique(labels).size
    if labels.size >= 1000 and distinct > labels.size / 2:
        raise ValueError(
            f'labels: expected classes, got {distinct:,} different ones in '
            f'{labels.size:,} samples. Are they ids of the samples? Give '
            'those as sample_ids, and the classes as labels.')


def _kind(name: str, values: np.ndarray) -> str:
    if values.ndim != 1:
        raise ValueError(
            f'{name}: expected one class per sample, shape (N,), got shape '
            f'{values.shape}. For scores or one-hot labels take the argmax '
            'over classes first.')
    if values.dtype.kind in 'biu':
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


def finite_rows(features: np.ndarray) -> np.ndarray:
    """Whether all features of each sample are finite.

    Args:
        features (np.ndarray): (N, p); may be a memory map, which is read in
            chunks.

    Returns:
        np.ndarray: (N,) bool.

    Raises:
        ValueError: If a feature is so large that its square is none.
    """
    finite = np.ones(len(features), bool)
    step = max(1, CHUNK_VALUES // max(1, features.shape[1]))
    for start in range(0, len(features), step):
        chunk = reopened(features)[start:start + step]
        finite[start:start + step] = np.isfinite(chunk).all(1)
        if chunk.dtype.itemsize > 4:
            largest = np.abs(chunk[finite[start:start + step]]).max(initial=0)
            if largest > LARGEST:
                raise ValueError(
                    f'features: expected numbers up to {LARGEST:g}, got '
                    f'{largest:g}, whose square is none. Divide them all by '
                    'one number.')
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
