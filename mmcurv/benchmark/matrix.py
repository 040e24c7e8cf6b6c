# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A matrix: which methods are trained on which data with which seeds.

A YAML file of a few lines stands for hundreds of runs. It is written by hand,
so every word of it is checked here, once, and a fault is told with its place.
"""
import contextlib
import itertools
import math
import os
import os.path as osp
import re
import string
from pathlib import Path
from typing import (Annotated, Any, Dict, Iterable, List, Literal, NamedTuple,
                    Optional, Sequence, Tuple, Union)

import yaml
from pydantic import (AfterValidator, BaseModel, ConfigDict, Field,
                      ValidationError, model_validator)

from mmcurv.arguments import UsageError, find_file
from mmcurv.benchmark.paper import paper_cells
from mmcurv.files import config_file, did_you_mean
from . import ROOT

SCHEMA, SCHEMA_VERSION = 'mmcurv.matrix', 1
FACTOR = 'train_dataloader.dataset.imbalance_factor'
OWN_OPTIONS = ('randomness.seed', 'work_dir')  # set for each run
PLACEHOLDERS = ('data', 'factor', 'cr')
KEYS = ('method', 'cr', 'dataset', 'factor', 'model', 'variant', 'seed')
# A file of a few lines can stand for gigabytes, by aliases of aliases; the
# largest shipped matrix has 4 kB, 900 values and a depth of 5.
MOST_BYTES, MOST_VALUES, MOST_DEPTH, MOST_DIGITS = 100_000, 20_000, 30, 30


class RunSpec(NamedTuple):
    """One run: what is trained, and where.

    Attributes:
        matrix (str): Name of the matrix.
        method (str): Such as 'CE' or 'LDAM-DRW'.
        cr (bool): With Curvature Regularization.
        dataset (str): Such as 'CIFAR-100-LT'.
        imbalance_factor (float, optional): None for balanced data.
        model (str): Such as 'ResNet-32'.
        variant (str): What else was varied, such as 'tau=10'; '' if nothing.
        tau (float, optional): Of a sweep over tau; else None.
        seed (int): Of the training.
        config (str, optional): Path of the config; None while there is none.
        options (dict): Changes of the config by dotted key, as
            ``--cfg-options`` takes them, without the seed.
        folder (str): Work folder.
        with_files (tuple[str]): Config files over the config, as ``--with``
            takes them. Defaults to ().
        cr_switch (bool): Whether ``--cr`` is what adds CR, and not the config
            itself. Defaults to False.
    """
    matrix: str
    method: str
    cr: bool
    dataset: str
    imbalance_factor: Optional[float]
    model: str
    variant: str
    tau: Optional[float]
    seed: int
    config: Optional[str]
    options: Dict[str, Any]
    folder: str
    with_files: Tuple[str, ...] = ()
    cr_switch: bool = False

    @property
    def config_words(self) -> str:
        """The config with its switches, as on a command line."""
        return ' '.join(
            [str(self.config), *switch_words(self.with_files, self.cr_switch)])

    @property
    def cell(self) -> tuple:
        """What repetitions with other seeds share."""
        return (self.method, self.cr, self.dataset, self.imbalance_factor,
                self.model, self.variant)

    @property
    def name(self) -> str:
        """What people call it, unique in its matrix."""
        parts = [self.method + (' + CR' if self.cr else ''), self.dataset]
        if self.imbalance_factor is not None:
            parts[1] += f' if{self.imbalance_factor:g}'
        parts += [self.model, self.variant, f'seed {self.seed}']
        return ', '.join(part for part in parts if part)


class Matrix(NamedTuple):
    """A matrix file with its runs.

    Attributes:
        name (str): Stem of the file, and folder of the runs.
        title (str): One line.
        about (str): Free text.
        paper_table (str, optional): Such as 'Table 1', if its cells are
            those of a table of the paper; several with commas.
        protocol (dict): ``epochs`` of the paper's protocol; may be empty.
        file (str): Path of the file.
        runs (list[RunSpec]): In the order of the table.
    """
    name: str
    title: str
    about: str
    paper_table: Optional[str]
    protocol: Dict[str, Any]
    file: str
    runs: List[RunSpec]


def slug(text: str) -> str:
    """A name as a part of a path: 'RIDE + CMO' is 'ride-cmo'.

    Lower-case letters, digits, '.', '_' and '=' stay, so 'tau=10' does.
    """
    return re.sub(r'[^a-z0-9._=]+', '-', text.lower()).strip('-.')


def _kind(of: Any, words: str, fits: Any = lambda value: True) -> Any:
    """A kind of value, with the words for it that a message says."""

    def check(value):
        if not fits(value):
            raise ValueError('does not fit')
        return value

    return Annotated[of, Field(description=words), AfterValidator(check)]


def _some(of: Any) -> Any:
    """A list of at least one."""
    return Annotated[List[of], Field(min_length=1)]


def _is_name(text: str) -> bool:
    return bool(re.search('[a-z0-9]', slug(text)))


def _is_variant(text: str) -> bool:
    # Seeds are folders, too, and no run may lie inside of another one.
    return not text or (_is_name(text)
                        and not re.fullmatch(r'seed\d+', slug(text)))


def _are_options(options: Dict[str, Any]) -> bool:
    values = [*options.values()]
    for value in values:  # lists add theirs
        values += value if isinstance(value, list) else []
    return all(
        isinstance(value, (list, str, bool, int, float, type(None)))
        for value in values)


SEVERAL = 'a list of entries'
Number = Union[int, float]  # as it stands there: options and hashes carry it
Text = _kind(str, 'a text')
Name = _kind(
    str, 'a text with a letter of a to z or a digit (in quotes, if YAML takes '
    'it for something else)', _is_name)
Slug = _kind(
    str, "lower-case letters, digits, '.' and '-', as in names of configs",
    lambda text: slug(text) == text and re.fullmatch('[a-z0-9.-]+', text))
Slugs = _kind(Optional[_some(Name)], 'a list of slugs of data')
Path_ = _kind(Optional[Name],
              'the path of a config, or null while there is none')
Paths = _kind(List[Name], 'a list of paths of config files')
Switch = _kind(Optional[_some(bool)], 'false, true or both in a list')
Options = _kind(
    Dict[str, Any],
    'plain values by dotted key, such as {train_cfg.max_epochs: 20}',
    _are_options)
Factors = _kind(
    Optional[_some(Number)],
    'a list of numbers of at least 1, largest over smallest class',
    lambda values: all(1 <= value < math.inf for value in values or ()))
VariantName = _kind(str,
                    "a text, '' for the plain run, and none such as 'seed0'",
                    _is_variant)
Tau = _kind(Optional[Number], 'a number above 1, or null',
            lambda value: value is None or value > 1)
Table = _kind(Optional[Name],
              "a text such as 'Table 1', several with commas, or null")
Protocol = _kind(Dict[Literal['epochs'], int], '{epochs: NUMBER} or nothing',
                 lambda value: value.get('epochs', 1) > 0)
Seeds = _kind(
    _some(int), 'a list of whole numbers from 0 to 2^32 - 1',
    lambda values: all(0 <= value < 2**32 for value in values))  # as in NumPy


class _Entry(BaseModel):
    model_config = ConfigDict(extra='forbid', strict=True)
    options: Options = {}

    @model_validator(mode='after')
    def _is_sensible(self):
        for key in OWN_OPTIONS:
            if key in self.options:
                raise ValueError(f'options: {key} is set for each run, by its '
                                 'seed and its folder; remove it')
        for name, values in self:
            if not isinstance(values, list) or name == 'with_files':
                continue
            for i, value in enumerate(values):
                if value in values[:i] and not isinstance(value, _Entry):
                    raise ValueError(f'{name}: {value!r} stands in {values} '
                                     'more than once; each would be the same '
                                     'run')
        return self


class Data(_Entry):
    """Entry of ``data``: long-tailed data of some factors, or balanced ones.
    """
    dataset: Name
    slug: Slug
    factors: Factors = None
    with_files: Paths = Field([], alias='with')


class Method(_Entry):
    """Entry of ``methods``: what is trained, and where it is kept to."""
    method: Name
    model: Name
    config: Path_
    cr: Switch = None
    data: Slugs = None
    factors: Factors = None
    with_files: Paths = Field([], alias='with')


class Variant(_Entry):
    """Entry of ``variants``: what else is varied."""
    variant: VariantName
    cr: Switch = None
    tau: Tau = None

    @model_validator(mode='after')
    def _has_one_tau(self):
        for key, value in self.options.items():
            if (self.tau is not None and key.split('.')[-1] == 'tau'
                    and value != self.tau):
                raise ValueError(
                    f'tau is {self.tau}, but its option {key} is {value}')
        return self


class MatrixFile(_Entry):
    """What a matrix file may hold."""
    schema_: Literal[SCHEMA] = Field(alias='schema')
    schema_version: Literal[SCHEMA_VERSION]
    name: Name
    title: Name
    about: Text = ''
    paper_table: Table = None
    protocol: Protocol = {}
    seeds: Seeds
    cr: List[bool] = Field([False, True],
                           min_length=1,
                           description='false, true or both in a list')
    data: List[Data] = Field(min_length=1, description=SEVERAL)
    methods: List[Method] = Field(min_length=1, description=SEVERAL)
    variants: List[Variant] = Field([Variant(variant='')],
                                    min_length=1,
                                    description=SEVERAL)


ENTRIES = dict(data=Data, methods=Method, variants=Variant)
TITLES = dict(methods='method', data='dataset', variants='variant')


def read_matrix(path: str, root: str = ROOT) -> Matrix:
    """Read a matrix file and expand it to its runs.

    Args:
        path (str): Path of the file.
        root (str): Folder of all runs. Defaults to 'work_dirs/benchmark'.

    Returns:
        Matrix: Methods by data, by imbalance factors, by variants, by CR, by
        seeds, of which the last varies fastest.

    Raises:
        UsageError: If the file is no matrix, two runs are one, an entry gives
            no run, or a config does not exist; the message names the place.
    """
    content = _load(path)
    try:
        matrix = MatrixFile.model_validate(content)
        paper_cells(matrix.paper_table)
    except ValidationError as error:
        raise UsageError(_faults(error, content, path)) from None
    except ValueError as error:
        raise UsageError(f'{path}: {error}') from error
    if matrix.name != Path(path).stem:
        raise UsageError(f'{path}: name: expected {Path(path).stem!r}, that '
                         f'of the file, got {matrix.name!r}; it names the '
                         'folder of the runs')
    try:
        runs = _expand(matrix, root)
    except UsageError as error:
        raise UsageError(f'{path}: {error}') from error
    missing = missing_configs(runs)
    if missing:
        lines = [f'  {config}: {reason}' for config, reason in missing]
        raise UsageError('\n'.join(
            [f'{path}: configs that do not exist:', *lines]))
    return Matrix(matrix.name, matrix.title, matrix.about.strip(),
                  matrix.paper_table, dict(matrix.protocol), path, runs)


class UniqueKeyLoader(yaml.SafeLoader):
    """Plain values only, and no key twice: YAML would keep the last one."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f'the key {key.value!r} stands here twice',
                        problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _load(path: str) -> Any:
    """The content of a YAML file, which nobody has to trust."""
    path = find_file(path, 'matrix')
    if osp.getsize(path) > MOST_BYTES:
        raise UsageError(f'{path}: expected a matrix, a file of at most '
                         f'{MOST_BYTES:,} bytes, got {osp.getsize(path):,}')
    try:
        with open(path, encoding='utf-8') as file:
            loader = UniqueKeyLoader(file.read())
        node = loader.get_single_node()
        _check_size(node)
        content = node and loader.construct_document(node)
    except RecursionError:
        raise UsageError(f'{path}: expected a matrix of at most {MOST_DEPTH} '
                         'levels, got far more') from None
    except (yaml.YAMLError, ValueError) as error:
        raise UsageError(f'{path}: expected YAML, but {error}') from error
    found = content.get('schema') if isinstance(content, dict) else None
    if found != SCHEMA:
        raise UsageError(
            f"{path}: expected a matrix, a YAML file with 'schema: {SCHEMA}', "
            f'found schema {_short(found)}')
    if content.get('schema_version') != SCHEMA_VERSION:
        raise UsageError(f'{path}: expected schema_version {SCHEMA_VERSION}, '
                         f'got {_short(content.get("schema_version"))}; a '
                         'newer one needs a newer mmcurv')
    return content


