# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers that the paper prints, and whether they were found again.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*, Tables 1 to 7, as printed. ``doubtful`` says of some
why they cannot be what their row and column say.
"""
import csv
import functools
import math
import os.path as osp
import re
from types import SimpleNamespace
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import pandas as pd

from mmcurv.files import did_you_mean
from mmcurv.numbers import is_known, listing

FILE = osp.join(osp.dirname(osp.abspath(__file__)), 'paper_results.csv')
OF_ACCURACY = 'Table 1, Table 2, Table 3, Table 4, Table 5'
# The paper's metrics by the names of ours; accuracies go by their split.
METRIC = dict(
    curvature_variance='curvature_variance',
    pcc_curvature_accuracy='correlation')
# Spellings beyond case and punctuation, of the paper and of common use.
SPELLINGS = {
    'crossentropy': 'ce',
    'focalloss': 'focal',
    'cbloss': 'cb',
    'classbalanced': 'cb',
    'classbalancedloss': 'cb',
    'dectde': 'tde',
    'deconfoundtde': 'tde',
    'ride4experts': 'ride4',
    'ride4cmo': 'ridecmo',
    'ride4expertscmo': 'ridecmo',
    'inat18': 'inaturalist2018',
    'inat2018': 'inaturalist2018',
    'inaturalist18': 'inaturalist2018',
    'imagenet1k': 'imagenet',
}
EPOCHS = 200  # section 7.3: "all models are trained for 200 epochs"
HEAD_ABOVE, TAIL_BELOW = 100, 20  # section 7.2
GROUPS = ('head', 'middle', 'tail')
# Classes, and training images of the largest one.
DATA = dict(
    cifar10lt=(10, 5000),
    cifar100lt=(100, 500),
    cifar100=(100, 500),
    imagenetlt=(1000, 1280),
    imagenet=(1000, 1300),
    inaturalist2018=(8142, 1000))

NOT_RUN, NOT_COMPARABLE = 'not run', 'not comparable'
REPRODUCED, NOT_REPRODUCED = 'reproduced', 'not reproduced'
VERDICTS = (REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE, NOT_RUN)
POINTS = 1.  # of accuracy
HALF_WIDTH = 2.  # points; a wider interval holds almost anything
CORRELATION = 0.1
SEEDS = 3
ROUNDING = 1e-9


class PaperCell(NamedTuple):
    """A number of the paper, which names data, model and method.

    Attributes:
        table (str): Such as 'Table 1'.
        imbalance_factor (float, optional): None where the paper gives none.
        method (str): Without '+ CR'.
        metric (str): 'top1', 'curvature_variance' or
            'pcc_curvature_accuracy'.
        split (str): 'overall', 'head', 'middle' or 'tail'.
        value (float): nan where the paper prints none.
        doubtful (str): Why the number is doubtful; '' if it is not.
    """
    table: str
    dataset: str
    imbalance_factor: Optional[float]
    model: str
    method: str
    cr: bool
    metric: str
    split: str
    value: float
    doubtful: str

    @property
    def key(self) -> str:
        """str: Name of the number among ours."""
        return METRIC.get(self.metric, self.split)


def paper_cells(tables: Optional[str]) -> List[PaperCell]:
    """The numbers of 'Table 1', or of several tables with commas between; none
    for None. ValueError if the paper has no such table."""
    wanted = [name.strip() for name in (tables or '').split(',')]
    wanted = [name for name in wanted if name]
    known = list(dict.fromkeys(cell.table for cell in _read()))
    for name in wanted:
        if name not in known:
            raise ValueError(f'paper_table: the paper has no {name!r}: '
                             f'{did_you_mean(name, known)}')
    return [cell for cell in _read() if cell.table in wanted]


@functools.lru_cache(maxsize=None)
def _read() -> Tuple[PaperCell, ...]:
    with open(FILE, encoding='utf-8', newline='') as file:
        return tuple(
            PaperCell(
                row['table'], row['dataset'],
                float(row['imbalance_factor']
                      ) if row['imbalance_factor'] else None, row['backbone'],
                row['method'], row['with_cr'] == '1', row['metric'],
                row['split'], float(row['value'] or 'nan'), row['doubtful'])
            for row in csv.DictReader(file))


def canonical(name: str) -> str:
    """A name of a method, data set or model without what spellings differ in:
    'Cross Entropy' and 'CE' give 'ce', 'VGG16' and 'VGG-16' 'vgg16'."""
    plain = re.sub('[^a-z0-9]', '', name.lower())
    return SPELLINGS.get(plain, plain)


def same_name(first: str, second: str) -> bool:
    """Whether two names mean the same, see :func:`canonical`."""
    return canonical(first) == canonical(second)


def paper_target(dataset: str, imbalance_factor: Optional[float], model: str,
                 method: str, cr: bool) -> Optional[PaperCell]:
    """Find the overall accuracy that the paper prints for a config.

    All of data set, imbalance factor, model, method (without '+ CR') and CR
    have to be the paper's; names may differ in spelling, see
    :func:`canonical`. None if the paper has no such row or column, or prints
    no number there.
    """
    for cell in paper_cells(OF_ACCURACY):
        if (cell.key == 'overall' and cell.cr == cr
                and cell.imbalance_factor == imbalance_factor
                and same_name(cell.dataset, dataset)
                and same_name(cell.model, model)
                and same_name(cell.method, method)):
            return cell if is_known(cell.value) else None
    return None


def data_label(dataset: str, imbalance_factor: Optional[float]) -> str:
    """'CIFAR-10-LT, imbalance 100', or the data set alone if it is balanced.
    """
    if not is_known(imbalance_factor):
        return dataset
    return f'{dataset}, imbalance {imbalance_factor:g}'


NOTHING = dict(mean=math.nan, low=math.nan, high=math.nan, n=0)


def beside_ours(matrix: Dict[str, Any],
                ours: Sequence[SimpleNamespace]) -> pd.DataFrame:
    """Every number of the paper's tables, and every gain by CR, beside ours.

    Our cell for one of the paper has the method, no variant, and is with or
    without CR as the paper's. Where the matrix has no cell of the paper's data
    and model, one of another model or of data that the table does not have
    stands in, and the verdict says so.

    Args:
        matrix (dict): Its ``paper_table`` says which tables; may be None.
        ours (list[SimpleNamespace]): Cells without variant in the order of
            the matrix: ``method``, ``cr``, ``dataset``,
            ``imbalance_factor``, ``model``; ``state`` in words; ``records``
            of the finished runs; ``numbers``: by metric ``mean``, ``low``,
            ``high``, ``n``; ``gains``: the same of the differences from the
            cell without CR; that cell as ``plain``, or None.

    Returns:
        DataFrame: ``kind`` ('value' or 'gain'), the fields of
        :class:`PaperCell`, ``mean``, ``low``, ``high``, ``n``, ``verdict``
        and ``reason``. The ``value`` of a gain is the paper's, its mean our
        mean difference, and ``cr`` None; rows that the paper has only without
        CR have none.
    """
    papers = paper_cells(matrix.get('paper_table'))
    protocol = matrix.get('protocol') or {}
    datasets = {canonical(paper.dataset) for paper in papers}
    without_cr = {_place(paper): paper for paper in papers if not paper.cr}
    nobody = SimpleNamespace(records=[], numbers={}, gains={}, plain=None)
    values, gains = [], []
    for paper in papers:
        cell = _match(paper, ours, datasets)
        own = cell or nobody
        why = objections(paper, own, own.records, protocol)
        found = own.numbers.get(paper.key, NOTHING)
        judged = verdict(paper.value, found, paper.key, len(own.records), why)
        values.append(
            dict(
                kind='value',
                **paper._asdict(),
                **_judged(found, judged, cell)))
        base = without_cr.get(_place(paper))
        if not paper.cr or base is None:
            continue
        plain = own.plain or nobody
        why = objections(base, plain, plain.records, protocol) + why
        found = own.gains.get(paper.key, NOTHING)
        value = paper.value - base.value
        judged = gain_verdict(value, found, paper.key,
                              min(len(plain.records), len(own.records)),
                              list(dict.fromkeys(why)))
        doubts = dict.fromkeys(filter(None, (base.doubtful, paper.doubtful)))
        gains.append(
            dict(
                paper._asdict(),
                kind='gain',
                cr=None,
                value=round(value, 3),  # the printed digits, not the floats'
                doubtful='; '.join(doubts),
                **_judged(found, judged, own.plain if own.records else cell)))
    columns = ['kind', *PaperCell._fields, *NOTHING, 'verdict', 'reason']
    return pd.DataFrame(values + gains, columns=columns)


def _match(paper: PaperCell, ours: Sequence[SimpleNamespace],
           datasets: set) -> Optional[SimpleNamespace]:
    """Our cell for one of the paper: the one that is least unlike."""
    ranked = []
    for cell in ours:
        other_data = not same_name(cell.dataset, paper.dataset)
        other_factor = cell.imbalance_factor != paper.imbalance_factor
        unlike = 2 * other_data + (not same_name(cell.model, paper.model))
        # What the table has itself stands in for nothing else.
        own_place = other_data and canonical(cell.dataset) in datasets
        whole = other_data and paper.imbalance_factor is None
        if not same_name(cell.method, paper.method) or cell.cr != paper.cr:
            continue
        if own_place or (other_factor and not whole):
            continue
        if cell.records or not unlike:
            ranked.append((unlike, len(ranked), cell))
    return min(ranked)[2] if ranked else None


def _judged(found: Dict[str, Any], judged: Tuple[str, str],
            cell: Optional[SimpleNamespace]) -> Dict[str, Any]:
    said, reason = judged
    if said == NOT_RUN:
        reason = cell.state if cell else 'the matrix does not have it'
        reason = '' if reason == NOT_RUN else reason  # it would say it twice
    return dict(found, verdict=said, reason=reason)


def _place(paper: PaperCell) -> tuple:
    return (paper.table, paper.dataset, paper.imbalance_factor, paper.model,
            paper.method, paper.metric, paper.split)


def objections(paper: PaperCell, cell: Any, records: Sequence[Dict[str, Any]],
               protocol: Dict[str, Any]) -> List[str]:
    """What keeps the finished runs of a cell from being compared with the
    paper, a text for each; the ``epochs`` of the matrix's protocol stand for
    the paper's where given."""
    if not records:
        return []
    found = []
    if (same_name(cell.dataset, paper.dataset)
            and cell.imbalance_factor == paper.imbalance_factor):
        found += _other_images(paper, records)
    else:
        ours, theirs = (
            data_label(one.dataset, one.imbalance_factor)
            for one in (cell, paper))
        found.append(f'other data: {ours} instead of {theirs}')
    if not same_name(cell.model, paper.model):
        found.append(f'other model: {cell.model} instead of {paper.model}')
    protocols = [record['protocol'] for record in records]
    wanted = protocol.get('epochs', EPOCHS)
    epochs = {each.get('epochs') for each in protocols}
    if epochs - {wanted}:
        trained = listing(
            str(number) if number else 'a number of iterations'
            for number in sorted(epochs, key=lambda n: n or 0))
        found.append(f'other epochs: {trained} instead of {wanted}')
    groups = {(each.get('head_above'), each.get('tail_below'))
              for each in protocols}
    if paper.key in GROUPS and groups - {(HEAD_ABOVE, TAIL_BELOW)}:
        found.append('other groups: ' +
                     listing(f'head above {head}, tail below {tail}'
                             for head, tail in sorted(groups, key=str)) +
                     f' instead of {HEAD_ABOVE} and {TAIL_BELOW}')
    return found


