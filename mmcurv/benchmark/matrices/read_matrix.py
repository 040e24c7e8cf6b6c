# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The content of a matrix file, checked, with defaults filled in."""
from pathlib import Path
from typing import Any, Dict, List

import yaml

from mmcurv.benchmark.paper.paper_results import paper_cells
from mmcurv.engine.config_options import UsageError, check_file
from mmcurv.files import did_you_mean
from .matrix_fields import DATA, MATRIX, METHOD, VARIANT, filled

SCHEMA = 'mmcurv.matrix'
SCHEMA_VERSION = 1
OWN_OPTIONS = ('randomness.seed', 'work_dir')  # set for each run


class UniqueKeyLoader(yaml.SafeLoader):
    """Plain values only, and no key twice: YAML would keep the last one."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        problem=f'the key {key.value!r} stands here twice',
                        problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_matrix(path: str) -> Dict[str, Any]:
    """Read a matrix file.

    Args:
        path (str): Path of the file.

    Returns:
        dict: The fields of ``matrix_fields``; ``data``, ``methods`` and
        ``variants`` are lists of such.

    Raises:
        UsageError: If there is no such file, or it is no matrix.
    """
    content = _load(path)
    _check_schema(content, path)
    matrix = filled(content, MATRIX, path)
    stem = Path(path).stem
    if matrix['name'] != stem:
        raise UsageError(f'{path}: name: expected {stem!r}, that of the file, '
                         f'got {matrix["name"]!r}; it names the folder of '
                         'the runs')
    for key, fields in (('data', DATA), ('methods', METHOD), ('variants',
                                                              VARIANT)):
        title = next(iter(fields))
        matrix[key] = [
            filled(entry, fields,
                   f'{path}: {key}, entry {i} ({entry.get(title)!r})')
            for i, entry in enumerate(matrix[key], 1)
        ]
    _check_paper_table(matrix, path)
    _check_repetitions(matrix, path)
    _check_slugs(matrix, path)
    _check_options(matrix, path)
    return matrix


def _load(path: str) -> Any:
    check_file(path, 'matrix')
    try:
        with open(path, encoding='utf-8') as file:
            return yaml.load(file, Loader=UniqueKeyLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f'{path}: expected YAML, but {error}') from error


def _check_schema(content: Any, path: str) -> None:
    found = content.get('schema') if isinstance(content, dict) else None
    if found != SCHEMA:
        raise UsageError(
            f"{path}: expected a matrix, a YAML file with 'schema: {SCHEMA}', "
            f'found schema {found!r}')
    version = content.get('schema_version')
    if version != SCHEMA_VERSION:
        raise UsageError(
            f'{path}: expected schema_version {SCHEMA_VERSION}, got '
            f'{version!r}; a newer one needs a newer mmcurv')


def _check_paper_table(matrix: Dict[str, Any], path: str) -> None:
    try:
        paper_cells(matrix['paper_table'])
    except ValueError as error:
        raise UsageError(f'{path}: {error}') from error


def _check_repetitions(matrix: Dict[str, Any], path: str) -> None:
    lists = [('seeds', matrix['seeds']), ('cr', matrix['cr'])]
    for key in ('data', 'methods', 'variants'):
        for entry in matrix[key]:
            lists += [(f'{key}: {name}', value)
                      for name, value in entry.items()
                      if isinstance(value, list) and name != 'with']
    for where, values in lists:
        again = _repeated(values)
        if again:
            raise UsageError(f'{path}: {where}: {again[0]!r} stands in '
                             f'{values} more than once; each would be the '
                             'same run')


def _check_slugs(matrix: Dict[str, Any], path: str) -> None:
    known = [entry['slug'] for entry in matrix['data']]
    for method in matrix['methods']:
        for name in method['data'] or []:
            if name not in known:
                raise UsageError(
                    f'{path}: methods ({method["method"]!r}): data: unknown '
                    f'slug {name!r}: {did_you_mean(name, known)}')


def _check_options(matrix: Dict[str, Any], path: str) -> None:
    entries = [
        matrix, *matrix['data'], *matrix['methods'], *matrix['variants']
    ]
    for key in (key for entry in entries for key in entry['options']):
        if key in OWN_OPTIONS:
            raise UsageError(f'{path}: options: {key} is set for each run, by '
                             'its seed and its folder; remove it')
    for variant in matrix['variants']:
        for key, value in variant['options'].items():
            if (variant['tau'] is not None and key.split('.')[-1] == 'tau'
                    and value != variant['tau']):
                raise UsageError(
                    f'{path}: variants ({variant["variant"]!r}): tau is '
                    f'{variant["tau"]}, but its option {key} is {value}')


def _repeated(values: List[Any]) -> List[Any]:
    return [value for i, value in enumerate(values) if value in values[:i]]
