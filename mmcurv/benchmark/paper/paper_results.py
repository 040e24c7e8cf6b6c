# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers that the paper prints.

Ma et al., *Predicting and Enhancing the Fairness of DNNs with the Curvature
of Perceptual Manifolds*, Tables 1 to 7, as printed. ``doubtful`` says of some
why they cannot be what their row and column say.
"""
import csv
import functools
import os.path as osp
from typing import List, NamedTuple, Optional, Tuple

from mmcurv.files import did_you_mean

FILE = osp.join(
    osp.dirname(osp.dirname(osp.abspath(__file__))), 'paper_results.csv')
# The paper's metrics by the names of ours; accuracies go by their split.
METRIC = dict(
    curvature_variance='curvature_variance',
    pcc_curvature_accuracy='correlation')


class PaperCell(NamedTuple):
    """A number of the paper.

    Attributes:
        table (str): Such as 'Table 1'.
        dataset (str): As the paper calls it.
        imbalance_factor (float, optional): None where the paper gives none.
        model (str): As the paper calls it.
        method (str): As the paper calls it, without '+ CR'.
        cr (bool): With Curvature Regularization.
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
        """str: Name of the number among our metrics."""
        return METRIC.get(self.metric, self.split)


def paper_cells(tables: Optional[str]) -> List[PaperCell]:
    """The numbers of one or several tables.

    Args:
        tables (str, optional): 'Table 1', or several with commas between
            them; None for no table.

    Returns:
        list[PaperCell]: In the order of the paper.

    Raises:
        ValueError: If the paper has no such table.
    """
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
        return tuple(_cell(row) for row in csv.DictReader(file))


def _cell(row: dict) -> PaperCell:
    factor = row['imbalance_factor']
    return PaperCell(
        table=row['table'],
        dataset=row['dataset'],
        imbalance_factor=float(factor) if factor else None,
        model=row['backbone'],
        method=row['method'],
        cr=row['with_cr'] == '1',
        metric=row['metric'],
        split=row['split'],
        value=float(row['value'] or 'nan'),
        doubtful=row['doubtful'])
