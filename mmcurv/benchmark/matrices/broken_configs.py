# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every config of a matrix that could not be trained, before any is."""
import difflib
import json
from typing import Any, Iterable, Iterator, List, Tuple

import torch
from mmengine.config import Config
from mmengine.registry import (DATASETS, HOOKS, METRICS, MODELS, DefaultScope,
                               Registry)

from mmcurv.benchmark.matrix import RunSpec, missing_configs
from mmcurv.engine.config_options import UsageError
from mmcurv.engine.meta_device import meta_device
from mmcurv.engine.stages.config import read_stages, stage_config
from mmcurv.engine.stages.run import check_stages
from .spec_config import spec_config


def check_configs(specs: Iterable[RunSpec], build: bool = False) -> None:
    """Refuse runs whose configs cannot be trained, all in one message.

    Args:
        specs (Iterable[RunSpec]): Runs; those without config are passed over.
        build (bool): Build every model, too. Defaults to False.

    Raises:
        UsageError: If there is at least one.
    """
    broken = broken_configs(specs, build)
    if broken:
        lines = [f'  {config}: {reason}' for config, reason in broken]
        count = f'{len(broken)} configs' if len(broken) > 1 else 'one config'
        raise UsageError('\n'.join([f'{count} cannot be trained:', *lines]))


def broken_configs(specs: Iterable[RunSpec],
                   build: bool) -> List[Tuple[str, str]]:
    """Configs that have no file, cannot be read, whose options have no
    place, or that name classes which do not exist.

    Args:
        specs (Iterable[RunSpec]): Runs; those without config are passed over.
        build (bool): Build every model, too, without memory for its weights.

    Returns:
        list[tuple[str, str]]: Config with its switches, and reason, once for
        each of both.
    """
    distinct = {(spec.config_words, json.dumps(spec.options)): spec
                for spec in specs if spec.config}  # yapf: disable
    missing = dict(missing_configs(distinct.values()))
    found = {}
    for spec in distinct.values():
        lost = [f'--with {path}: {missing[path]}' for path in spec.with_files
                if path in missing]  # yapf: disable
        reason = (
            missing.get(spec.config) or '; '.join(lost) or _fault(spec, build))
        if reason:
            found[spec.config_words, reason] = None
    return list(found)


def meta_model(cfg: Config) -> torch.nn.Module:
    """The model of a config, as large as it is, without memory for it.

    Args:
        cfg (Config): With ``model``, and ``data_preprocessor`` if any.

    Returns:
        nn.Module: Its parameters are on the device 'meta'.
    """
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
        fault = next(
            filter(None, (_fault_of(one, build) for one in parts)), '')
        if not fault and build and stages:
            check_stages(cfg)
        return fault
    except UsageError as error:
        reason = str(error).removeprefix('config ')
        return reason.removeprefix(f'{spec.config}: ')


def _fault_of(cfg: Config, build: bool) -> str:
    for key in ('model', 'train_dataloader', 'train_cfg'):
        if not cfg.get(key):
            return f'it has no {key}, so it trains nothing'
    for registry, key, kind in _named_classes(cfg):
        scope = cfg.get('default_scope') or 'mmengine'
        with registry.switch_scope_and_registry(scope) as child:
            if isinstance(kind, str) and not _has(child, kind):
                return (f'{key}: unknown {registry.name} {kind!r}: '
                        f'{_nearest_class(kind, registry)}')
    if build:
        try:
            meta_model(cfg)
        except Exception as error:  # any code of a model may stand behind it
            return (f'its model cannot be built: {type(error).__name__}: '
                    f'{error}')
    return ''


def _named_classes(cfg: Config) -> Iterator[Tuple[Registry, str, Any]]:
    """Registry, place in the config and type of what training builds."""
    yield from _types(MODELS, 'model', cfg.model,
                      ('backbone', 'neck', 'head', 'loss'))
    for name in ('train_dataloader', 'val_dataloader'):
        dataset = (cfg.get(name) or {}).get('dataset')
        yield from _types(DATASETS, f'{name}.dataset', dataset,
                          ('dataset', 'datasets'))
    metrics = cfg.get('val_evaluator')
    if isinstance(metrics, dict):  # one metric, or a whole evaluator
        metrics = metrics.get('metrics', metrics)
    yield from _types(METRICS, 'val_evaluator', metrics, ())
    yield from _types(HOOKS, 'custom_hooks', cfg.get('custom_hooks'), ())
    for name, hook in (cfg.get('default_hooks') or {}).items():
        yield from _types(HOOKS, f'default_hooks.{name}', hook, ())


def _types(registry: Registry, place: str, node: Any,
           inner: Tuple[str, ...]) -> Iterator[Tuple[Registry, str, Any]]:
    if isinstance(node, (list, tuple)):
        for i, item in enumerate(node):
            yield from _types(registry, f'{place}.{i}', item, inner)
    elif isinstance(node, dict):
        if 'type' in node:
            yield registry, f'{place}.type', node['type']
        for key in inner:
            yield from _types(registry, f'{place}.{key}', node.get(key), inner)


def _has(registry: Registry, kind: str) -> bool:
    try:
        return registry.get(kind) is not None
    except KeyError:  # of a registry that suggests
        return False


def _nearest_class(kind: str, registry: Registry) -> str:
    """Compared without scopes: it may be the scope that is missing."""
    names = {name.rpartition('.')[2]: name for name in _names(registry)}
    near = difflib.get_close_matches(kind.rpartition('.')[2], names, 1)
    if near:
        return f'did you mean {names[near[0]]!r}?'
    return 'no class of such a name is registered'


def _names(registry: Registry) -> Iterator[str]:
    """Names of a registry and of its children, those with their scope."""
    yield from registry.module_dict
    for scope, child in registry.children.items():
        yield from (f'{scope}.{name}' for name in _names(child))
