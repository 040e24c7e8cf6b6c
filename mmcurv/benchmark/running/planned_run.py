# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A run of a matrix, ready to be started.

Nothing heavy is imported, so a job on a cluster starts at once.
"""
from typing import List, NamedTuple, Optional, Sequence

from mmcurv.benchmark.matrix import RunSpec
from mmcurv.engine.stages.config import ONE_STAGE, StageEpochs


class PlannedRun(NamedTuple):
    """A run of a matrix, ready to be started.

    Attributes:
        spec (RunSpec): What is trained, and where.
        command (list[str]): Command line of the training from its start.
        epochs (int, optional): Epochs of the whole training; None if the
            config does not say.
        stages (Sequence[StageEpochs]): Of the training; one by default.
    """
    spec: RunSpec
    command: List[str]
    epochs: Optional[int] = None
    stages: Sequence[StageEpochs] = ONE_STAGE

    @property
    def folder(self) -> str:
        """Work folder."""
        return self.spec.folder


class Ending(NamedTuple):
    """How one attempt at a run ended.

    Attributes:
        run (PlannedRun): The run.
        kind (str): 'done', 'failed', 'stopped' before its end, or 'running'
            in another process, which was left alone.
        reason (str): What there is to say about it, on one line. Defaults
            to ''.
    """
    run: PlannedRun
    kind: str
    reason: str = ''