def _check_size(root: Optional[yaml.Node]) -> None:
    """Refuse what would grow without end, before anything is made of it."""
    nodes, values = [(root, 1)], 0
    while nodes:
        node, depth = nodes.pop()
        values += 1
        if values > MOST_VALUES or depth > MOST_DEPTH:
            raise ValueError(
                f'with its aliases it has more than {MOST_VALUES:,} values or '
                f'{MOST_DEPTH} levels, which no matrix needs')
        if isinstance(node, yaml.MappingNode):
            children = itertools.chain.from_iterable(node.value)
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        else:
            children = ()
            is_number = node and node.tag.endswith((':int', ':float'))
            if is_number and len(node.value) > MOST_DIGITS:
                raise ValueError(
                    f'line {node.start_mark.line + 1} has a number of '
                    f'{len(node.value):,} digits, {node.value[:10]}...')
        nodes += ((child, depth + 1) for child in children)


def _faults(error: ValidationError, content: Dict, path: str) -> str:
    """A line for each fault: what was expected where, and what came."""
    lines = []
    for one in error.errors():
        place, where, model, entry = one['loc'], path, MatrixFile, content
        if len(place) > 1 and place[0] in ENTRIES:
            name, index, *place = place
            model, entry = ENTRIES[name], content[name][index]
            where = f'{path}: {name}, entry {index + 1}'
            if isinstance(entry, dict):
                where += f' ({_short(entry.get(TITLES[name]))})'
        key = place[0] if place else None
        known = {
            field.alias or name: field.description
            for name, field in model.model_fields.items()
        }
        if one['type'] in ('extra_forbidden',
                           'invalid_key') and not (key in known):
            text = f'unknown key {key!r}: {did_you_mean(key, known)}'
        elif one['type'] == 'missing':
            text = f'the key {key!r} is missing; expected {known[key]}'
        elif key in known:
            text = f'{key}: expected {known[key]}, got {_short(entry[key])}'
        elif isinstance(entry, dict):  # of several keys of an entry
            text = str(one['ctx']['error'])
        else:
            text = f'expected keys with values, got {_short(entry)}'
        lines.append(f'{where}: {text}')
    return '\n'.join(dict.fromkeys(lines))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f'{text[:199]}…'


