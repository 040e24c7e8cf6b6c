# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trains all stages of a config, one after the other."""
import contextlib
import os
import os.path as osp
from typing import Callable, Dict, List, NamedTuple, Optional

import mmengine.dist as dist
from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmcurv import compat
from mmcurv.engine.checkpoints import POINTER, latest_checkpoint
from mmcurv.engine.launch import detach_from_file
from .check_stages import check_stages
from .stage_config import stage_config
from .stage_list import read_stages
from .stage_plan import StageStep, check_steps, plan_steps
from .stage_record import StageOfRun
from .stage_state import RECORD, StageState, read_stage_record, stage_states


class StagedRun(NamedTuple):
    """A training that was checked and can begin.

    Attributes:
        cfg (Config): Of the whole training.
        states (list[StageState]): How far each stage is.
        steps (list[StageStep]): What is done with each.
    """
    cfg: Config
    states: List[StageState]
    steps: List[StageStep]


def plan_run(cfg: Config, resume: Optional[str] = None) -> StagedRun:
    """Check a training of several stages, and decide where it begins.

    Args:
        cfg (Config): Of the whole training, with its ``work_dir``.
        resume (str, optional): 'auto' or the path of a checkpoint, see
            :func:`~mmcurv.engine.stages.stage_plan.plan_steps`. Defaults to
            None: all stages are trained.

    Returns:
        StagedRun: To be given to :func:`run_stages`.

    Raises:
        UsageError: If a stage could not be trained.
    """
    check_stages(cfg)
    states = stage_states(cfg)
    steps = plan_steps(states, resume)
    check_steps(read_stages(cfg), states, steps)
    return StagedRun(cfg, states, steps)


def run_stages(run: StagedRun,
               adjust: Optional[Callable[[Config], None]] = None) -> None:
    """Train the stages that are left, each with a Runner of its own.

    The config of the whole training is written to the work folder; each stage
    writes its own beside its logs.

    Args:
        run (StagedRun): Of :func:`plan_run`.
        adjust (Callable, optional): Is called with the config of each stage
            before it is trained. Defaults to None.

    Raises:
        RuntimeError: If a stage ends without a checkpoint.
    """
    _keep_config(run.cfg)
    checkpoints: Dict[str, str] = {}
    for i, (state, step) in enumerate(zip(run.states, run.steps)):
        checkpoint = state.checkpoint
        if step.action != 'skip':
            if step.action == 'start':
                _forget(state.folder)
            _forget(state.folder, RECORD)
            cfg = stage_config(run.cfg, i, checkpoints)
            if step.action == 'resume':
                cfg.resume, cfg.load_from = True, step.checkpoint
            if adjust is not None:
                adjust(cfg)
            _train(cfg, run, i)
            checkpoint = _last_checkpoint(state)
        checkpoints[state.name] = checkpoint


def build_runner(cfg: Config) -> Runner:
    """The Runner of a config, which saves and loads as compat says.

    Args:
        cfg (Config): A training config.

    Returns:
        Runner: Of the type that the config names, if any.
    """
    compat.apply(strict=True)
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)


def _train(cfg: Config, run: StagedRun, index: int) -> None:
    is_last = index == len(run.states) - 1
    if is_last and cfg.filename is not None:
        cfg = detach_from_file(cfg)  # or it would replace that of the whole
    runner = build_runner(cfg)
    earlier = []
    if dist.is_main_process():
        for state in run.states[:index]:
            earlier.append(read_stage_record(state.folder))
    stage = StageOfRun(run.cfg, run.states[index].name, earlier, is_last)
    for hook in runner.hooks:
        if hasattr(hook, 'stage_of_run'):
            hook.stage_of_run = stage
    runner.logger.info(f'Stage {index + 1} of {len(run.states)}: '
                       f'{stage.name}.')
    runner.train()
    dist.barrier()  # the first process alone saves and writes


def _last_checkpoint(state: StageState) -> str:
    path = latest_checkpoint(state.folder)
    if path is None or not osp.isfile(path):
        raise RuntimeError(
            f'stage {state.name!r} ended without a checkpoint in '
            f'{state.folder!r}, from which later stages start. Let '
            'default_hooks.checkpoint save the last epoch.')
    return path


def _keep_config(cfg: Config) -> None:
    if cfg.filename is None or not dist.is_main_process():
        return
    path = osp.join(cfg.work_dir, osp.basename(cfg.filename))
    if osp.realpath(path) != osp.realpath(cfg.filename):
        os.makedirs(cfg.work_dir, exist_ok=True)
        cfg.dump(path)


def _forget(folder: str, name: str = POINTER) -> None:
    """Remove what an earlier attempt left, lest a later one goes on from it.
    """
    if dist.is_main_process():
        with contextlib.suppress(FileNotFoundError):
            os.remove(osp.join(folder, name))
