# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs that fit what was asked for, such as ``method=CE seed=0``."""
from typing import Dict, List, Optional, Sequence

from mmcurv.engine.config_options import UsageError
from mmcurv.files import did_you_mean
from .run_spec import RunSpec

KEYS = ('method', 'cr', 'dataset', 'factor', 'model', 'variant', 'seed')


def select_runs(runs: Sequence[RunSpec],
                only: Optional[Sequence[str]] = None) -> List[RunSpec]:
    """Runs that fit every condition.

    Args:
        runs (Sequence[RunSpec]): To choose from.
        only (Sequence[str], optional): Conditions ``KEY=VALUE``; of several
            with one key, one has to hold. Keys are method, cr (true or
            false), dataset, factor (none for balanced data), model, variant
            and seed; case does not matter. Defaults to None, which is no
            condition.

    Returns:
        list[RunSpec]: In their order; all without conditions.

    Raises:
        UsageError: If a key or value is unknown, or no run fits them all.
    """
    wanted: Dict[str, set] = {}
    for condition in only or ():
        key, equals, value = condition.partition('=')
        if not equals:
            raise UsageError(f'--only: expected KEY=VALUE, got {condition!r}; '
                             f'keys are {", ".join(KEYS)}')
        if key not in KEYS:
            raise UsageError(
                f'--only: unknown key {key!r}: {did_you_mean(key, KEYS)}')
        known = [_texts(run)[key] for run in runs]
        value = _plain(key, value)
        if value.lower() not in map(str.lower, known):
            raise UsageError(f'--only: unknown {key} {value!r}: '
                             f'{did_you_mean(value, known)}')
        wanted.setdefault(key, set()).add(value.lower())
    chosen = [
        run for run in runs if all(
            _texts(run)[key].lower() in values
            for key, values in wanted.items())
    ]
    if runs and not chosen:
        raise UsageError(f'--only: no run fits all of {", ".join(only)}')
    return chosen


def _texts(run: RunSpec) -> Dict[str, str]:
    factor = run.imbalance_factor
    return dict(
        method=run.method,
        cr=str(run.cr).lower(),
        dataset=run.dataset,
        factor='none' if factor is None else f'{factor:g}',
        model=run.model,
        variant=run.variant,
        seed=str(run.seed))


def _plain(key: str, value: str) -> str:
    """'100.0' is the factor '100'."""
    try:
        return f'{float(value):g}' if key == 'factor' else value
    except ValueError:
        return value
