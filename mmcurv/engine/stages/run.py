# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trains all stages of a config, one after the other.

Which stages are left is told by the files in their folders: ``stage.json`` of
one that has ended, ``last_checkpoint`` of one that has begun.
"""
import contextlib
import copy
import json
import os
import os.path as osp
from typing import (Any, Callable, Dict, List, NamedTuple, Optional, Sequence,
                    Tuple)

import mmengine.dist as dist
import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS, DefaultScope
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn

from mmcurv import compat
from mmcurv.arguments import UsageError
from mmcurv.engine.checkpoints import (POINTER, latest_checkpoint,
                                       named_checkpoint)
from mmcurv.engine.extraction.layers import find_layer
from mmcurv.engine.hooks.class_names import ClassNamesHook
from mmcurv.engine.launch import detach_from_file, load_config
from mmcurv.registry import LOOPS, MODELS
from .config import (Stage, final_config, placeholders, read_stages,
                     stage_config, stage_folder)

STAGE_RECORD = 'stage.json'  # of a stage that has ended and is not the last
AUTO = 'auto'
SAVES = 'default_hooks.checkpoint'
Record = Dict[str, Any]
ADDED = ('seconds', 'training_seconds', 'samples', 'starts')
LARGEST = ('peak_memory_bytes', 'peak_accelerator_bytes')


class PlannedStage(NamedTuple):
    """What is done with a stage.

    Attributes:
        name (str): Of the stage.
        folder (str): Where it works.
        action (str): 'skip' what has ended, 'resume' what was interrupted, or
            'start' anew.
        checkpoint (str, optional): The last one of what is skipped, or that
            of 'resume'. Defaults to None.
    """
    name: str
    folder: str
    action: str
    checkpoint: Optional[str] = None


def plan_run(cfg: Config, resume: Optional[str] = None) -> List[PlannedStage]:
    """Check a training of several stages, and decide where it begins.

    Args:
        cfg (Config): Of the whole training, with its ``work_dir``.
        resume (str, optional): 'auto' goes on in the first stage that has not
            ended; so does a path, from that checkpoint, in the stage that it
            lies in. After a stage that goes on or starts, all others start.
            Defaults to None: all stages are trained.

    Returns:
        list[PlannedStage]: To be given to :func:`run_stages`.

    Raises:
        UsageError: If a stage could not be trained, the path is in no stage's
            folder, an earlier stage has not ended, or a file is missing that
            no stage will write.
    """
    check_stages(cfg)
    stages = read_stages(cfg)
    last, plan = len(stages) - 1, []
    for i, stage in enumerate(stages):
        folder = stage_folder(cfg.work_dir, stage.name, i == last)
        # The last stage never has ended: to go on with it after its end
        # writes its record again.
        ended = i < last and osp.isfile(osp.join(folder, STAGE_RECORD))
        find = named_checkpoint if ended else latest_checkpoint
        plan.append(
            PlannedStage(stage.name, folder, 'skip' if ended else 'start',
                         find(folder)))
    first, checkpoint = _first_step(plan, resume)
    for i, one in enumerate(plan):
        if i == first and checkpoint is not None:
            plan[i] = one._replace(action='resume', checkpoint=checkpoint)
        elif i >= first:
            plan[i] = one._replace(action='start', checkpoint=None)
    _check_files(stages, plan)
    return plan


def run_stages(cfg: Config,
               plan: Sequence[PlannedStage],
               adjust: Optional[Callable[[Config], None]] = None) -> None:
    """Train the stages that are left, each with a Runner of its own.

    The config of the whole training is written to the work folder; each stage
    writes its own beside its logs.

    Args:
        cfg (Config): Of the whole training.
        plan (Sequence[PlannedStage]): Of :func:`plan_run`.
        adjust (Callable, optional): Is called with the config of each stage
            before it is trained. Defaults to None.

    Raises:
        RuntimeError: If a stage ends without a checkpoint.
    """
    _keep_config(cfg)
    checkpoints: Dict[str, str] = {}
    for i, stage in enumerate(plan):
        checkpoint = stage.checkpoint
        if stage.action != 'skip':
            # Lest a later attempt goes on from what an earlier one left.
            if stage.action == 'start':
                _forget(stage.folder, POINTER)
            _forget(stage.folder, STAGE_RECORD)
            own = stage_config(cfg, i, checkpoints)
            if stage.action == 'resume':
                own.resume, own.load_from = True, stage.checkpoint
            if adjust is not None:
                adjust(own)
            _train(own, cfg, plan, i)
            checkpoint = _last_checkpoint(stage)
        checkpoints[stage.name] = checkpoint


def build_runner(cfg: Config) -> Runner:
    """The Runner of a config, which saves and loads as compat says.

    Args:
        cfg (Config): A training config.

    Returns:
        Runner: Of the type that the config names, if any.
    """
    compat.apply(strict=True)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(
        cfg)
    runner.register_hook(ClassNamesHook())
    return runner


def load_final_config(path: str,
                      options: dict,
                      work_dir: Optional[str] = None,
                      with_files: Sequence[str] = (),
                      cr: bool = False) -> Config:
    """Read a config for the use of a trained model.

    Args:
        path (str): Path of the config.
        options (dict): Values by dotted key. They have the last word, also
            over what the last stage changes.
        work_dir (str, optional): This and the rest as
            :func:`~mmcurv.engine.launch.load_config` takes it. Defaults to
            None.
        with_files (Sequence[str]): Further configs. Defaults to ().
        cr (bool): With Curvature Regularization. Defaults to False.

    Returns:
        Config: Without ``stages``.

    Raises:
        UsageError: If there is no such file or an option has no place.
    """
    cfg = load_config(path, options, work_dir, with_files, cr)
    if not read_stages(cfg):
        return cfg
    final = final_config(cfg)
    final.merge_from_dict({
        key: value
        for key, value in options.items() if key.split('.')[0] != 'stages'
    })
    return final


def check_stages(cfg: Config) -> None:
    """Build the model of every stage, and find what it freezes and resets.

    Args:
        cfg (Config): Of the whole training.

    Raises:
        UsageError: If a stage cannot be trained; the message says why.
    """
    stages = read_stages(cfg)
    for i, stage in enumerate(stages):
        own, place = stage_config(cfg, i), f'stages.{i} ({stage.name})'
        hooks = own.get('default_hooks') or {}
        record = (hooks.get('run_record') or {}).get('type', '')
        if record.rpartition('.')[2] != 'RunRecordHook':
            raise UsageError(
                f'{place}: expected default_hooks.run_record of type '
                "'mmcurv.RunRecordHook', whose record says that a stage has "
                f'ended, got {record or None!r}')
        if i < len(stages) - 1 and hooks.get('checkpoint', {}) is None:
            raise UsageError(f'{place}: {SAVES} is None, so nothing is left '
                             'for later stages to start from; remove that')
        _check_model(own, stage, place)


def whole_record(name: str, record: Record,
                 earlier: Sequence[Record]) -> Record:
    """The record of a training, in the place of that of its last stage.

    Results, classes, history and geometry are those of the last stage, which
    counts its epochs from 1. Costs are those of all stages, ``epochs`` of the
    protocol those of all that count them, and ``cr`` is that of the first
    stage that had it.

    Args:
        name (str): Of the last stage.
        record (dict): Of the last stage.
        earlier (Sequence[dict]): Of the others, each with its name as
            ``stage``.

    Returns:
        dict: A new record; ``stages`` has an entry for each stage.
    """
    every = [*earlier, dict(record, stage=name)]
    protocol = dict(record['protocol'])
    for unit in ('epochs', 'iters'):
        if unit in protocol:
            protocol[unit] = sum(one['protocol'].get(unit) or 0
                                 for one in every)
    return dict(
        record,
        stages=[_entry(one) for one in every],
        protocol=protocol,
        cr=next((one['cr'] for one in every if one['cr'] is not None), None),
        cost=_added([one['cost'] for one in every]))


def _entry(record: Record) -> Record:
    return dict(
        name=record['stage'],
        **{
            unit: record['protocol'][unit]
            for unit in ('epochs', 'iters') if unit in record['protocol']
        },
        overall=_overall(record),
        seconds=record['cost']['seconds'],
        training_seconds=record['cost']['training_seconds'],
        cr=record['cr'])


def _overall(record: Record) -> Optional[float]:
    """Accuracy at the end of the stage, in per cent."""
    results = record['results']
    return results and results['last']['metrics']['overall']


def _added(costs: Sequence[Record]) -> Record:
    total = dict(costs[-1])
    for key in ADDED:
        total[key] = sum(cost[key] for cost in costs)
    for key in LARGEST:
        total[key] = max((cost[key] or 0 for cost in costs)) or None
    return total


@LOOPS.register_module()
class EvaluationLoop(EpochBasedTrainLoop):
    """Evaluate a model and save it, without training it.

    Hooks see one epoch of no iteration, so that they count classes, measure
    geometry, save, evaluate and write records as after a training.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Of the train set, which tells the class
            counts.
    """

    def __init__(self, runner, dataloader):
        super().__init__(runner, dataloader, max_epochs=1)

    def run_epoch(self) -> None:
        """Call the hooks of an epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1


