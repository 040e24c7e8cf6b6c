# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which of our cells stands beside a number of the paper."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from mmcurv.benchmark.collecting.alike import cell_key, runs_by_cell
from .paper_names import canonical, same_name
from .paper_protocol import objections
from .paper_results import PaperCell, paper_cells


class Match(NamedTuple):
    """Our cell for one of the paper.

    Attributes:
        cell (dict, optional): Of the summary; None if there is none.
        runs (list[dict]): Its finished runs.
        objections (list[str]): Why these are not the paper's.
    """
    cell: Optional[Dict[str, Any]]
    runs: List[Dict[str, Any]]
    objections: List[str]


class OurCells:
    """Finds our cell for one of the paper.

    It has the method, no variant, and is with or without CR as the paper's.
    Where the matrix has no cell of the paper's data and model, one of another
    model or of data that the table does not have stands in, to be marked.

    Args:
        collection (dict): Runs of a matrix with their records.
        cells (list[dict]): Of its summary.
    """

    def __init__(self, collection: Dict[str, Any],
                 cells: Sequence[Dict[str, Any]]) -> None:
        self.matrix = collection['matrix']
        self.papers = paper_cells(self.matrix['paper_table'])
        self._cells = [cell for cell in cells if not cell['variant']]
        self._runs = runs_by_cell(
            [run for run in collection['runs'] if run['state'] == 'done'])
        self._datasets = {canonical(paper.dataset) for paper in self.papers}

    def match(self, paper: PaperCell) -> Match:
        """Find our cell for one of the paper.

        Args:
            paper (PaperCell): A number of the paper.

        Returns:
            Match: What we have of it.
        """
        ranked = []
        for cell in self._cells:
            unlike = self._unlike(paper, cell)
            if unlike is not None:
                ranked.append((unlike, len(ranked), cell))
        return self.judge(paper, min(ranked)[2] if ranked else None)

    def judge(self, paper: PaperCell, cell: Optional[dict]) -> Match:
        """Take the runs of a cell, and say why they are not the paper's.

        Args:
            paper (PaperCell): A number of the paper.
            cell (dict, optional): Of the summary.

        Returns:
            Match: What we have of it.
        """
        runs = self._runs.get(cell_key(cell), []) if cell else []
        if not runs:
            return Match(cell, [], [])
        protocol = self.matrix.get('protocol') or {}
        return Match(cell, runs, objections(paper, cell, runs, protocol))

    def _unlike(self, paper: PaperCell, cell: dict) -> Optional[int]:
        """0 for the paper's own cell, more for one that stands in, None for
        another one."""
        if (not same_name(cell['method'], paper.method)
                or bool(cell['cr']) != paper.cr):
            return None
        other_data = not same_name(cell['dataset'], paper.dataset)
        unlike = 2 * other_data + (not same_name(cell['model'], paper.model))
        if other_data and canonical(cell['dataset']) in self._datasets:
            return None
        if (cell['imbalance_factor'] != paper.imbalance_factor
                and not (other_data and paper.imbalance_factor is None)):
            return None
        if unlike and not self._runs.get(cell_key(cell)):
            return None
        return unlike
