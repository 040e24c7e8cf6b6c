# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Config changes as ``--cfg-options`` that are read back unchanged."""
import argparse
from typing import Any, Dict, List

from mmcurv.engine.config_options import KeyValueAction, UsageError


def option_arguments(options: Dict[str, Any]) -> List[str]:
    """Write options as ``KEY=VALUE`` arguments of a tool.

    Args:
        options (dict): Values by dotted key: strings, numbers, booleans,
            None, and lists or tuples of them.

    Returns:
        list[str]: One argument for each, in the same order.

    Raises:
        UsageError: If the tool would read another value.
    """
    return [_argument(str(key), value) for key, value in options.items()]


def read_option_arguments(arguments: List[str]) -> Dict[str, Any]:
    """What the tools make of ``KEY=VALUE`` arguments.

    Args:
        arguments (list[str]): Each with a ``=``.

    Returns:
        dict: Values by dotted key.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument('options', nargs='*', action=KeyValueAction)
    # Two dashes: what follows is no option, even if it begins like one.
    return parser.parse_args(['--', *arguments]).options or {}


def _argument(key: str, value: Any) -> str:
    argument = f'{key}={_text(value)}'
    try:
        read = read_option_arguments([argument])
    except AssertionError:  # brackets that do not match
        read = None
    if read is None or not _same(read, {key: value}):
        raise UsageError(
            f'option {key}: expected a number, a boolean, None, a list of '
            'those, or a text without blanks, quotes, commas and brackets '
            f'that looks like none of them, got {value!r}, which the command '
            'line cannot carry; write it in a config')
    return argument


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f'[{",".join(map(_text, value))}]'
    if isinstance(value, tuple):
        return f'({",".join(map(_text, value))})'
    return repr(value)


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):  # 1, 1.0 and True are three values
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b or (a != a and b != b)  # nan is nan
