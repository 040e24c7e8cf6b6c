# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What runs wrote about their classes, epoch by epoch, in one record."""
import glob
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmcurv.files import check_record, read_json

RUN, AUDIT, COLLECTION = 'run', 'audit', 'collection'
# Schema to the versions that are understood here, and what it holds.
KNOWN = {
    'mmcurv.geometry': ((1, 2), None),
    'mmcurv.class_accuracy': ((1, ), None),
    'mmcurv.split': ((1, ), None),
    'mmcurv.run_histories': ((1, ), RUN),
    'mmcurv.audits_of_run': ((1, 2), RUN),
    'mmcurv.audit': ((1, 2), AUDIT),
    'mmcurv.collection': ((2, ), COLLECTION),
}


def read_record(path: str) -> Dict[str, Any]:
    """A record of one of the schemas above.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it holds no such record, or one of a version that this
            program does not know.
    """
    record = read_json(path, 'a record')
    schema = record.get('schema') if isinstance(record, dict) else None
    if schema not in KNOWN:
        raise ValueError(f'{path}: expected a record of schema '
                         f'{" or ".join(KNOWN)}, got {str(schema)[:40]!r}.')
    check_record(record, path, schema, KNOWN[schema][0])
    return record


def split_name(path: str) -> Tuple[str, str]:
    """('a', 'b') of 'a=b'; else the last part of the path is the name."""
    name, equals, rest = path.partition('=')
    if not equals or osp.exists(path):
        return osp.basename(osp.normpath(path)), path
    return name, rest


def kind_of(path: str) -> Optional[str]:
    """What a path holds: 'run', 'audit' or 'collection'.

    Args:
        path (str): A folder or file, or ``NAME=PATH``.

    Returns:
        str | None: None if it is none of the three.

    Raises:
        ValueError: If it is a file that is no record, see
            :func:`read_record`.
    """
    path = split_name(path)[1]
    if osp.isfile(path):
        return KNOWN[read_record(path)['schema']][1]
    if osp.isfile(osp.join(path, 'audit.json')):
        return AUDIT
    if osp.isdir(osp.join(path, 'geometry')) or osp.isfile(
            osp.join(path, AUDITS)):
        return RUN
    return None


HISTORIES = 'mmcurv.run_histories'
AUDITS = 'audits.json'  # where audits of a run's checkpoints are listed
NUMBERS = ('train_loss', 'train_objective', 'seconds', 'share_of_training')
SETTINGS = ('layer', 'options', 'max_per_class', 'subset_seed', 'num_points',
            'feature_dim')
REMEDY = (
    'Train a run that writes them, for example\n  python tools/train.py '
    'configs/geometry/resnet18_fashion-6k.py\nand give its work folder. The '
    'run needs the hook mmcurv.GeometryMonitorHook and the metric '
    'mmcurv.ClassFairness.')


def measure(paths: Sequence[str]) -> Dict[str, Any]:
    """Histories of runs, for the figures over epochs.

    Args:
        paths (Sequence[str]): Each a work folder with
            ``geometry/epoch_*.json`` and, for correlations,
            ``class_accuracy/epoch_*.json``; or what ``analyze_curvature.py
            --work-dir`` wrote, its folder or its list of audits; or a file
            that this function's record was written to. ``NAME=PATH`` names a
            run.

    Returns:
        dict: A record with ``runs``, see :func:`read_history`.

    Raises:
        FileNotFoundError: If a path has no such records, or none is given.
        ValueError: If a name is given to a file of several runs.
    """
    if not paths:
        raise FileNotFoundError(f'expected work folders of runs, got none. '
                                f'{REMEDY}')
    runs = []
    for path in paths:
        name, folder = split_name(path)
        listed = [folder, osp.join(folder, AUDITS)]
        audits = next(filter(is_audited_run, listed), None)
        if audits:
            runs.append(history_of_audits(audits, name))
        elif osp.isfile(folder):
            runs.extend(_read_file(folder, name if folder != path else None))
        else:
            runs.append(read_history(folder, name))
    return dict(schema=HISTORIES, schema_version=1, runs=runs)


def read_history(folder: str, name: str) -> Dict[str, Any]:
    """One run's records of every epoch that its geometry was measured in.

    Args:
        folder (str): Work folder of the run.
        name (str): How figures call it.

    Returns:
        dict: ``epochs`` (E), ``classes``, ``accuracy`` (E, C) as fractions,
        nan in epochs and classes that were not tested, ``test_count`` (C) of
        the last evaluation, each measure (E, C), each number of the run (E),
        ``settings`` and ``split``.

    Raises:
        FileNotFoundError: If there is no record of the geometry.
    """
    from mmcurv.engine.geometry_record import MEASURES
    geometry = records_by_epoch(folder, 'geometry')
    if not geometry:
        raise FileNotFoundError(f'expected {folder}/geometry/epoch_*.json, '
                                f'found none. {REMEDY}')
    accuracy = records_by_epoch(folder, 'class_accuracy')
    epochs = sorted(geometry)
    last = geometry[epochs[-1]]
    size = len(last['curvature'])
    history = dict(
        name=name,
        epochs=epochs,
        classes=last.get('classes') or [str(c) for c in range(size)],
        settings={key: last.get(key)
                  for key in SETTINGS},
        split=_read_split(osp.join(folder, 'split.json')),
        test_count=evaluated_counts(accuracy[max(accuracy)])
        if accuracy else None,
        accuracy=[
            class_accuracies(accuracy[e]) if e in accuracy else _nans(size)
            for e in epochs
        ])
    for key in MEASURES:
        history[key] = [_floats(geometry[e].get(key), size) for e in epochs]
    for key in NUMBERS:
        history[key] = [_floats([geometry[e].get(key)], 1)[0] for e in epochs]
    return history


