# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The number of the paper that a config aims at."""
from typing import Optional

from mmcurv.audit.report.numbers import is_known
from .paper_names import same_name
from .paper_results import PaperCell, paper_cells

TABLES = 'Table 1, Table 2, Table 3, Table 4, Table 5'  # of accuracies


def paper_target(dataset: str, imbalance_factor: Optional[float], model: str,
                 method: str, cr: bool) -> Optional[PaperCell]:
    """Find the overall accuracy that the paper prints for a config.

    All of data set, imbalance factor, model, method and CR have to be the
    paper's; names may differ in spelling, see
    :func:`~mmcurv.benchmark.paper.paper_names.canonical`.

    Args:
        dataset (str): Such as 'CIFAR-100-LT'.
        imbalance_factor (float, optional): None where the paper gives none.
        model (str): Such as 'ResNet-32'.
        method (str): Without '+ CR'.
        cr (bool): With Curvature Regularization.

    Returns:
        PaperCell, optional: None if the paper has no such row or column, or
        prints no number there.
    """
    for cell in paper_cells(TABLES):
        if (cell.key == 'overall' and cell.cr == cr
                and cell.imbalance_factor == imbalance_factor
                and same_name(cell.dataset, dataset)
                and same_name(cell.model, model)
                and same_name(cell.method, method)):
            return cell if is_known(cell.value) else None
    return None
