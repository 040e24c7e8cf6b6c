# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The stages that a config asks for, and the config of each."""
import os.path as osp
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from mmengine.config import Config

from mmcurv.arguments import UsageError
from mmcurv.engine.config_options import check_options
from mmcurv.engine.schedule_lengths import scaled_stage
from mmcurv.files import did_you_mean

NAME = r'[A-Za-z0-9][\w-]*'  # of a stage, and of a part of a folder
PLACEHOLDER = re.compile(rf'\{{({NAME})\}}')
NORMS = ('eval', 'train')
FOLDER = 'stage_'  # begins the names of the folders of stages
# mmengine knows these without a config, and None switches them off.
MMENGINE_HOOKS = ('runtime_info', 'timer', 'sampler_seed', 'logger',
                  'param_scheduler', 'checkpoint')


class Stage(NamedTuple):
    """A stage of a training.

    Attributes:
        name (str): Unique in its config.
        weights (str, optional): The earlier stage whose last checkpoint is
            loaded first. Defaults to None: training starts from scratch.
        changes (dict): What the stage changes in the config, by dotted key.
            '{name}' in a text stands for the last checkpoint of the earlier
            stage of that name. Defaults to {}.
        freeze (list[str]): Sub-modules whose parameters do not train.
            Defaults to [].
        norm (str): Whether batch norms in frozen sub-modules use their
            running statistics, 'eval', or go on collecting them, 'train'.
            Defaults to 'eval'.
        reset (list[str]): Sub-modules that are initialized anew, in spite of
            ``weights``. Defaults to [].
        cr (bool, optional): Whether Curvature Regularization, if the config
            has it, works in this stage. Defaults to None: in the first stage
            only.
        of (int, optional): ``train_cfg.max_epochs`` of the whole config that
            the lengths in ``changes`` were written for; in a training of
            another length they keep their shares. Defaults to None: they are
            what they are.
    """
    name: str
    weights: Optional[str] = None
    changes: Dict[str, Any] = {}
    freeze: List[str] = []
    norm: str = 'eval'
    reset: List[str] = []
    cr: Optional[bool] = None
    of: Optional[int] = None


def read_stages(cfg: Any) -> List[Stage]:
    """The stages of a config.

    Args:
        cfg (Config | dict): A config, with ``stages`` or without.

    Returns:
        list[Stage]: In the order of training; empty for a config without.

    Raises:
        UsageError: If the list does not make sense; the message says where.
    """
    entries = cfg.get('stages')
    if entries is None:
        return []
    if not isinstance(entries, (list, tuple)) or not entries:
        raise UsageError('stages: expected a list such as '
                         "[dict(name='features'), dict(name='classifier', "
                         f"weights='features')], got {entries!r}")
    stages: List[Stage] = []
    for i, entry in enumerate(entries):
        stages.append(_read(entry, f'stages.{i}', stages, entries))
    return stages


