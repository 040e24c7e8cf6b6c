# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Why runs are not those that the paper reports."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from mmcurv.audit.report.numbers import listing
from mmcurv.benchmark.figures.figure_runs import data_label
from .paper_names import canonical, same_name
from .paper_results import PaperCell

EPOCHS = 200  # section 7.3: "all models are trained for 200 epochs"
HEAD_ABOVE, TAIL_BELOW = 100, 20  # section 7.2
GROUPS = ('head', 'middle', 'tail')


class Data(NamedTuple):
    """What the train set of a data set looks like.

    Attributes:
        classes (int): C.
        largest (int): Images of the largest class.
    """
    classes: int
    largest: int


DATA = dict(
    cifar10lt=Data(10, 5000),
    cifar100lt=Data(100, 500),
    cifar100=Data(100, 500),
    imagenetlt=Data(1000, 1280),
    imagenet=Data(1000, 1300),
    inaturalist2018=Data(8142, 1000))


def objections(paper: PaperCell, cell: Dict[str, Any],
               runs: Sequence[Dict[str, Any]],
               protocol: Dict[str, Any]) -> List[str]:
    """What keeps the runs of a cell from being compared with the paper.

    Args:
        paper (PaperCell): The paper's number.
        cell (dict): Of a summary.
        runs (Sequence[dict]): Its finished runs.
        protocol (dict): Of the matrix; its ``epochs`` stand for the paper's
            where given.

    Returns:
        list[str]: One text for each; none if the runs are the paper's.
    """
    found = []
    if (same_name(cell['dataset'], paper.dataset)
            and cell['imbalance_factor'] == paper.imbalance_factor):
        found += _other_images(paper, runs)
    else:
        ours, theirs = (
            data_label(*pair)
            for pair in ((cell['dataset'], cell['imbalance_factor']),
                         (paper.dataset, paper.imbalance_factor)))
        found.append(f'other data: {ours} instead of {theirs}')
    if not same_name(cell['model'], paper.model):
        found.append(f'other model: {cell["model"]} instead of {paper.model}')
    wanted = protocol.get('epochs', EPOCHS)
    epochs = {run['record']['protocol'].get('epochs') for run in runs}
    if epochs - {wanted}:
        trained = listing(
            str(number) if number else 'a number of iterations'
            for number in sorted(epochs, key=lambda n: n or 0))
        found.append(f'other epochs: {trained} instead of {wanted}')
    groups = {(protocol.get('head_above'), protocol.get('tail_below'))
              for protocol in (run['record']['protocol'] for run in runs)}
    if paper.key in GROUPS and groups - {(HEAD_ABOVE, TAIL_BELOW)}:
        found.append('other groups: ' +
                     listing(f'head above {head}, tail below {tail}'
                             for head, tail in sorted(groups, key=str)) +
                     f' instead of {HEAD_ABOVE} and {TAIL_BELOW}')
    return found


def _other_images(paper: PaperCell, runs: Sequence[Dict[str,
                                                        Any]]) -> List[str]:
    """The name of a data set does not say that all its images were used."""
    wanted = DATA[canonical(paper.dataset)]
    for run in runs:
        counts = (run['record']['split'] or {}).get('class_counts')
        if counts is None:
            return ['the train split is not known']
        words = _differs(counts, wanted, paper.imbalance_factor)
        if words:
            return [f'other data: {words}']
    return []


def _differs(counts: Sequence[int], wanted: Data,
             factor: Optional[float]) -> str:
    if len(counts) != wanted.classes:
        return f'{len(counts)} classes instead of {wanted.classes:,}'
    if max(counts) != wanted.largest:
        return (f'{max(counts):,} images of the largest class instead of '
                f'{wanted.largest:,}')
    # Rounding is no other split: 2.5 images are 2 or 3.
    if factor is not None and abs(min(counts) - max(counts) / factor) >= 1:
        return (f'{min(counts):,} images of the smallest class instead of '
                f'{max(counts) / factor:g}')
    return ''
