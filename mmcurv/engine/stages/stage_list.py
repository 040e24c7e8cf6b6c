# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The stages that a config asks for, checked before anything is trained."""
import re
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from mmcurv.engine.config_options import UsageError
from mmcurv.files import did_you_mean

NAME = r'[A-Za-z0-9][\w-]*'  # of a stage, and of a part of a folder
PLACEHOLDER = re.compile(rf'\{{({NAME})\}}')
NORMS = ('eval', 'train')


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
