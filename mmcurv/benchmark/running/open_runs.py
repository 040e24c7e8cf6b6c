# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What of a matrix is still to be trained, and in which order."""
from typing import List, NamedTuple, Optional, Sequence

from mmcurv.benchmark.matrices.broken_configs import broken_configs
from mmcurv.benchmark.matrices.spec_config import spec_stages
from mmcurv.benchmark.matrix import RunSpec
from mmcurv.benchmark.states.run_state import OPEN, run_state
from mmcurv.engine.config_options import UsageError
from .planned_run import PlannedRun
from .run_command import run_command

# What is trained elsewhere is waited for from the start; what has begun is
# finished before anything new begins.
FIRST = ('running', 'partial')


class OpenRuns(NamedTuple):
    """What of a matrix is still to be trained.

    Attributes:
        runs (list[PlannedRun]): In the order of the starts.
        done (int): Number of runs that have ended.
        without_config (int): Number of runs that cannot be trained yet.
    """
    runs: List[PlannedRun]
    done: int
    without_config: int


def open_runs(specs: Sequence[RunSpec],
              script: Optional[str] = None) -> OpenRuns:
    """Check every run before one is started.

    Args:
        specs (Sequence[RunSpec]): Runs of a matrix in its order.
        script (str, optional): Training script. Defaults to None, which is
            ``tools/train.py``.

    Returns:
        OpenRuns: Begun runs first, then in the order of the matrix.

    Raises:
        UsageError: If a config is broken, or a folder holds what is not of
            its run; names all of them.
    """
    configured = [spec for spec in specs if spec.config is not None]
    broken = broken_configs(configured, build=True)
    unreadable = {config for config, _ in broken}
    states = [(spec, run_state(spec)) for spec in configured
              if spec.config_words not in unreadable]
    lines = [f'  {config}: {reason}' for config, reason in broken]
    lines += [
        f'  {spec.folder}: {state.reason}' for spec, state in states
        if state.kind != 'done' and state.kind not in OPEN
    ]
    if lines:
        raise UsageError('\n'.join(
            ['nothing was started, because of:', *lines]))
    still = [(spec, state) for spec, state in states if state.kind in OPEN]
    still.sort(key=lambda entry: _rank(entry[1].kind))
    return OpenRuns([
        PlannedRun(spec, run_command(spec, script), state.epochs,
                   spec_stages(spec)) for spec, state in still
    ],
                    len(states) - len(still),
                    len(specs) - len(configured))


def _rank(kind: str) -> int:
    return FIRST.index(kind) if kind in FIRST else len(FIRST)