def _expand(matrix: MatrixFile, root: str) -> List[RunSpec]:
    known = [data.slug for data in matrix.data]
    models: Dict[str, set] = {}
    for method in matrix.methods:
        models.setdefault(method.method, set()).add(method.model)
        for name in method.data or []:
            if name not in known:
                raise UsageError(f'methods ({method.method!r}): data: unknown '
                                 f'slug {name!r}: {did_you_mean(name, known)}')
    runs, used = [], []
    for method, data in itertools.product(matrix.methods, matrix.data):
        if data.slug not in (method.data or known):
            continue
        for factor, variant, cr in itertools.product(data.factors or [None],
                                                     matrix.variants,
                                                     matrix.cr):
            if (cr in (method.cr or [cr]) and cr in (variant.cr or [cr])
                    and factor in [None, *(method.factors or [factor])]):
                cell = method, data, factor, variant, cr
                used += [id(method), id(data), id(variant)]
                used.append((id(method), factor))
                several = len(models[method.method]) > 1
                runs += (
                    _run(matrix, cell, several, seed, root)
                    for seed in matrix.seeds)
    _check_all_used(matrix, set(used))
    _check_distinct(runs)
    return runs


def _run(matrix: MatrixFile, cell: tuple, several: bool, seed: int,
         root: str) -> RunSpec:
    method, data, factor, variant, cr = cell
    place = data.slug
    place += '' if factor is None else f'-if{factor:g}'
    place += f'-{slug(method.model)}' if several else ''
    config, files, switch, named = None, [], False, {}
    if method.config:
        config, *files = (
            _fill_pattern(pattern, data.slug, factor, cr)
            for pattern in (method.config, *data.with_files,
                            *method.with_files))
        filled = _placeholders(method.config)
        switch = cr and 'cr' not in filled
        if factor is not None and 'factor' not in filled:
            named = {FACTOR: factor}
    options = {
        **matrix.options,
        **named,
        **data.options,
        **method.options,
        **variant.options
    }
    folder = folder_of_run(root, matrix.name, method.method, cr, place,
                           variant.variant, seed)
    return RunSpec(matrix.name, method.method, cr, data.dataset, factor,
                   method.model, variant.variant, variant.tau, seed, config,
                   options, folder, tuple(files), switch)


