# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The cells of a matrix: what repetitions with other seeds have in common."""
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmcurv.benchmark.matrix import RunSpec
from mmcurv.benchmark.states.run_state import KINDS, OPEN, RunState
from .estimate_run import Estimate, seconds_left


class PlanRun(NamedTuple):
    """A run, how it stands, and what it takes.

    Attributes:
        spec (RunSpec): The run.
        state (RunState): How it stands.
        estimate (Estimate): What it takes.
    """
    spec: RunSpec
    state: RunState
    estimate: Estimate

    @property
    def seconds_left(self) -> Optional[float]:
        """float | None: 0 if no one will train it, None if unknown."""
        return seconds_left(self.state, self.estimate)


class Total(NamedTuple):
    """Several runs together.

    Attributes:
        states (dict[str, int]): Runs by state, without zeros.
        open (int): Runs that are still to be trained.
        seconds (float): Time left of the runs whose time is known, one after
            another.
        unknown (int): Open runs whose time is not known.
        pool_and_weights (int, optional): The largest of the runs; None if
            that of no run is known.
    """
    states: Dict[str, int]
    open: int
    seconds: float
    unknown: int
    pool_and_weights: Optional[int]


def by_cell(runs: Sequence[PlanRun]) -> List[List[PlanRun]]:
    """Group runs that differ in their seeds only.

    Args:
        runs (Sequence[PlanRun]): Of one matrix.

    Returns:
        list[list[PlanRun]]: In the order of the first run of each.
    """
    cells: Dict[Tuple, List[PlanRun]] = {}
    for run in runs:
        cells.setdefault(run.spec.cell, []).append(run)
    return list(cells.values())


def total(runs: Sequence[PlanRun]) -> Total:
    """Add up runs.

    Args:
        runs (Sequence[PlanRun]): Of any matrices.

    Returns:
        Total: Their sums.
    """
    kinds = [run.state.kind for run in runs]
    left = [run.seconds_left for run in runs]
    sizes = [
        run.estimate.pool_and_weights for run in runs
        if run.estimate.pool_and_weights is not None
    ]
    return Total(
        states={kind: kinds.count(kind)
                for kind in KINDS if kind in kinds},
        open=sum(kind in OPEN for kind in kinds),
        seconds=sum(seconds for seconds in left if seconds is not None),
        unknown=left.count(None),
        pool_and_weights=max(sizes, default=None))


def number_ranges(numbers: Sequence[int]) -> str:
    """'0–2, 5': whole numbers with neighbours joined.

    Args:
        numbers (Sequence[int]): In any order.

    Returns:
        str: In ascending order.
    """
    spans: List[List[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ', '.join(
        str(first) if first == last else f'{first}–{last}'
        for first, last in spans)
