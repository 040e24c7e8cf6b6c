# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which stages are still to be trained, and from where."""
import os.path as osp
from typing import List, NamedTuple, Optional, Sequence

from mmcurv.engine.config_options import UsageError
from .stage_list import Stage, placeholders
from .stage_state import StageState

AUTO = 'auto'


class StageStep(NamedTuple):
    """What is done with a stage.

    Attributes:
        action (str): 'skip' what has ended, 'resume' what was interrupted, or
            'start' anew.
        checkpoint (str, optional): That of 'resume'. Defaults to None.
    """
    action: str
    checkpoint: Optional[str] = None


def plan_steps(states: Sequence[StageState],
               resume: Optional[str] = None) -> List[StageStep]:
    """What is done with each stage.

    Args:
        states (Sequence[StageState]): How far each is.
        resume (str, optional): 'auto' goes on in the first stage that has not
            ended; so does a path, from that checkpoint, in the stage that it
            lies in. Defaults to None: all stages start anew.

    Returns:
        list[StageStep]: One for each stage. After a stage that goes on or
        starts, all others start.

    Raises:
        UsageError: If the path is in no stage's folder, or an earlier stage
            has not ended.
    """
    if resume is None:
        return [StageStep('start')] * len(states)
    if resume == AUTO:
        begun = [state.finished for state in states].index(False)
        latest = states[begun].checkpoint
    else:
        begun, latest = _stage_of(states, resume), resume
        state = states[begun]
        if state.finished and _same(resume, state.checkpoint):
            begun, latest = begun + 1, None  # that stage is over
    first = StageStep('start') if latest is None else StageStep(
        'resume', latest)
    after = len(states) - begun - 1
    return [*[StageStep('skip')] * begun, first, *[StageStep('start')] * after]


def check_steps(stages: Sequence[Stage], states: Sequence[StageState],
                steps: Sequence[StageStep]) -> None:
    """Check that the checkpoints are there that the steps begin with.

    Args:
        stages (Sequence[Stage]): The stages.
        states (Sequence[StageState]): How far each is.
        steps (Sequence[StageStep]): What is done with each.

    Raises:
        UsageError: If a file is missing that no step writes.
    """
    skipped = {
        state.name: state.checkpoint
        for state, step in zip(states, steps) if step.action == 'skip'
    }
    for stage, step in zip(stages, steps):
        needed = [*placeholders(stage.changes)]
        if step.action == 'start' and stage.weights is not None:
            needed.append(stage.weights)
        if step.action == 'skip':
            continue
        for name in needed:
            path = skipped.get(name, '')
            if path is None or (path and not osp.isfile(path)):
                raise UsageError(
                    f'stage {stage.name!r} needs the last checkpoint of stage '
                    f'{name!r}, which has ended, but there is no '
                    f'{path or "checkpoint"}; restore the file, or train all '
                    'stages anew, without --resume')
        if step.action == 'resume' and not osp.isfile(step.checkpoint):
            raise UsageError(
                f'stage {stage.name!r} would go on from {step.checkpoint!r}, '
                'which last_checkpoint in its folder names, but there is no '
                'such file; give --resume CHECKPOINT')


def _stage_of(states: Sequence[StageState], path: str) -> int:
    folder = osp.dirname(osp.abspath(path))
    for i, state in enumerate(states):
        if not _same(folder, state.folder):
            continue
        for earlier in states[:i]:
            if not earlier.finished:
                raise UsageError(
                    f'--resume {path}: it is of stage {state.name!r}, but '
                    f'stage {earlier.name!r} before it has not ended; give '
                    '--resume without a path')
        return i
    folders = ', '.join(state.folder for state in states)
    raise UsageError(f'--resume {path}: expected a checkpoint in the folder '
                     f'of a stage, one of {folders}')


def _same(path: str, other: Optional[str]) -> bool:
    return other is not None and osp.realpath(path) == osp.realpath(other)
