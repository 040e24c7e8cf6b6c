# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Writes what a run was and what came of it, when it ends."""
import datetime
import json
import os.path as osp
import resource
import sys
import time
from typing import Any, Dict, Optional

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop

from mmcurv import compat
from mmcurv.engine.config_hash import config_hash
from mmcurv.engine.curvature.hook import FeaturePoolHook
from mmcurv.engine.evaluation_loop import EvaluationLoop
from mmcurv.engine.model_cost import count_parameters, multiply_adds
from mmcurv.engine.run_provenance import (code_version, machine,
                                          package_versions)
from mmcurv.engine.run_results import read_geometry, read_results
from mmcurv.engine.stages.stage_record import StageOfRun, whole_record
from mmcurv.engine.stages.stage_state import RECORD as STAGE_RECORD
from mmcurv.engine.unwrapped import unwrapped
from mmcurv.files import write_json
from mmcurv.registry import HOOKS

SCHEMA = 'mmcurv.run'
SCHEMA_VERSION = 1
CHECKPOINT_KEY = 'mmcurv_run'
MAIN = ('last', 'best')


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Write ``<work_dir>/run.json`` when the training has ended.

    It holds the resolved config and its hash, seed, commit, versions,
    machine, fingerprint of the train split, the protocol, last and best
    evaluation of ``mmcurv.ClassFairness`` with every class, the geometry if
    ``mmcurv.GeometryMonitorHook`` measured it after the last epoch, and what
    the run cost. The file appears whole or not at all, so that its presence
    says that the run has ended.

    A training of several stages tells each stage what it is by
    ``stage_of_run``. All stages but the last write such a record to
    ``stage.json``; the last one's is that of the whole training, see
    :func:`~mmcurv.engine.stages.stage_record.whole_record`.

    Costs go into the checkpoints and add up over resumed starts; what a kill
    threw away is not in them. ``peak_memory_bytes`` is that of the first
    process.

    Args:
        main (str): Which evaluation is the main number, 'last' or 'best'.
            Defaults to 'last'.
        selection_split (str): What the images are called that evaluations
            during the training ran on, and the best one was chosen on.
            Defaults to 'test'.

    Example:
        >>> default_hooks = dict(
        ...     run_record=dict(type='mmcurv.RunRecordHook'))
    """
    priority = 'LOWEST'  # everything else has written and been detached

    def __init__(self, main: str = 'last', selection_split: str = 'test'):
        if main not in MAIN:
            raise ValueError(f'main must be one of {MAIN}, got {main!r}.')
        self.main = main
        self.selection_split = selection_split
        self.stage_of_run: Optional[StageOfRun] = None
        self._earlier = dict(
            seconds=0., training_seconds=0., samples=0, starts=0,
            peak_memory_bytes=0, peak_accelerator_bytes=0,
            input_shape=None)  # yapf: disable
        self._input_shape = None
        self._samples = 0  # of this process, in this start
        self._training_seconds = 0.
        self._began = self._epoch_began = self._step_ended = None

    def before_run(self, runner) -> None:
        """Start the clock."""
        compat.apply()
        self._began = time.perf_counter()

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember what the run had cost so far."""
        self._loaded = checkpoint.get(CHECKPOINT_KEY)

    def before_train(self, runner) -> None:
        """Go on counting, if this run resumes one."""
        loaded = getattr(self, '_loaded', None)
        if loaded is not None and runner.iter > 0:  # else load_from
            self._earlier = loaded

    def before_train_epoch(self, runner) -> None:
        """Start the clock of the epoch."""
        self._stop_epoch()
        self._epoch_began = self._step_ended = time.perf_counter()

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Count the images."""
        self._step_ended = time.perf_counter()
        inputs = (data_batch or {}).get('inputs')
        if inputs is not None:
            self._samples += len(inputs)
            self._input_shape = tuple(getattr(inputs[0], 'shape', ()))

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Put the cost so far into it."""
        checkpoint[CHECKPOINT_KEY] = self._cost_so_far(runner)

    def after_train(self, runner) -> None:
        """Write the record."""
        self._stop_epoch()
        if is_main_process():
            name, record = 'run.json', self._record(runner)
            stage = self.stage_of_run
            if stage is not None and stage.is_last:
                record = whole_record(stage.name, record, stage.earlier)
            elif stage is not None:
                name, record = STAGE_RECORD, dict(record, stage=stage.name)
            path = osp.join(runner.work_dir, name)
            write_json(path, record)
            runner.logger.info(f'Record of the run: {path}')

    def _stop_epoch(self) -> None:
        """Add the last epoch up to its last step: what other hooks do
        after it, such as measuring, is no training."""
        if self._epoch_began is not None:
            self._training_seconds += self._step_ended - self._epoch_began
            self._epoch_began = None

    def _cost_so_far(self, runner) -> Dict[str, Any]:
        earlier, running = self._earlier, 0.
        if self._epoch_began is not None:
            running = self._step_ended - self._epoch_began
        accelerator = (
            torch.cuda.max_memory_allocated()
            if torch.cuda.is_available() else 0)
        return dict(
            seconds=earlier['seconds'] + time.perf_counter() - self._began,
            training_seconds=(earlier['training_seconds'] +
                              self._training_seconds + running),
            # Samplers give every process equally many images.
            samples=earlier['samples'] + self._samples * get_world_size(),
            starts=earlier['starts'] + 1,
            peak_memory_bytes=max(earlier['peak_memory_bytes'],
                                  _peak_memory()),
            peak_accelerator_bytes=max(earlier['peak_accelerator_bytes'],
                                       accelerator),
            input_shape=self._input_shape or earlier['input_shape'])

    def _record(self, runner) -> Dict[str, Any]:
        by_iter = isinstance(runner.train_loop, IterBasedTrainLoop)
        unit = 'iter' if by_iter else 'epoch'
        last = runner.iter if by_iter else runner.epoch
        results = read_results(runner.work_dir, unit, last)
        if results is None:
            runner.logger.warning(
                'The record of the run holds no results: no evaluation of '
                'mmcurv.ClassFairness was found in the work folder.')
        results = results or {}
        groups = results.pop('groups', {})
        evaluated = results.get('results')
        stage = self.stage_of_run
        trained = last if not isinstance(runner.train_loop,
                                         EvaluationLoop) else 0
        return dict(
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            created=datetime.datetime.now(
                datetime.timezone.utc).isoformat(timespec='seconds'),
            seed=runner.seed,
            config=_config(runner.cfg if stage is None else stage.cfg),
            code=code_version(),
            packages=package_versions(),
            machine=machine(),
            split=_read(osp.join(runner.work_dir, 'split.json')),
            protocol=dict(
                main=self.main,
                selection_split=self.selection_split,
                best_by='overall',
                **{f'{unit}s': trained},
                **groups),
            results=evaluated,
            classes=results.get('classes'),
            history=results.get('history'),
            geometry=evaluated
            and read_geometry(runner.work_dir, unit, evaluated['last'][unit]),
            cr=_regularization(runner),
            cost=self._cost(runner))

    def _cost(self, runner) -> Dict[str, Any]:
        cost = self._cost_so_far(runner)
        shape = cost.pop('input_shape')
        model = runner.model
        model = unwrapped(model)
        return dict(
            cost,
            parameters=count_parameters(model),
            multiply_adds=multiply_adds(model, shape) if shape else None,
            peak_accelerator_bytes=cost['peak_accelerator_bytes'] or None)


def _config(cfg: Config) -> Dict[str, Any]:
    return dict(
        path=cfg.filename and osp.relpath(cfg.filename),
        switches=cfg.get('switches') and dict(cfg.switches),
        hash=config_hash(cfg),
        text=cfg.pretty_text)


def _regularization(runner) -> Optional[Dict[str, Any]]:
    """Options of CR, None without it."""
    for hook in runner.hooks:
        if isinstance(hook, FeaturePoolHook):
            # A dtype or device may have been given as an object.
            return json.loads(json.dumps(hook.options, default=str))
    return None


def _read(path: str) -> Optional[Dict[str, Any]]:
    if not osp.isfile(path):
        return None
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else 1024 * peak