def _first_step(plan: Sequence[PlannedStage],
                resume: Optional[str]) -> Tuple[int, Optional[str]]:
    """The stage that is not skipped, and the checkpoint that it goes on from.
    """
    if resume is None:
        return 0, None
    if resume == AUTO:
        first = [stage.action for stage in plan].index('start')
        return first, plan[first].checkpoint
    first = _stage_of(plan, resume)
    if plan[first].action == 'skip' and _same(resume, plan[first].checkpoint):
        return first + 1, None  # that stage is over
    return first, resume


def _stage_of(plan: Sequence[PlannedStage], path: str) -> int:
    folder = osp.dirname(osp.abspath(path))
    for i, stage in enumerate(plan):
        if not _same(folder, stage.folder):
            continue
        for earlier in plan[:i]:
            if earlier.action != 'skip':
                raise UsageError(
                    f'--resume {path}: it is of stage {stage.name!r}, but '
                    f'stage {earlier.name!r} before it has not ended; give '
                    '--resume without a path')
        return i
    folders = ', '.join(stage.folder for stage in plan)
    raise UsageError(f'--resume {path}: expected a checkpoint in the folder '
                     f'of a stage, one of {folders}')


def _same(path: str, other: Optional[str]) -> bool:
    return other is not None and osp.realpath(path) == osp.realpath(other)


