# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every run of a matrix, in the order of its tables."""
import os.path as osp
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from mmcurv.engine.config_options import UsageError
from mmcurv.files import did_you_mean
from .config_pattern import fill_pattern, placeholders
from .matrix_fields import slug
from .run_spec import RunSpec

FACTOR = 'train_dataloader.dataset.imbalance_factor'


class Cell(NamedTuple):
    """What repetitions with other seeds share, as entries of the file."""
    method: Dict[str, Any]
    data: Dict[str, Any]
    factor: Optional[float]
    variant: Dict[str, Any]
    cr: bool


def expand_matrix(matrix: Dict[str, Any], root: str) -> List[RunSpec]:
    """Methods by data, by imbalance factors, by variants, by CR, by seeds.

    Args:
        matrix (dict): Content of a matrix file.
        root (str): Folder of all runs.

    Returns:
        list[RunSpec]: The seeds of a cell follow each other, the last thing
        named above varies fastest.

    Raises:
        UsageError: If an entry gives no run, a config pattern cannot be
            filled, or two runs are one.
    """
    cells = list(_cells(matrix))
    _check_all_used(matrix, cells)
    runs = [
        _run(matrix, cell, seed, root) for cell in cells
        for seed in matrix['seeds']
    ]
    _check_distinct(runs)
    return runs


def run_folder(root: str, matrix: str, method: str, cr: bool, data: str,
               variant: str, seed: int) -> str:
    """Where a run lies.

    Args:
        root (str): Folder of all runs.
        matrix (str): Name of the matrix.
        method (str): Such as 'LDAM-DRW'.
        cr (bool): With Curvature Regularization.
        data (str): Slug with what belongs to it, 'cifar100-lt-if100'.
        variant (str): '' for the plain run, which has no folder of its own.
        seed (int): Of the training.

    Returns:
        str: Path of the work folder.
    """
    parts = [root, matrix, slug(method) + ('_cr' if cr else ''), data]
    parts += [slug(variant)] if variant else []
    return osp.join(*parts, f'seed{seed}')


def _cells(matrix: Dict[str, Any]) -> Iterator[Cell]:
    for method in matrix['methods']:
        for data in matrix['data']:
            if method['data'] and data['slug'] not in method['data']:
                continue
            for factor in data['factors'] or [None]:
                if factor is not None and factor not in (method['factors']
                                                         or [factor]):
                    continue
                for variant in matrix['variants']:
                    for cr in matrix['cr']:
                        if (cr in (method['cr'] or [cr])
                                and cr in (variant['cr'] or [cr])):
                            yield Cell(method, data, factor, variant, cr)


def _run(matrix: Dict[str, Any], cell: Cell, seed: int, root: str) -> RunSpec:
    method, data, factor, variant, cr = cell
    name = method['method']
    models = {m['model'] for m in matrix['methods'] if m['method'] == name}
    place = data['slug']
    place += '' if factor is None else f'-if{factor:g}'
    place += f'-{slug(method["model"])}' if len(models) > 1 else ''
    config, files, switch, named = None, [], False, {}
    if method['config']:
        config, *files = (
            fill_pattern(pattern, data['slug'], factor, cr)
            for pattern in (method['config'], *data['with'], *method['with']))
        filled = placeholders(method['config'])
        switch = cr and 'cr' not in filled
        if factor is not None and 'factor' not in filled:
            named = {FACTOR: factor}
    return RunSpec(
        matrix=matrix['name'],
        method=name,
        cr=cr,
        dataset=data['dataset'],
        imbalance_factor=factor,
        model=method['model'],
        variant=variant['variant'],
        tau=variant['tau'],
        seed=seed,
        config=config,
        options={
            **matrix['options'],
            **named,
            **data['options'],
            **method['options'],
            **variant['options']
        },
        folder=run_folder(root, matrix['name'], name, cr, place,
                          variant['variant'], seed),
        with_files=tuple(files),
        cr_switch=switch)


def _check_all_used(matrix: Dict[str, Any], cells: List[Cell]) -> None:
    used = {
        id(entry)
        for cell in cells
        for entry in (cell.method, cell.data, cell.variant)
    }
    for key in ('methods', 'data', 'variants'):
        for entry in matrix[key]:
            if id(entry) not in used:
                title = next(iter(entry.values()))
                raise UsageError(
                    f'{key} ({title!r}): not one run comes of it; the lists '
                    "'cr', 'data' and 'factors' of the entries leave nothing "
                    'over')
    for method in matrix['methods']:
        reached = {cell.factor for cell in cells if cell.method is method}
        for factor in method['factors'] or []:
            if factor not in reached:
                known = sum((data['factors'] or [] for data in matrix['data']),
                            [])
                raise UsageError(
                    f'methods ({method["method"]!r}): factors: {factor:g} is '
                    f'none of its data: {did_you_mean(factor, known)}')


def _check_distinct(runs: List[RunSpec]) -> None:
    folders, names, trainings = {}, {}, {}
    for run in runs:
        for known, key, what in ((folders, run.folder, 'the same folder'),
                                 (names, run.name, 'the same name')):
            if key in known:
                raise UsageError(
                    f'two runs have {what}: {known[key].name!r} in '
                    f'{known[key].folder!r} and {run.name!r} in '
                    f'{run.folder!r}; rename one')
            known[key] = run
        if run.config is None:
            continue
        key = (run.config_words, repr(sorted(run.options.items())), run.seed)
        if key in trainings:
            raise UsageError(
                f'{trainings[key].name!r} and {run.name!r} would be the same '
                f'training: both have the config {run.config_words!r} and '
                "the same options. Give one a 'with' or 'options' of its own, "
                'write the placeholder {data}, {factor} or {cr} into the '
                "config, or keep one by 'cr', 'data' or 'factors'")
        trainings[key] = run
