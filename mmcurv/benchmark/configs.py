# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The config of a run: read, checked before anything is trained, and as the
command line that trains it."""
import argparse
import functools
import json
import sys
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmcurv.arguments import KeyValueAction, UsageError
from mmcurv.engine.config_options import merged_config
from mmcurv.engine.meta_device import meta_device
from mmcurv.engine.provenance import config_hash
from mmcurv.engine.stages.config import (StageEpochs, read_stages,
                                         stage_config, stage_epochs,
                                         total_epochs)
from mmcurv.engine.stages.run import check_stages
from mmcurv.files import config_file, listed, shipped_file
from .matrix import RunSpec, missing_configs, switch_words


def spec_config(spec: RunSpec) -> Config:
    """Read the config of a run and change it by its switches and options,
    without its seed and work folder.

    Each config with its switches is read once a process, since many runs share
    it. Do not change what comes back.

    Raises:
        UsageError: If a file is missing or no config, or an option has no
            place in it.
    """
    return _merged(*_key(spec))


def spec_hash(spec: RunSpec) -> str:
    """Hash of :func:`spec_config`, equal for all seeds."""
    return _hash(*_key(spec))


def key_hash(config: str, options: Dict[str, Any], with_files: Sequence[str],
             cr: bool) -> str:
    """Same as :func:`spec_hash`, of what a kept collection says of a run."""
    return _hash(config, json.dumps(options), tuple(with_files), cr)


def spec_epochs(spec: RunSpec) -> Optional[int]:
    """Epochs of all stages of the training; None if one counts iterations.
    """
    return total_epochs(spec_stages(spec))


def spec_stages(spec: RunSpec) -> Tuple[StageEpochs, ...]:
    """The stages of the training, one for a config without ``stages``."""
    return _stages(*_key(spec))


def _key(spec: RunSpec) -> tuple:
    return (spec.config, json.dumps(spec.options), tuple(spec.with_files),
            spec.cr_switch)


@functools.lru_cache(maxsize=None)
def _merged(path: str, options: str, with_files: Tuple[str, ...],
            cr: bool) -> Config:
    changes = json.loads(options)
    option_arguments(changes)  # raises if the command line cannot carry them
    try:
        path = config_file(path)
    except FileNotFoundError as error:
        raise UsageError(f'{path}: {error}') from error
    return merged_config(path, changes, with_files, cr)


@functools.lru_cache(maxsize=None)
def _stages(*key) -> Tuple[StageEpochs, ...]:
    return tuple(stage_epochs(_merged(*key)))


@functools.lru_cache(maxsize=None)
def _hash(*key) -> str:
    return config_hash(_merged(*key))


def broken_configs(specs: Iterable[RunSpec],
                   build: bool = False) -> List[Tuple[str, str]]:
    """Configs (with their switches) that have no file, cannot be read, train
    nothing, or whose options have no place, each with the reason.

    With ``build`` every model is built, too, without memory for its weights.
    Runs without a config are passed over. Branches must be able to go on from
    the checkpoint of their trunk.
    """
    distinct = {_key(spec): spec for spec in specs if spec.config}
    missing = dict(missing_configs(distinct.values()))
    found = {}
    for spec in distinct.values():
        lost = [f'--with {path}: {missing[path]}' for path in spec.with_files
                if path in missing]  # yapf: disable
        reason = (
            missing.get(spec.config) or '; '.join(lost) or _fault(spec, build))
        if reason:
            found[spec.config_words, reason] = None
    branches = {
        (_key(spec), _key(spec.branch.trunk), spec.branch.epoch): spec
        for spec in specs if spec.config and spec.branch
    }
    broken = {config for config, _ in found}
    for spec in branches.values():
        if spec.config_words not in broken:
            reason = _branch_fault(spec, build)
            if reason:
                place = f'variant {spec.variant!r}: branch: '
                found[spec.config_words, place + reason] = None
    return list(found)


def check_configs(specs: Iterable[RunSpec]) -> None:
    """Refuse runs whose configs cannot be read by one UsageError with all."""
    broken = broken_configs(specs)
    if broken:
        lines = [f'  {config}: {reason}' for config, reason in broken]
        count = f'{len(broken)} configs' if len(broken) > 1 else 'one config'
        raise UsageError('\n'.join([f'{count} cannot be trained:', *lines]))


def meta_model(cfg: Config) -> torch.nn.Module:
    """The model of a config, as large as it is, without memory for it: its
    parameters are on the device 'meta'."""
    model = cfg.model.to_dict()
    if cfg.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', cfg.data_preprocessor.to_dict())
    scope = cfg.get('default_scope') or 'mmengine'
    with meta_device(), DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(model)


def _fault(spec: RunSpec, build: bool) -> str:
    try:
        cfg = spec_config(spec)
        stages = read_stages(cfg)
        parts = [stage_config(cfg, i) for i in range(len(stages))] or [cfg]
        for part in parts:
            for key in ('model', 'train_dataloader', 'train_cfg'):
                if not part.get(key):
                    return f'it has no {key}, so it trains nothing'
            if build:
                _build(part)
        if build and stages:
            check_stages(cfg)
    except UsageError as error:
        reason = str(error).removeprefix('config ')
        return reason.removeprefix(f'{spec.config}: ')
    return ''


def _branch_fault(spec: RunSpec, build: bool) -> str:
    trunk, epoch = spec.branch
    try:
        cfgs = spec_config(spec), spec_config(trunk)
        if any(map(read_stages, cfgs)):
            return ('a training of several stages cannot be left: each of '
                    'them has epochs and checkpoints of its own')
        lengths = spec_epochs(spec), spec_epochs(trunk)
        if None in lengths:
            return 'expected trainings that count epochs, not iterations'
        if epoch >= min(lengths):
            return (f'expected an epoch below the {min(lengths)} of the run, '
                    f'got {epoch}')
        for key in ('optim_wrapper', 'param_scheduler'):
            if cfgs[0].get(key) != cfgs[1].get(key):
                return (f'its {key} is not that of the trunk, whose '
                        'checkpoint would have the last word: '
                        f'{cfgs[0].get(key)} and {cfgs[1].get(key)}')
        if build:
            own, others = ({
                name: each.shape
                for name, each in _build(cfg).named_parameters()
            } for cfg in cfgs)
            names = [name for name in {**own, **others}
                     if own.get(name) != others.get(name)]  # yapf: disable
            if names:
                return ('its network is not that of the trunk, by the shapes '
                        f'of {listed(names, 3)}')
    except UsageError as error:
        return f'its trunk {trunk.config_words}: {error}'
    return ''


def _build(cfg: Config) -> torch.nn.Module:
    try:
        return meta_model(cfg)
    except Exception as error:  # any code of a model may stand behind it
        raise UsageError('its model cannot be built: '
                         f'{type(error).__name__}: {error}') from error


def train_command(spec: RunSpec) -> List[str]:
    """The command line that trains a run, or goes on with it.

    Raises:
        UsageError: If an option cannot be put on a command line.
        FileNotFoundError: If there is no such config or script.
    """
    options = {**spec.options, 'randomness.seed': spec.seed}
    if spec.kept_epochs:
        saving = 'default_hooks.checkpoint'  # which is not in the hash
        options[f'{saving}.type'] = 'mmcurv.KeepingCheckpointHook'
        options[f'{saving}.keep_epochs'] = list(spec.kept_epochs)
    branch = ['--branch', spec.branch.checkpoint] if spec.branch else []
    return [
        sys.executable,
        shipped_file('tools/train.py'),
        config_file(spec.config),
        *switch_words(spec.with_files, spec.cr_switch), '--work-dir',
        spec.folder, '--resume', *branch, '--cfg-options',
        *option_arguments(options)
    ]


def option_arguments(options: Dict[str, Any]) -> List[str]:
    """Write options as ``KEY=VALUE`` arguments of a tool.

    Args:
        options (dict): Values by dotted key: strings, numbers, booleans,
            None, and lists or tuples of them.

    Raises:
        UsageError: If the tool would read another value.
    """
    arguments = []
    for key, value in options.items():
        argument = f'{key}={_text(value)}'
        try:
            read = read_option_arguments([argument])
        except AssertionError:  # brackets that do not match
            read = None
        # By their texts, since 1, 1.0 and True are three values.
        if repr(read) != repr({str(key): value}):
            raise UsageError(
                f'option {key}: expected a number, a boolean, None, a list of '
                'those, or a text without blanks, quotes, commas and brackets '
                f'that looks like none of them, got {value!r}, which the '
                'command line cannot carry; write it in a config')
        arguments.append(argument)
    return arguments


def read_option_arguments(arguments: List[str]) -> Dict[str, Any]:
    """What the tools make of ``KEY=VALUE`` arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument('options', nargs='*', action=KeyValueAction)
    # Two dashes: what follows is no option, even if it begins like one.
    return parser.parse_args(['--', *arguments]).options or {}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return f'[{",".join(map(_text, value))}]'
    if isinstance(value, tuple):
        return f'({",".join(map(_text, value))})'
    return value if isinstance(value, str) else repr(value)
