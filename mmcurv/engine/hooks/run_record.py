# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Writes what a run is when it begins, and in the end what came of it."""
import datetime
import glob
import json
import math
import os.path as osp
import re
import sys
import time
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop

from mmcurv import compat
from mmcurv.engine.common import unwrapped
from mmcurv.engine.curvature.hook import FeaturePoolHook
from mmcurv.engine.geometry_record import pearson_or_nan, read_class_accuracy
from mmcurv.engine.provenance import (canonical_json, code_version,
                                      config_hash, count_parameters, machine,
                                      multiply_adds, package_versions)
from mmcurv.engine.stages.run import STAGE_RECORD, EvaluationLoop, whole_record
from mmcurv.files import write_json
from mmcurv.registry import HOOKS

try:
    import resource
except ImportError:  # systems that are no Unix do not tell the memory
    resource = None

SCHEMA = 'mmcurv.run'
SCHEMA_VERSION = 1
CHECKPOINT_KEY = 'mmcurv_run'
MAIN = ('last', 'best')
IN_HISTORY = ('overall', 'head', 'middle', 'tail', 'variance')


@HOOKS.register_module()
class RunRecordHook(Hook):
    """Write ``<work_dir>/run.json`` when a training begins and when it ends.

    From the start it holds the resolved config and its hash, seed, commit,
    versions, machine and fingerprint of the train split, with the ``state``
    'running'. In the end, with the ``state`` 'done', also the protocol, last
    and best evaluation of ``mmcurv.ClassFairness`` with every class, the
    geometry if ``mmcurv.GeometryMonitorHook`` measured it after the last
    epoch, and what the run cost. The file is whole at any time.

    A training of several stages tells each stage what it is by
    ``stage_of_run``. All stages but the last write such a record to
    ``stage.json``; the last one's is that of the whole training, see
    :func:`~mmcurv.engine.stages.run.whole_record`.

    A run that ``tools/train.py --branch`` began with the checkpoint of another
    one names its folder, epoch and config hash as ``branch``.

    Costs go into the checkpoints and add up over resumed starts, but not to
    those of another run; what a kill threw away is not in them.
    ``peak_memory_bytes`` is that of the first process.

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
        # Of a training of several stages: cfg, name, the records of earlier
        # stages, and whether it is_last.
        self.stage_of_run: Optional[Dict[str, Any]] = None
        self._earlier = dict(
            seconds=0., training_seconds=0., samples=0, starts=0,
            peak_memory_bytes=0, peak_accelerator_bytes=0,
            input_shape=None)  # yapf: disable
        self._branch: Optional[Dict[str, Any]] = None
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
        left = runner.cfg.get('branched_from')
        if left is not None:  # what it had cost is in its own record
            self._branch = _left_run(runner, left)
        elif loaded is not None and runner.iter > 0:  # else load_from
            self._earlier = loaded
            self._branch = loaded.get('branch')
        if is_main_process():
            stage = self.stage_of_run
            folder = runner.work_dir
            if stage is not None:
                folder = stage['cfg'].work_dir
            write_json(
                osp.join(folder, 'run.json'),
                self._identity(runner, 'running'))

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
        checkpoint[CHECKPOINT_KEY] = dict(
            self._cost_so_far(runner), branch=self._branch)

    def after_train(self, runner) -> None:
        """Write the record."""
        self._stop_epoch()
        if is_main_process():
            name, record = 'run.json', self._record(runner)
            stage = self.stage_of_run
            if stage is not None and stage['is_last']:
                record = whole_record(stage['name'], record, stage['earlier'])
            elif stage is not None:
                name, record = STAGE_RECORD, dict(record, stage=stage['name'])
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
        trained = last if not isinstance(runner.train_loop,
                                         EvaluationLoop) else 0
        return dict(
            self._identity(runner, 'done'),
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

    def _identity(self, runner, state: str) -> Dict[str, Any]:
        """What is known of a run from its start."""
        stage = self.stage_of_run
        return dict(
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            state=state,
            created=datetime.datetime.now(
                datetime.timezone.utc).isoformat(timespec='seconds'),
            seed=runner.seed,
            config=_config(runner.cfg if stage is None else stage['cfg']),
            branch=self._branch,
            code=code_version(),
            packages=package_versions(),
            machine=machine(),
            split=_read(osp.join(runner.work_dir, 'split.json')))

    def _cost(self, runner) -> Dict[str, Any]:
        cost = self._cost_so_far(runner)
        shape = cost.pop('input_shape')
        model = unwrapped(runner.model)
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
        entries=json.loads(canonical_json(cfg)),  # what was hashed
        text=cfg.pretty_text)


def _left_run(runner, checkpoint: str) -> Dict[str, Any]:
    """Which run this one has left, by the checkpoint that it begins with."""
    folder = osp.dirname(checkpoint)
    trunk = _read(osp.join(folder, 'run.json')) or {}
    return dict(
        folder=osp.relpath(folder, runner.work_dir),
        epoch=runner.epoch,
        config_hash=trunk.get('config', {}).get('hash'))


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
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else 1024 * peak


def read_results(work_dir: str, unit: str,
                 last: int) -> Optional[Dict[str, Any]]:
    """Last and best evaluation of a run, with every class.

    The best evaluation has the largest ``overall``; of equal ones it is the
    first. It was chosen on the images that it is reported on.

    Args:
        work_dir (str): Work folder of the run.
        unit (str): 'epoch' or 'iter', what evaluations are numbered by.
        last (int): Number of the last one; files of later ones, which a
            longer run left behind, are not read.

    Returns:
        dict | None: ``results`` (``last`` and ``best``: the number by its
        unit, ``metrics``, ``classes_entered``), ``classes``, ``history`` and
        ``groups`` (thresholds); None if there is no evaluation.
    """
    records = [(number, record)
               for number, record in _evaluations(work_dir, unit)
               if number <= last]
    if not records:
        return None
    scores = [_number(record['metrics']['overall']) for _, record in records]
    known = [-math.inf if math.isnan(score) else score for score in scores]
    best = records[known.index(max(known))]
    final = records[-1]
    return dict(
        results=dict(last=_result(unit, *final), best=_result(unit, *best)),
        classes=_classes(final[1], best[1]),
        history={
            f'{unit}s': [number for number, _ in records],
            **{
                name: [record['metrics'][name] for _, record in records]
                for name in IN_HISTORY
            }
        },
        groups={name: final[1][name]
                for name in ('head_above', 'tail_below')})


def read_geometry(work_dir: str, unit: str,
                  last: int) -> Optional[Dict[str, Any]]:
    """Curvature of the classes after the last epoch of a run.

    Args:
        work_dir (str): Work folder of the run.
        unit (str): 'epoch' or 'iter'.
        last (int): Number of the last evaluation.

    Returns:
        dict | None: ``curvature`` and ``log_curvature`` (C,), their population
        variances over the ``entered`` classes, and Pearson's correlation of
        each with the class accuracies; None if it was not measured then.
    """
    name = f'{unit}_{last:03d}.json'
    path = osp.join(work_dir, 'geometry', name)
    if not osp.isfile(path):
        return None
    with open(path, encoding='utf-8') as file:
        record = json.load(file)
    accuracy = read_class_accuracy(osp.join(work_dir, 'class_accuracy', name))
    geometry = {
        name: record.get(name)
        for name in (unit, 'layer', 'options', 'num_points', 'feature_dim')
    }
    for name, correlation in (('curvature', 'correlation'),
                              ('log_curvature', 'log_correlation')):
        values = np.array(record[name], dtype=float)
        known = values[np.isfinite(values)]
        geometry[name] = record[name]
        geometry[f'{name}_variance'] = (
            float(known.var()) if known.size else math.nan)
        geometry['entered'] = int(known.size)
        geometry[correlation] = math.nan
        if accuracy is not None and len(accuracy) == len(values):
            geometry[correlation] = pearson_or_nan(values, accuracy)[0]
    return geometry


def _evaluations(work_dir: str, unit: str) -> List[Tuple[int, dict]]:
    found = []
    folder = osp.join(glob.escape(work_dir), 'class_accuracy')
    for path in glob.glob(osp.join(folder, f'{unit}_*.json')):
        number = re.fullmatch(rf'{unit}_(\d+)\.json', osp.basename(path))
        if number:
            with open(path, encoding='utf-8') as file:
                found.append((int(number[1]), json.load(file)))
    return sorted(found, key=lambda each: each[0])


def _result(unit: str, number: int, record: dict) -> Dict[str, Any]:
    return {
        unit: number,
        'metrics': record['metrics'],
        'classes_entered': record['classes_entered']
    }


def _classes(last: dict, best: dict) -> List[Dict[str, Any]]:
    kept = ('class', 'name', 'group', 'train_count', 'test_count')
    return [
        dict({key: row[key]
              for key in kept},
             last=row['accuracy'],
             best=other['accuracy'])
        for row, other in zip(last['classes'], best['classes'])
    ]


def _number(value: Optional[float]) -> float:
    return math.nan if value is None else float(value)
