# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether a run's folder was trained with the config that its matrix gives.

A training that is resumed under a changed config would be neither the one
nor the other.
"""
import json
import os
import os.path as osp
from typing import Any, Dict, Iterator, Optional, Tuple

from mmcurv.benchmark.matrices.spec_config import spec_config
from mmcurv.benchmark.matrix import RunSpec
from mmcurv.engine.checkpoints import BY_TIME
from mmcurv.engine.provenance import canonical_json
from .kept_config import read_kept_config

SHOWN = 3
ABSENT = 'absent'


def changed_config(spec: RunSpec) -> Optional[str]:
    """Compare the config that mmengine left in a folder with the run's.

    Args:
        spec (RunSpec): The run.

    Returns:
        str | None: What differs, in words; None if nothing does, or no
        config was left.

    Raises:
        UsageError: If that config cannot be read.
    """
    name = osp.basename(spec.config)
    left = [
        other for other in sorted(os.listdir(spec.folder))
        if other.endswith('.py') and not BY_TIME.fullmatch(other)
    ]
    if not left:
        return None
    if name not in left:
        return f'they were trained with {left[0]}, the matrix names {name}'
    old = read_kept_config(osp.join(spec.folder, name))
    seed = (old.get('randomness') or {}).get('seed')
    if seed != spec.seed:
        return f'they have the seed {seed}, the matrix has {spec.seed}'
    return differences(old, spec_config(spec))


def differences(old: Any, new: Any) -> Optional[str]:
    """Entries that make two configs different trainings.

    Args:
        old (Config | dict): The one.
        new (Config | dict): The other.

    Returns:
        str | None: Such as 'train_cfg.max_epochs was 20 and is 10'; the
        first few, and how many more. None if the hashes are equal.
    """
    before, after = (
        dict(_entries(json.loads(canonical_json(cfg)))) for cfg in (old, new))
    keys = [
        key for key in {
            **before,
            **after
        } if before.get(key, ABSENT) != after.get(key, ABSENT)
    ]
    if not keys:
        return None
    words = [
        f'{key} was {_short(before.get(key, ABSENT))} and is '
        f'{_short(after.get(key, ABSENT))}' for key in keys[:SHOWN]
    ]
    more = len(keys) - SHOWN
    return ', '.join(words) + (f', and {more} more' if more > 0 else '')


def _entries(node: Any, place: str = '') -> Iterator[Tuple[str, Any]]:
    """Leaves by dotted key; empty lists and dicts are leaves, too."""
    items: Dict[Any, Any] = {}
    if isinstance(node, dict):
        items = node
    elif isinstance(node, list):
        items = dict(enumerate(node))
    if not items:
        yield place, node
    for key, item in items.items():
        yield from _entries(item, f'{place}.{key}' if place else str(key))


def _short(value: Any) -> str:
    text = repr(value) if value != ABSENT else ABSENT
    return text if len(text) <= 40 else f'{text[:39]}…'