def _check_files(stages: Sequence[Stage],
                 plan: Sequence[PlannedStage]) -> None:
    """The checkpoints are there that the stages begin with."""
    skipped = {
        one.name: one.checkpoint
        for one in plan if one.action == 'skip'
    }
    for stage, one in zip(stages, plan):
        if one.action == 'skip':
            continue
        needed = [*placeholders(stage.changes)]
        if one.action == 'start' and stage.weights is not None:
            needed.append(stage.weights)
        for name in needed:
            path = skipped.get(name, '')
            if path is None or (path and not osp.isfile(path)):
                raise UsageError(
                    f'stage {stage.name!r} needs the last checkpoint of stage '
                    f'{name!r}, which has ended, but there is no '
                    f'{path or "checkpoint"}; restore the file, or train all '
                    'stages anew, without --resume')
        if one.action == 'resume' and not osp.isfile(one.checkpoint):
            raise UsageError(
                f'stage {stage.name!r} would go on from {one.checkpoint!r}, '
                'which last_checkpoint in its folder names, but there is no '
                'such file; give --resume CHECKPOINT')


def _check_model(own: Config, stage: Stage, place: str) -> None:
    model = _build(own, place)
    for key in ('freeze', 'reset'):
        try:
            for name in getattr(stage, key):
                find_layer(model, name, f'{place}.{key}')
        except ValueError as error:
            raise UsageError(str(error)) from None


def _build(own: Config, place: str) -> nn.Module:
    config = copy.deepcopy(own.model.to_dict())
    if own.get('data_preprocessor') is not None:
        config.setdefault('data_preprocessor', own.data_preprocessor.to_dict())
    scope = own.get('default_scope') or 'mmengine'
    try:
        with DefaultScope.overwrite_default_scope(scope), \
                torch.random.fork_rng(devices=[]):
            return MODELS.build(config)
    except Exception as error:  # any code of a model may stand behind it
        raise UsageError(f'{place}: its model cannot be built: '
                         f'{type(error).__name__}: {error}') from error


def _train(own: Config, cfg: Config, plan: Sequence[PlannedStage],
           index: int) -> None:
    name, is_last = plan[index].name, index == len(plan) - 1
    if is_last and own.filename is not None:
        own = detach_from_file(own)  # or it would replace that of the whole
    runner = build_runner(own)
    earlier = []
    if dist.is_main_process():
        earlier = [_read_record(one.folder) for one in plan[:index]]
    for hook in runner.hooks:
        if hasattr(hook, 'stage_of_run'):
            hook.stage_of_run = dict(
                cfg=cfg, name=name, earlier=earlier, is_last=is_last)
    runner.logger.info(f'Stage {index + 1} of {len(plan)}: {name}.')
    runner.train()
    dist.barrier()  # the first process alone saves and writes


def _read_record(folder: str) -> Record:
    path = osp.join(folder, STAGE_RECORD)
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise UsageError(
            f'{path}: expected the record of a stage that has ended, but '
            f'{error}; remove the file to go on with that stage') from error


def _last_checkpoint(stage: PlannedStage) -> str:
    path = named_checkpoint(stage.folder)
    if path is None or not osp.isfile(path):
        raise RuntimeError(
            f'stage {stage.name!r} ended without a checkpoint in '
            f'{stage.folder!r}, from which later stages start. Let '
            'default_hooks.checkpoint save the last epoch.')
    return path


def _keep_config(cfg: Config) -> None:
    if cfg.filename is None or not dist.is_main_process():
        return
    path = osp.join(cfg.work_dir, osp.basename(cfg.filename))
    if osp.realpath(path) != osp.realpath(cfg.filename):
        os.makedirs(cfg.work_dir, exist_ok=True)
        cfg.dump(path)


def _forget(folder: str, name: str) -> None:
    if dist.is_main_process():
        with contextlib.suppress(FileNotFoundError):
            os.remove(osp.join(folder, name))
