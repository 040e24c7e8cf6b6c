# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Paths of configs with places for data, imbalance factor and CR."""
import string
from typing import List, Optional

from mmcurv.engine.config_options import UsageError
from mmcurv.files import did_you_mean

PLACEHOLDERS = ('data', 'factor', 'cr')


def fill_pattern(pattern: str, data: str, factor: Optional[float],
                 cr: bool) -> str:
    """The config of a cell.

    Args:
        pattern (str): Path with ``{data}``, ``{factor}`` and ``{cr}``.
        data (str): Slug of the data.
        factor (float, optional): Imbalance factor; None for balanced data.
        cr (bool): Whether ``{cr}`` is '_cr' or ''.

    Returns:
        str: Path.

    Raises:
        UsageError: If a placeholder is unknown or has no value.
    """
    values = dict(data=data, cr='_cr' if cr else '')
    if factor is not None:
        values['factor'] = f'{factor:g}'
    try:
        for name in placeholders(pattern):
            if name not in PLACEHOLDERS:
                raise UsageError(
                    f'config {pattern!r}: unknown placeholder {name!r}: '
                    f'{did_you_mean(name, PLACEHOLDERS)}')
            if name not in values:
                raise UsageError(f'config {pattern!r}: the data {data!r} have '
                                 'no factors, so {factor} has no value')
        return pattern.format(**values)
    except (KeyError, IndexError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f'config {pattern!r}: {error}; placeholders are '
                         '{data}, {factor} and {cr}') from error


def placeholders(pattern: str) -> List[str]:
    """Names in braces in a pattern; ValueError if a brace is left open."""
    names = [name for _, name, _, _ in string.Formatter().parse(pattern)]
    return [name for name in names if name is not None]