def folder_of_run(root: str, matrix: str, method: str, cr: bool, data: str,
                  variant: str, seed: int) -> str:
    """Work folder of a run; the plain variant '' has no folder of its own."""
    parts = [root, matrix, slug(method) + ('_cr' if cr else ''), data]
    parts += [slug(variant)] if variant else []
    return osp.join(*parts, f'seed{seed}')


def _fill_pattern(pattern: str, data: str, factor: Optional[float],
                  cr: bool) -> str:
    """The config of a cell: its data, factor and '_cr' in their places."""
    values = dict(data=data, cr='_cr' if cr else '')
    if factor is not None:
        values['factor'] = f'{factor:g}'
    try:
        for name in _placeholders(pattern):
            if name not in PLACEHOLDERS:
                raise UsageError(
                    f'config {pattern!r}: unknown placeholder {name!r}: '
                    f'{did_you_mean(name, PLACEHOLDERS)}')
            if name not in values:
                raise UsageError(f'config {pattern!r}: the data {data!r} have '
                                 'no factors, so {factor} has no value')
        return pattern.format(**values)
    except UsageError:
        raise
    except (KeyError, IndexError, ValueError) as error:
        raise UsageError(f'config {pattern!r}: {error}; placeholders are '
                         '{data}, {factor} and {cr}') from error


