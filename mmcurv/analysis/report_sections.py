# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Parts of the report as texts and lists, ready for the template."""
import os
import os.path as osp
from typing import Dict, List, Tuple

import numpy as np

from .measure_figure import OFF_TREND
from .measures import MEASURES, column
from .words import (ABSENT, clean, count, interval, is_known, number, percent,
                    plural, probability, signed)

SUMMARY = (
    ('overall', 'All test images', percent,
     'Share of all test images that are correct; Wilson interval.'),
    ('class_mean', 'Class mean', percent,
     'Mean of the class accuracies; every class counts the same.'),
    ('head', 'Head', percent,
     'Classes with more than {head_above} training images.'),
    ('middle', 'Middle', percent,
     'Classes with {tail_below} to {head_above} training images.'),
    ('tail', 'Tail', percent,
     'Classes with fewer than {tail_below} training images.'),
    ('worst_10pct', 'Worst tenth', percent,
     'Mean accuracy of the worst tenth of the classes.'),
    ('worst_class', 'Worst class', percent, 'The lowest class accuracy.'),
    ('variance', 'Variance', number,
     'Population variance of the class accuracies, as fractions.'),
    ('gini', 'Gini', number,
     'Gini coefficient of the class accuracies; 0 if all are equal.'),
    ('bias', 'Bias', number,
     'Largest class accuracy over the smallest plus 0.01, minus 1.'),
)
PROVENANCE = dict(
    model='Model',
    config='Config',
    checkpoint='Checkpoint',
    checkpoint_sha256='Checkpoint SHA-256',
    epoch='Epoch',
    feature_file='Feature file',
    feature_file_sha256='Feature file SHA-256',
    layer='Layer',
    pooling='Pooling of maps',
    geometry_split='Geometry from split',
    geometry_fingerprint='Fingerprint of the geometry split',
    accuracy_split='Accuracy from split',
    accuracy_fingerprint='Fingerprint of the accuracy split',
    accuracy_source='Accuracy taken from',
    num_classes='Classes',
    num_features='Feature vectors',
    feature_dim='Features per vector',
    nearest_manifold_candidates='Candidates for the nearest manifold',
    mmcurv='mmcurv',
    torch='PyTorch',
    created='Made')
ALWAYS_STATED = ('geometry_split', 'accuracy_split')


def summary_cells(audit: dict) -> List[dict]:
    """The strip of main numbers with their intervals.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: ``label``, ``meaning``, ``value``, ``interval``, ``note``
        (who entered) and ``bar`` (low, value, high as fractions, or None).
    """
    facts = audit['provenance']
    limits = dict(
        head_above=facts.get('head_above', 100),
        tail_below=facts.get('tail_below', 20))
    cells = []
    for key, label, show, meaning in SUMMARY:
        entry = audit['summary'].get(key) or {}
        if not is_known(entry.get('value')):
            continue
        low, high = entry.get('low'), entry.get('high')
        ends = interval(low, high, show)
        bar = None
        if show is percent:
            known = is_known(low) and is_known(high)
            bar = (low, entry['value'],
                   high) if known else (entry['value'], ) * 3
        cells.append(
            dict(
                label=label,
                meaning=meaning.format(**limits),
                value=show(entry['value']),
                interval='' if ends == ABSENT else ends,
                note=_entered(audit, key),
                bar=bar))
    return cells


def _entered(audit: dict, key: str) -> str:
    entry = audit['summary'][key]
    if key == 'worst_class' and entry.get('name') is not None:
        return clean(entry['name'], 40)
    if key == 'overall':
        images = np.nansum(column(audit, 'test_count'))
        return plural(int(images), 'image')
    entered, size = entry.get('entered') or 0, entry.get('classes')
    if size is not None and size != entered:
        return f'{entered:,} of {plural(size, "class", "classes")}'
    return plural(entered, 'class', 'classes')


def correlation_rows(audit: dict) -> List[dict]:
    """One line per measure: its correlations with class accuracy.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts by field of the record, with ``label`` and
        ``meaning``; ``pearson_ends`` and ``spearman_ends`` are intervals.
    """
    rows = []
    for key, measure in MEASURES.items():
        found = audit.get('correlation', {}).get(key)
        if not found:
            continue
        row = dict(label=measure.label, meaning=measure.meaning)
        for kind in ('pearson', 'spearman'):
            row[kind] = signed(found.get(kind))
            row[f'{kind}_p'] = probability(found.get(f'{kind}_p'))
            row[f'{kind}_ends'] = interval(
                found.get(f'{kind}_low'), found.get(f'{kind}_high'), signed)
            row[f'partial_{kind}'] = signed(found.get(f'partial_{kind}'))
        row['partial_p'] = probability(found.get('partial_p'))
        row['entered'] = count(found.get('entered'))
        rows.append(row)
    return rows


def off_trend_rows(audit: dict, most: int = 12) -> Dict[str, list]:
    """Classes far above and far below what their curvature predicts.

    Args:
        audit (dict): Audit record.
        most (int): Of each kind. Defaults to 12.

    Returns:
        dict: ``above`` and ``below``, each a list of (name, residual).
    """
    residual = column(audit, 'off_trend')
    with np.errstate(invalid='ignore'):
        sides = dict(above=residual >= OFF_TREND, below=residual <= -OFF_TREND)
    result = {}
    for side, members in sides.items():
        places = np.flatnonzero(members)
        places = places[np.argsort(-np.abs(residual[places]))][:most]
        result[side] = [(clean(audit['classes'][c]['name'],
                               60), signed(residual[c], 1)) for c in places]
    return result


def confusion_rows(audit: dict) -> List[dict]:
    """Pairs of classes that are taken for each other.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts, and ``width`` in [0, 1] for a bar.
    """
    return [
        dict(
            true=clean(pair['true_name']),
            predicted=clean(pair['predicted_name']),
            count=count(pair.get('count')),
            share=percent(pair.get('share')),
            width=pair.get('share') or 0,
            separation=number(pair.get('separation')))
        for pair in audit.get('confusions') or []
    ]


def subject(facts: dict) -> str:
    """What was audited, in a word: the config, the features' file, else the
    model.

    Args:
        facts (dict): ``provenance`` of an audit.

    Returns:
        str: Never empty.
    """
    config = osp.splitext(osp.basename(str(facts.get('config') or '')))[0]
    file = osp.basename(str(facts.get('feature_file') or ''))
    return config or file or str(facts.get('model') or 'classifier')


def two_subjects(a: dict, b: dict) -> Tuple[str, str]:
    """What was compared; what bears one name is told apart by its file.

    Args:
        a (dict): ``provenance`` of an audit.
        b (dict): Of the other.

    Returns:
        tuple: Two names, which may still be the same.
    """
    first, second = subject(a), subject(b)
    if first != second:
        return first, second
    files = (
        str(f.get('checkpoint') or f.get('feature_file') or '')
        for f in (a, b))
    ends = ('/'.join(file.split(os.sep)[-2:]) for file in files)
    return tuple(f'{first} ({end})' if end else first for end in ends)


def provenance_rows(facts: dict) -> List[tuple]:
    """Where the numbers come from, what is not known left out.

    Args:
        facts (dict): ``provenance`` of an audit.

    Returns:
        list[tuple]: (label, text).
    """
    rows = [(label, clean(facts.get(key) or 'not stated', 400))
            for key, label in PROVENANCE.items()
            if facts.get(key) is not None or key in ALWAYS_STATED]
    options = facts.get('options') or {}
    text = ', '.join(f'{key} = {value}' for key, value in options.items())
    return rows + [('Options of the geometry', clean(text, 400) or ABSENT)]