def _other_images(paper: PaperCell, records: Sequence[Dict[str,
                                                           Any]]) -> List[str]:
    """The name of a data set does not say that all its images were used."""
    classes, largest = DATA[canonical(paper.dataset)]
    factor = paper.imbalance_factor
    for record in records:
        counts = (record['split'] or {}).get('class_counts')
        if counts is None:
            return ['the train split is not known']
        if len(counts) != classes:
            return [
                f'other data: {len(counts)} classes instead of '
                f'{classes:,}'
            ]
        if max(counts) != largest:
            return [
                f'other data: {max(counts):,} images of the largest '
                f'class instead of {largest:,}'
            ]
        # Rounding is no other split: 2.5 images are 2 or 3.
        if factor and abs(min(counts) - max(counts) / factor) >= 1:
            return [
                f'other data: {min(counts):,} images of the smallest '
                f'class instead of {max(counts) / factor:g}'
            ]
    return []


def verdict(value: float, found: Dict[str, Any], metric: str, finished: int,
            objections: Sequence[str]) -> Tuple[str, str]:
    """Judge one number of the paper by the rule of ``templates/notes.txt.j2``.

    Args:
        value (float): Of the paper; nan if it prints none.
        found (dict): Ours: ``mean``, ``low``, ``high``, ``n``.
        metric (str): Name of the number among our metrics.
        finished (int): Runs, or pairs of runs, that have ended.
        objections (Sequence[str]): Why the runs are not the paper's.

    Returns:
        tuple[str, str]: One of ``VERDICTS``, and the reason in words.
    """
    if not finished:
        return NOT_RUN, ''
    reasons = list(objections)
    if found['n'] < SEEDS:
        reasons.append(f'{found["n"]} of at least {SEEDS} seeds have it')
    if metric == 'curvature_variance':
        reasons.append('the paper leaves tangent dimension and unit open')
    if not is_known(value):
        reasons.append('the paper prints no value')
    if reasons:
        return NOT_COMPARABLE, '; '.join(reasons)
    away = found['mean'] - value
    side = 'above' if away > 0 else 'below'
    if metric == 'correlation':
        near = abs(away) <= CORRELATION + ROUNDING
        reason = f'{abs(away):.3f} {side} the paper'
    else:
        half = (found['high'] - found['low']) / 2
        inside = found['low'] <= value <= found['high'] and half <= HALF_WIDTH
        near = abs(away) <= POINTS + ROUNDING or inside
        reason = f'{abs(away):.2f} points {side} the paper'
        reason += ', which our interval holds' if inside else ''
    return REPRODUCED if near else NOT_REPRODUCED, reason


def gain_verdict(value: float, found: Dict[str, Any], metric: str,
                 finished: int, objections: Sequence[str]) -> Tuple[str, str]:
    """Judge a gain that the paper prints by two numbers, as :func:`verdict`.
    """
    said, reason = verdict(value, found, metric, finished, objections)
    beyond = found['low'] > 0 if value > 0 else found['high'] < 0
    if said == REPRODUCED and not beyond:
        return NOT_REPRODUCED, f'{reason}, but cannot be told from no gain'
    return said, reason