def _placeholders(pattern: str) -> List[str]:
    """Names in braces in a pattern; ValueError if a brace is left open."""
    names = [name for _, name, _, _ in string.Formatter().parse(pattern)]
    return [name for name in names if name is not None]


def _check_all_used(matrix: MatrixFile, used: set) -> None:
    for key, title in TITLES.items():
        for entry in getattr(matrix, key):
            if id(entry) not in used:
                raise UsageError(
                    f'{key} ({getattr(entry, title)!r}): not one run comes of '
                    "it; the lists 'cr', 'data' and 'factors' of the entries "
                    'leave nothing over')
    for method in matrix.methods:
        for factor in method.factors or []:
            if (id(method), factor) not in used:
                known = sum((data.factors or [] for data in matrix.data), [])
                raise UsageError(
                    f'methods ({method.method!r}): factors: {factor:g} is '
                    f'none of its data: {did_you_mean(factor, known)}')


def _check_distinct(runs: List[RunSpec]) -> None:
    seen: Dict[Any, RunSpec] = {}
    for run in runs:
        for key, what in ((run.folder, 'folder'), ((run.name, ), 'name')):
            other = seen.setdefault(key, run)
            if other is not run:
                raise UsageError(
                    f'two runs have the same {what}: {other.name!r} in '
                    f'{other.folder!r} and {run.name!r} in {run.folder!r}; '
                    'rename one')
        if run.config is None:
            continue
        other = seen.setdefault(
            (run.config_words, repr(sorted(run.options.items())), run.seed),
            run)
        if other is not run:
            raise UsageError(
                f'{other.name!r} and {run.name!r} would be the same training: '
                f'both have the config {run.config_words!r} and the same '
                "options. Give one a 'with' or 'options' of its own, write "
                'the placeholder {data}, {factor} or {cr} into the config, or '
                "keep one by 'cr', 'data' or 'factors'")