def array(history: Dict[str, Any], key: str) -> np.ndarray:
    """An entry of a history as float64; what is unknown is nan.

    Args:
        history (dict): Of :func:`read_history`, also after JSON, in which
            None stands for nan.
        key (str): Such as 'curvature'.

    Returns:
        np.ndarray: Shape (E, C) or (E,).
    """
    values = np.array(history[key], dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def records_by_epoch(folder: str, kind: str) -> Dict[int, Dict[str, Any]]:
    """Records of a run by the number of their epoch.

    Args:
        folder (str): Work folder of the run.
        kind (str): 'geometry' or 'class_accuracy'.

    Returns:
        dict[int, dict]: Empty if there is none.
    """
    paths = glob.glob(osp.join(glob.escape(folder), kind, 'epoch_*.json'))
    return {
        int(osp.basename(path)[len('epoch_'):-len('.json')]): read_record(path)
        for path in paths
    }


def class_accuracies(record: Dict[str, Any]) -> List[float]:
    """Accuracies (C,) as fractions of a ClassFairness record, nan if none."""
    return [
        row['correct'] /
        row['test_count'] if row['test_count'] else float('nan')
        for row in record['classes']
    ]


def evaluated_counts(record: Dict[str, Any]) -> List[int]:
    """Test images (C,) of a ClassFairness record."""
    return [row['test_count'] for row in record['classes']]


def known_array(history: Dict[str, Any], key: str) -> np.ndarray:
    """An entry of a history that a figure cannot do without.

    Args:
        history (dict): Of :func:`read_history`.
        key (str): Such as 'separation'.

    Returns:
        np.ndarray: As :func:`array`.

    Raises:
        ValueError: If the run recorded nothing of the kind.
    """
    if key in history:
        values = array(history, key)
        if np.isfinite(values).any():
            return values
    raise ValueError(
        f'expected {key!r} in the records of run {history["name"]!r}, found '
        f'it in none of {len(history["epochs"])} epochs. {REMEDY}')


def _read_file(path: str, name: Optional[str]) -> List[Dict[str, Any]]:
    record = read_record(path)
    if record.get('schema') != HISTORIES:
        raise FileNotFoundError(
            f'expected schema {HISTORIES!r} in {path}, got '
            f'{record.get("schema")!r}. {REMEDY}')
    if name is None:
        return record['runs']
    if len(record['runs']) != 1:
        raise ValueError(f'expected one run in {path} to call {name!r}, found '
                         f'{len(record["runs"])}. Leave {name}= out.')
    return [dict(record['runs'][0], name=name)]


def _read_split(path: str) -> Dict[str, Any]:
    return read_record(path) if osp.isfile(path) else {}


def _floats(values, size: int) -> List[float]:
    if values is None:  # a record of an older schema
        return _nans(size)
    return [float('nan') if v is None else float(v) for v in values]


def _nans(size: int) -> List[float]:
    return [float('nan')] * size


def history_of_audits(path: str, name: str) -> Dict[str, Any]:
    """What :func:`read_history` gives, from audits.

    Args:
        path (str): List of audits that ``tools/analyze_curvature.py
            --work-dir`` wrote; the audits stand beside it.
        name (str): How figures call the run.

    Returns:
        dict: A history. The audits know no training loss: it is nan.

    Raises:
        ValueError: If the checkpoints are not those of epochs, or the audits
            are not of the same classes.
    """
    from mmcurv.engine.geometry_record import MEASURES
    record = read_record(path)
    if record['kind'] != 'epoch':
        raise ValueError(
            f'expected checkpoints of epochs in {path}, got those of '
            f'iterations ({record["kind"]}): the figures are over epochs.')
    checkpoints = sorted(record['checkpoints'], key=lambda c: c['number'])
    audits = [
        read_record(osp.join(osp.dirname(path), checkpoint['audit']))
        for checkpoint in checkpoints
    ]
    classes = [[row['name'] for row in audit['classes']] for audit in audits]
    if any(names != classes[0] for names in classes):
        raise ValueError(f'expected audits of the same classes in {path}. '
                         'Audit the checkpoints of one run again.')
    last = audits[-1]
    facts = last['provenance']
    history = dict(
        name=name,
        epochs=[checkpoint['number'] for checkpoint in checkpoints],
        classes=classes[0],
        settings=dict(
            layer=facts['layer'],
            options=facts['options'],
            num_points=facts['num_features'],
            feature_dim=facts['feature_dim']),
        split={},
        test_count=_counts(last['classes']))
    for key in ('accuracy', *MEASURES):
        history[key] = [_column(audit['classes'], key) for audit in audits]
    unknown = [float('nan')] * len(audits)
    return dict(history, train_loss=unknown, train_objective=unknown)


def is_audited_run(path: str) -> bool:
    """Whether a file is a record of such audits."""
    return osp.isfile(path) and read_record(path).get(
        'schema') == 'mmcurv.audits_of_run'


def _counts(rows: List[dict]) -> Any:
    counts = [row['test_count'] for row in rows]
    return None if any(count is None for count in counts) else counts


def _column(rows: List[dict], key: str) -> List[float]:
    return np.array([row[key] for row in rows], dtype=float).tolist()