def placeholders(value: Any) -> Iterator[str]:
    """Names of the stages whose checkpoints a value of ``changes`` names.

    Args:
        value: A text, or lists and dicts of such.

    Yields:
        str: Name of a stage.
    """
    if isinstance(value, str):
        yield from PLACEHOLDER.findall(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from placeholders(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from placeholders(inner)


def _read(entry: Any, place: str, earlier: List[Stage],
          entries: List[Any]) -> Stage:
    if not isinstance(entry, dict) or not isinstance(entry.get('name'), str):
        raise UsageError(f"{place}: expected dict(name='...', ...), got "
                         f'{entry!r}')
    for key in entry:
        if key not in Stage._fields:
            raise UsageError(f'{place}: a stage has no {key!r}: '
                             f'{did_you_mean(key, Stage._fields)}')
    name = entry['name']
    if not re.fullmatch(NAME, name):
        raise UsageError(f'{place}.name: it becomes the name of a folder; '
                         'expected letters, digits, _ and -, got '
                         f'{name!r}')
    if name in [stage.name for stage in earlier]:
        raise UsageError(f'{place}.name: {name!r} is the name of an earlier '
                         'stage; give each stage its own')
    stage = Stage(**{
        key: value
        for key, value in entry.items() if value is not None
    })
    _check_values(stage, place)
    named = [*placeholders(stage.changes)]
    for other in [stage.weights, *named]:
        if other is not None:
            _check_earlier(other, place, earlier, entries)
    return stage


def _check_values(stage: Stage, place: str) -> None:
    if stage.norm not in NORMS:
        raise UsageError(f'{place}.norm: unknown {stage.norm!r}: '
                         f'{did_you_mean(stage.norm, NORMS)}')
    for key in ('freeze', 'reset'):
        names = getattr(stage, key)
        if not isinstance(names, (list, tuple)) or not all(
                isinstance(one, str) for one in names):
            raise UsageError(f'{place}.{key}: expected a list of names of '
                             f"sub-modules such as ['backbone'], got "
                             f'{names!r}')
        if names and stage.weights is None:
            raise UsageError(
                f'{place}.{key}: without weights of an earlier stage all '
                "sub-modules have random weights; add weights='...', or "
                f'remove {key}')
    if not isinstance(stage.changes, dict):
        raise UsageError(f'{place}.changes: expected a dict of values by '
                         f'dotted key, got {stage.changes!r}')
    if stage.of is not None:
        _check_of(stage, place)
    if 'stages' in [key.split('.')[0] for key in stage.changes]:
        raise UsageError(f'{place}.changes: a stage cannot change stages')


def _check_of(stage: Stage, place: str) -> None:
    loop = stage.changes.get('train_cfg')
    length = stage.changes.get('train_cfg.max_epochs', loop
                               and loop.get('max_epochs'))
    if not isinstance(stage.of, int) or stage.of < 1 or length is None:
        raise UsageError(
            f'{place}.of: expected the number of epochs, at least 1, that '
            'train_cfg.max_epochs in changes was written for, got '
            f'{stage.of!r} and train_cfg.max_epochs={length!r}')


def _check_earlier(name: str, place: str, earlier: List[Stage],
                   entries: List[Any]) -> None:
    before = [stage.name for stage in earlier]
    if name in before:
        return
    every = [e.get('name') for e in entries if isinstance(e, dict)]
    if name in every:
        raise UsageError(
            f'{place}: it needs the checkpoint of {name!r}, which does not '
            f'come before it; put {name!r} first')
    hint = did_you_mean(name, before) if before else 'no stage comes before it'
    raise UsageError(f'{place}: it needs the checkpoint of {name!r}, and '
                     f'there is no such stage: {hint}')


def stage_config(cfg: Config,
                 index: int,
                 checkpoints: Optional[Dict[str, str]] = None) -> Config:
    """The config that a stage is trained with.

    Args:
        cfg (Config): Of the whole training, with ``stages``; stays as it is.
        index (int): Of the stage.
        checkpoints (dict[str, str], optional): Last checkpoint of each
            earlier stage that this one needs, by the stage's name. Defaults
            to None, for a model that is not trained: then nothing is loaded,
            and texts with the name of a stage stay.

    Returns:
        Config: Without ``stages``.

    Raises:
        UsageError: If the stages do not make sense, or a change has no place.
    """
    stages = read_stages(cfg)
    stage, last = stages[index], index == len(stages) - 1
    epochs = (cfg.get('train_cfg') or {}).get('max_epochs')
    stage = Stage(**scaled_stage(stage._asdict(), epochs))
    entries = cfg.to_dict()
    del entries['stages']
    own = Config(
        entries, cfg_text=cfg.text or None, filename=cfg.filename or None)
    for key, value in stage.changes.items():
        change = {key: _filled(value, checkpoints)}
        check_options(own, change, f'stages.{index}.changes')
        own.merge_from_dict(change)  # one by one: later ones are on top
    _drop_hooks(own)
    if not (index == 0 if stage.cr is None else stage.cr):
        _drop_curvature(own)
    if own.get('train_cfg') is None:
        _only_evaluate(own, f'stages.{index}')
    if checkpoints is not None:
        _start_from(own, stage, checkpoints)
    own.work_dir = stage_folder(cfg.get('work_dir') or '.', stage.name, last)
    stem = osp.splitext(osp.basename(cfg.filename or 'run'))[0]
    own.experiment_name = f"{cfg.get('experiment_name') or stem}_{stage.name}"
    return own


def stage_folder(work_dir: str, name: str, is_last: bool) -> str:
    """Where a stage works; the last one in the folder of the whole training.

    Args:
        work_dir (str): Work folder of the whole training.
        name (str): Of the stage.
        is_last (bool): Whether no other stage comes after it.

    Returns:
        str: Path of its folder.
    """
    return work_dir if is_last else osp.join(work_dir, FOLDER + name)


def _filled(value: Any, checkpoints: Optional[Dict[str, str]]) -> Any:
    """A copy, with paths in the place of the names of stages."""
    if isinstance(value, dict):
        return {key: _filled(one, checkpoints) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_filled(one, checkpoints) for one in value]
    if isinstance(value, str) and checkpoints is not None:
        return PLACEHOLDER.sub(lambda match: checkpoints[match[1]], value)
    return value


def _drop_hooks(own: Config) -> None:
    hooks = own.get('default_hooks') or {}
    for name in [name for name, hook in hooks.items() if hook is None]:
        if name not in MMENGINE_HOOKS:  # which mmengine does not bear
            del hooks[name]


def _drop_curvature(own: Config) -> None:
    if own.get('custom_hooks'):
        own.custom_hooks = [
            hook for hook in own.custom_hooks if not is_curvature(hook)
        ]


def is_curvature(hook: Any) -> bool:
    """Whether the config of a hook is that of Curvature Regularization.

    Args:
        hook (dict): Config of a hook.

    Returns:
        bool: Whether its type is FeaturePoolHook.
    """
    return str(hook.get('type')).rpartition('.')[2] == 'FeaturePoolHook'


def _only_evaluate(own: Config, place: str) -> None:
    for key in ('train_dataloader', 'optim_wrapper', 'val_dataloader'):
        if own.get(key) is None:
            raise UsageError(
                f'{place}: a stage with train_cfg=None evaluates only, and '
                f'keeps {key}, which is None; leave {key} as it is')
    own.train_cfg = dict(type='mmcurv.EvaluationLoop')
    own.pop('param_scheduler', None)


def _start_from(own: Config, stage: Stage, checkpoints: Dict[str,
                                                             str]) -> None:
    own.resume, own.load_from = False, None
    hooks: Dict[str, Any] = {}
    if stage.weights is not None:
        own.load_from = checkpoints[stage.weights]
        hooks['stage_weights'] = dict(
            type='mmcurv.StageWeightsHook',
            reset=list(stage.reset),
            frozen=list(stage.freeze))
    if stage.freeze:
        hooks['stage_freeze'] = dict(
            type='mmcurv.FreezeHook',
            modules=list(stage.freeze),
            norm=stage.norm)
    own.merge_from_dict(dict(default_hooks=hooks))


def final_config(cfg: Config) -> Config:
    """The config of the last stage, or of a training without stages.

    Args:
        cfg (Config): Of the whole training; stays as it is.

    Returns:
        Config: Without ``stages``.
    """
    stages = read_stages(cfg)
    return stage_config(cfg, len(stages) - 1) if stages else cfg


class StageEpochs(NamedTuple):
    """A stage, where it works and how long it is.

    Attributes:
        folder (str): In the work folder of the whole training; '' is that
            folder itself. Defaults to ''.
        epochs (int, optional): 0 if it only evaluates. Defaults to None: it
            counts iterations.
    """
    folder: str = ''
    epochs: Optional[int] = None


# What a training is that has no other stages.
ONE_STAGE = (StageEpochs(), )


def total_epochs(stages: Sequence[StageEpochs]) -> Optional[int]:
    """Epochs of a whole training.

    Args:
        stages (Sequence[StageEpochs]): Its stages.

    Returns:
        int | None: None if a stage counts iterations.
    """
    epochs = [stage.epochs for stage in stages]
    return None if None in epochs else sum(epochs)


def stage_epochs(cfg: Config) -> List[StageEpochs]:
    """The stages of a training.

    Args:
        cfg (Config): With ``stages`` or without.

    Returns:
        list[StageEpochs]: In the order of training; one for a config without
        stages.

    Raises:
        UsageError: If the stages do not make sense.
    """
    stages = read_stages(cfg)
    if not stages:
        return [StageEpochs('', _max_epochs(cfg))]
    last = len(stages) - 1
    return [
        StageEpochs('' if i == last else FOLDER + stage.name,
                    _max_epochs(stage_config(cfg, i)))
        for i, stage in enumerate(stages)
    ]


def _max_epochs(cfg: Config) -> Optional[int]:
    loop = cfg.get('train_cfg') or {}
    if loop.get('type') == 'mmcurv.EvaluationLoop':
        return 0
    return loop.get('max_epochs')