def switch_words(with_files: Sequence[str], cr: bool) -> List[str]:
    """Of a command line, such as ``['--with', 'a.py', 'b.py', '--cr']``."""
    words = ['--with', *with_files] if with_files else []
    return words + ['--cr'] * cr


def missing_configs(runs: Iterable[RunSpec]) -> List[Tuple[str, str]]:
    """Configs, and files over them, that do not exist; what could be meant.
    """
    missing = []
    for config in dict.fromkeys(
            path for run in runs if run.config
            for path in (run.config, *run.with_files)):
        try:
            config_file(config)
        except FileNotFoundError:
            missing.append((config, _what_is_near(config)))
    return missing


def _what_is_near(config: str) -> str:
    folder = Path(config).parent
    while not folder.is_dir():  # ends at '.' or '/'
        folder = folder.parent
    # From another folder than the project's nothing near is to be found, and
    # a walk through the whole disk would take long.
    if folder not in (Path('.'), Path(folder.anchor)):
        near = did_you_mean(config, map(str, sorted(folder.rglob('*.py'))))
        if near.startswith('did'):
            return f'no such file: {near}'
    return f'no such file; the current folder is {os.getcwd()!r}'


def select_runs(
    runs: Sequence[RunSpec],
    only: Sequence[str] = (),
    without: Sequence[Sequence[str]] = ()
) -> List[RunSpec]:
    """Runs that fit what was asked for, such as ``method=CE seed=0``.

    Args:
        runs (Sequence[RunSpec]): To choose from.
        only (Sequence[str]): Conditions ``KEY=VALUE``; of several with one
            key, one has to hold. Keys are method, cr (true or false),
            dataset, factor (none for balanced data), model, variant and
            seed; case does not matter. Defaults to (), which is no condition.
        without (Sequence[Sequence[str]]): Runs that fit all of such a list
            are left out. Defaults to ().

    Returns:
        list[RunSpec]: In their order.

    Raises:
        UsageError: If a key or value is unknown, or no run is left.
    """
    chosen = _fitting(runs, only, '--only')
    left_out = [
        run for words in without for run in _fitting(runs, words, '--without')
    ]
    kept = [run for run in chosen if run not in left_out]
    if chosen and not kept:
        raise UsageError('--without: no run is left')
    return kept


def _fitting(runs: Sequence[RunSpec], conditions: Sequence[str],
             option: str) -> List[RunSpec]:
    texts = [_texts(run) for run in runs]
    wanted: Dict[str, set] = {}
    for condition in conditions:
        key, equals, value = condition.partition('=')
        if not equals:
            raise UsageError(f'{option}: expected KEY=VALUE, got '
                             f'{condition!r}; keys are {", ".join(KEYS)}')
        if key not in KEYS:
            raise UsageError(
                f'{option}: unknown key {key!r}: {did_you_mean(key, KEYS)}')
        if key == 'factor':
            with contextlib.suppress(ValueError):
                value = f'{float(value):g}'
        known = [text[key] for text in texts]
        if value.lower() not in map(str.lower, known):
            raise UsageError(f'{option}: unknown {key} {value!r}: '
                             f'{did_you_mean(value, known)}')
        wanted.setdefault(key, set()).add(value.lower())
    found = [
        run for run, text in zip(runs, texts)
        if all(text[key].lower() in values for key, values in wanted.items())
    ]
    if runs and not found:
        raise UsageError(
            f'{option}: no run fits all of {", ".join(conditions)}')
    return found


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
