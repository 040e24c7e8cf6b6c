# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The config that mmengine left in a run's folder, read and never run.

Such a file holds values only. Whoever sends a folder of runs may have put
something else into it, so it is parsed instead of executed.
"""
import ast
from typing import Any, Dict

from mmcurv.engine.config_options import UsageError


def read_kept_config(path: str) -> Dict[str, Any]:
    """Read what ``Config.dump`` wrote.

    Args:
        path (str): Path of the file.

    Returns:
        dict: The same entries.

    Raises:
        UsageError: If it cannot be read, or holds more than names with plain
            values, lists, tuples and dicts.
    """
    try:
        with open(path, encoding='utf-8') as file:
            statements = ast.parse(file.read()).body
        return {_name(one): _value(one.value) for one in statements}
    except (OSError, ValueError, SyntaxError, TypeError, RecursionError,
            MemoryError) as error:
        words = ' '.join(str(error).split())
        raise UsageError(
            f'{path}: cannot be read as a config that mmengine wrote: '
            f'{type(error).__name__}: {words}') from error


def _name(statement: ast.stmt) -> str:
    """Left side of ``name = value``."""
    if (isinstance(statement, ast.Assign) and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)):
        return statement.targets[0].id
    raise ValueError(f'line {statement.lineno}: expected NAME = VALUE, got '
                     'another statement')


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        return _dict(node)
    if isinstance(node, ast.Dict) and None not in node.keys:
        return {
            ast.literal_eval(key): _value(value)
            for key, value in zip(node.keys, node.values)
        }
    if isinstance(node, (ast.List, ast.Tuple)):
        items = map(_value, node.elts)
        return list(items) if isinstance(node, ast.List) else tuple(items)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f'line {node.lineno}: expected a plain value, got '
                         f'{ast.unparse(node)[:60]!r}') from None


def _dict(node: ast.Call) -> Dict[Any, Any]:
    """``dict(a=1)``, or ``dict({'a.b': 1})`` for keys that are no names."""
    plain = (
        isinstance(node.func, ast.Name) and node.func.id == 'dict'
        and all(isinstance(one, ast.Dict) for one in node.args)
        and len(node.args) <= 1 and all(key.arg for key in node.keywords))
    if not plain:
        raise ValueError(f'line {node.lineno}: expected a plain value, got '
                         f'the call {ast.unparse(node)[:60]!r}')
    found = _value(node.args[0]) if node.args else {}
    found.update((key.arg, _value(key.value)) for key in node.keywords)
    return found
