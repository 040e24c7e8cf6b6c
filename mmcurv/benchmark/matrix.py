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
from pathlib import Path
from typing import (Annotated, Any, Dict, Iterable, List, Literal, NamedTuple,
                    Optional, Sequence, Tuple)

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
KEYS = ('method', 'cr', 'dataset', 'factor', 'model', 'variant', 'seed')
# A file of a few lines can stand for gigabytes, by aliases of aliases; the
# largest shipped matrix has 4 kB, 900 values and a depth of 5.
MOST_BYTES, MOST_VALUES, MOST_DEPTH, MOST_DIGITS = 100_000, 20_000, 30, 30


class Branch(NamedTuple):
    """Where a run begins: behind an epoch of another one, its trunk."""
    trunk: 'RunSpec'
    epoch: int

    @property
    def checkpoint(self) -> str:
        """Path of the trunk's checkpoint, which it keeps."""
        return osp.join(self.trunk.folder, f'epoch_{self.epoch}.pth')


class RunSpec(NamedTuple):
    """One run: what is trained, and where."""
    matrix: str  # its name
    method: str  # such as 'CE' or 'LDAM-DRW'
    cr: bool  # with Curvature Regularization
    dataset: str  # such as 'CIFAR-100-LT'
    imbalance_factor: Optional[float]  # None for balanced data
    model: str  # such as 'ResNet-32'
    variant: str  # what else was varied, such as 'tau=10'; '' if nothing
    tau: Optional[float]  # of a sweep over tau
    seed: int  # of the training
    config: Optional[str]  # path; None while there is none
    options: Dict[str, Any]  # of --cfg-options, without the seed
    folder: str  # work folder
    with_files: Tuple[str, ...] = ()  # of --with
    cr_switch: bool = False  # whether --cr adds CR, and not the config itself
    branch: Optional[Branch] = None  # None for a whole training
    kept_epochs: Tuple[int, ...] = ()  # whose checkpoints branches begin with

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
    """A matrix file with its runs."""
    name: str  # stem of the file, and folder of the runs
    title: str
    about: str
    paper_table: Optional[str]  # such as 'Table 1', several with commas
    protocol: Dict[str, Any]  # epochs of the paper's protocol; may be empty
    file: str  # its path
    runs: List[RunSpec]  # in the order of the table


def slug(text: str) -> str:
    """A name as a part of a path: 'RIDE + CMO' is 'ride-cmo', 'tau=10' stays.
    """
    return re.sub(r'[^a-z0-9._=]+', '-', text.lower()).strip('-.')


def _checked(of: Any, words: str, fits: Any) -> Any:
    """A kind of value that has to fit, with the words for what does."""

    def check(value):
        if not fits(value):
            raise ValueError(f'expected {words}')
        return value

    return Annotated[of, AfterValidator(check)]


def _list(of: Any) -> Any:
    """A list of at least one, and nothing twice."""
    return _checked(
        List[of], 'at least one, and each of them once', lambda found: found
        and not any(a == b for a, b in itertools.combinations(found, 2)))


def _are_options(options: Dict[str, Any]) -> bool:
    values = [*options.values()]
    for value in values:  # lists add theirs
        values += value if isinstance(value, list) else []
    return all(
        isinstance(value, (list, str, bool, int, float, type(None)))
        for value in values)


def _is_number(value: Any, least: float) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and least <= value < math.inf)


Name = _checked(str, 'a text with a letter of a to z or a digit',
                lambda text: re.search('[a-z0-9]', slug(text)))
Slug = _checked(
    str, "lower-case letters, digits, '.' and '-', as in names of configs",
    lambda text: slug(text) == text and re.fullmatch('[a-z0-9.-]+', text))
Options = _checked(
    Dict[str, Any],
    'plain values by dotted key, such as {train_cfg.max_epochs: 20}',
    _are_options)
# As it stands in the file: options and hashes carry it.
Factor = _checked(Any, 'a number of at least 1, largest over smallest class',
                  lambda value: _is_number(value, 1))
Tau = _checked(Any, 'a number above 1, or null',
               lambda value: value is None or _is_number(value, 1 + 1e-12))
# Seeds are folders, too, and no run may lie inside of another one.
VariantName = _checked(
    str, "a text, '' for the plain run, and none such as 'seed0'",
    lambda text: not text or (re.search('[a-z0-9]', slug(text)) and not re.
                              fullmatch(r'seed\d+', slug(text))))


class _Entry(BaseModel):
    model_config = ConfigDict(extra='forbid', strict=True)
    options: Options = {}

    @model_validator(mode='after')
    def _leaves_the_run_its_own(self):
        for key in OWN_OPTIONS:
            if key in self.options:
                raise ValueError(f'options: {key} is set for each run, by its '
                                 'seed and its folder; remove it')
        return self


class Data(_Entry):
    """Entry of ``data``: long-tailed data of some factors, or balanced ones.
    """
    dataset: Name
    slug: Slug
    factors: Optional[_list(Factor)] = None
    with_files: List[Name] = Field([], alias='with')


class Method(_Entry):
    """Entry of ``methods``: what is trained, and where it is kept to."""
    method: Name
    model: Name
    config: Optional[Name]
    cr: Optional[_list(bool)] = None
    data: Optional[_list(Name)] = None
    factors: Optional[_list(Factor)] = None
    with_files: List[Name] = Field([], alias='with')


class Variant(_Entry):
    """Entry of ``variants``: what else is varied."""
    variant: VariantName
    cr: Optional[_list(bool)] = None
    tau: Tau = None
    with_files: List[Name] = Field([], alias='with')
    branch: Optional[Annotated[int, Field(ge=1)]] = None

    @model_validator(mode='after')
    def _is_no_trunk(self):
        if self.branch is not None and not self.variant:
            raise ValueError("branch: the plain variant '' is what branches "
                             'leave; give this one a name of its own')
        return self

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
    about: str = ''
    paper_table: Optional[Name] = None
    protocol: Dict[Literal['epochs'], Annotated[int, Field(gt=0)]] = {}
    seeds: _list(Annotated[int, Field(ge=0, lt=2**32)])  # as in NumPy
    cr: _list(bool) = [False, True]
    data: List[Data] = Field(min_length=1)
    methods: List[Method] = Field(min_length=1)
    variants: List[Variant] = Field([Variant(variant='')], min_length=1)


ENTRIES = dict(
    methods=(Method, 'method'),
    data=(Data, 'dataset'),
    variants=(Variant, 'variant'))


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
        if matrix.name != Path(path).stem:
            raise ValueError(f'name: expected {Path(path).stem!r}, that of '
                             f'the file, got {matrix.name!r}; it names the '
                             'folder of the runs')
        runs = _expand(matrix, root)
    except ValidationError as error:
        lines = [f'{path}: {_fault(one, content)}' for one in error.errors()]
        raise UsageError('\n'.join(dict.fromkeys(lines))) from None
    except ValueError as error:  # a UsageError is one
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
        keys = [key for key, _ in node.value]
        names = [key.value for key in keys if isinstance(key, yaml.ScalarNode)]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise yaml.MarkedYAMLError(
                    problem=f'the key {name!r} stands here twice',
                    problem_mark=keys[i].start_mark)
        return super().construct_mapping(node, deep)


def _load(path: str) -> Any:
    """The content of a YAML file, which nobody has to trust."""
    path = find_file(path, 'matrix')
    try:
        if osp.getsize(path) > MOST_BYTES:
            raise ValueError(f'it has more than {MOST_BYTES:,} bytes')
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
    found = content if isinstance(content, dict) else {}
    found = found.get('schema'), found.get('schema_version')
    if found != (SCHEMA, SCHEMA_VERSION):
        raise UsageError(f"{path}: expected a matrix with 'schema: {SCHEMA}' "
                         f"and 'schema_version: {SCHEMA_VERSION}', found "
                         f'{_short(found)}')
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
        children = node.value if isinstance(node, yaml.SequenceNode) else ()
        if isinstance(node, yaml.MappingNode):
            children = itertools.chain.from_iterable(node.value)
        elif isinstance(node, yaml.ScalarNode):
            number = node.tag.endswith((':int', ':float'))
            if number and len(node.value) > MOST_DIGITS:
                raise ValueError(
                    f'line {node.start_mark.line + 1} has a number of '
                    f'{len(node.value):,} digits, {node.value[:10]}...')
        nodes += ((child, depth + 1) for child in children)


def _fault(error: Dict[str, Any], content: Dict) -> str:
    """What was expected where, and what came."""
    place, model, where = error['loc'], MatrixFile, ''
    if len(place) > 1 and place[0] in ENTRIES:
        name, index, *place = place
        model, title = ENTRIES[name]
        entry = content[name][index]
        where = f'{name}, entry {index + 1}'
        if isinstance(entry, dict):
            where += f' ({_short(entry.get(title))})'
        where += ': '
    if error['type'] == 'extra_forbidden':
        known = [
            field.alias or key for key, field in model.model_fields.items()
        ]
        return (f'{where}unknown key {place[-1]!r}: '
                f'{did_you_mean(place[-1], known)}')
    if error['type'] == 'missing':
        return f'{where}the key {place[-1]!r} is missing'
    text = error['msg'].removeprefix('Value error, ')
    if not place:  # of several keys of an entry
        return where + text
    key = '.'.join(map(str, place))
    return f'{where}{key}: {text}, got {_short(error["input"])}'


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
    runs, used = [], set()
    for method, data in itertools.product(matrix.methods, matrix.data):
        if data.slug not in (method.data or known):
            continue
        for factor, variant, cr in itertools.product(data.factors or [None],
                                                     matrix.variants,
                                                     matrix.cr):
            if (cr in (method.cr or [cr]) and cr in (variant.cr or [cr])
                    and factor in [None, *(method.factors or [factor])]):
                used |= {id(method), id(data), id(variant)}
                used.add((id(method), factor))
                several = len(models[method.method]) > 1
                cell = method, data, factor, variant, cr
                runs += (
                    _run(matrix, cell, several, seed, root)
                    for seed in matrix.seeds)
    for key, (_, title) in ENTRIES.items():
        for entry in getattr(matrix, key):
            factors = [
                factor for factor in getattr(entry, 'factors', None) or []
                if key == 'methods' and (id(entry), factor) not in used
            ]
            if id(entry) not in used or factors:
                what = f'factors: {factors[0]:g}: ' if factors else ''
                raise UsageError(
                    f'{key} ({getattr(entry, title)!r}): {what}not one run '
                    "comes of it; the lists 'cr', 'data' and 'factors' of the "
                    'entries leave nothing over')
    runs = _tie_branches(matrix, runs)
    _check_distinct(runs)
    return runs


def _tie_branches(matrix: MatrixFile, runs: List[RunSpec]) -> List[RunSpec]:
    """Let branches know their trunks, and these what they have to keep."""
    epochs = {one.variant: one.branch for one in matrix.variants if one.branch}
    keys = [(run._replace(cr=False, variant='').cell, run.seed)
            for run in runs]  # yapf: disable
    kept: Dict[tuple, set] = {}
    for key, run in zip(keys, runs):
        if run.variant in epochs:
            kept.setdefault(key, set()).add(epochs[run.variant])
    trunks = {
        key: run._replace(kept_epochs=tuple(sorted(kept.get(key, ()))))
        for key, run in zip(keys, runs) if not run.cr and not run.variant
    }
    tied = []
    for key, run in zip(keys, runs):
        if run.variant in epochs:
            if key not in trunks:
                raise UsageError(
                    f'variants ({run.variant!r}): branch: {run.name!r} has no '
                    "trunk: expected the same run of the variant '' without "
                    "CR in the matrix; add it, by 'variants' and 'cr'")
            run = run._replace(branch=Branch(trunks[key], epochs[run.variant]))
        elif not run.cr and not run.variant:
            run = trunks[key]
        tied.append(run)
    return tied


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
                            *method.with_files, *variant.with_files))
        switch = cr and '{cr}' not in method.config
        if factor is not None and '{factor}' not in method.config:
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
        return pattern.format(**values)
    except KeyError as error:
        reason = f'{error} has no value for the data {data!r}'
    except (IndexError, ValueError) as error:
        reason = str(error)
    raise UsageError(f'config {pattern!r}: {reason}; placeholders are {{data}}'
                     ', {factor} (of data with factors) and {cr}')


def _check_distinct(runs: List[RunSpec]) -> None:
    """No two runs may have one folder or name, or be one training."""
    seen: Dict[Any, RunSpec] = {}
    for run in runs:
        keys = dict(folder=run.folder, name=run.name)
        if run.config is not None:
            keys['training'] = (run.config_words, run.seed,
                                repr(sorted(run.options.items())), run.branch
                                and run.branch.epoch)
        for what, key in keys.items():
            other = seen.setdefault((what, key), run)
            if other is not run:
                raise UsageError(
                    f'two runs have the same {what}: {other.name!r} and '
                    f'{run.name!r}, {run.config_words} in {run.folder!r}. '
                    "Rename one, give it a 'with' or 'options' of its own, "
                    'write {data}, {factor} or {cr} into its config, or keep '
                    "it to some of them by 'cr', 'data' or 'factors'")


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
            top = Path(config).parts[0]  # not a walk through the whole disk
            near = did_you_mean(
                config,
                map(str, sorted(Path(top).rglob('*.py')))
                if not osp.isabs(config) else [])
            missing.append(
                (config, f'no such file: {near}' if near.startswith('did') else
                 f'no such file; the current folder is {os.getcwd()!r}'))
    return missing


def select_runs(
    runs: Sequence[RunSpec],
    only: Sequence[str] = (),
    without: Sequence[Sequence[str]] = ()
) -> List[RunSpec]:
    """Runs that fit what was asked for, in their order.

    Args:
        runs (Sequence[RunSpec]): To choose from.
        only (Sequence[str]): Conditions ``KEY=VALUE`` such as ``method=CE``;
            of several with one key, one has to hold; case does not matter.
        without (Sequence[Sequence[str]]): Runs that fit all of such a list
            are left out.

    Raises:
        UsageError: If a key or value is unknown, or no run is left.
    """
    kept = _fitting(runs, only, '--only')
    for words in without:
        left_out = _fitting(runs, words, '--without')
        kept = [run for run in kept if run not in left_out]
    if runs and not kept:
        raise UsageError('--without: no run is left')
    return kept


def _fitting(runs: Sequence[RunSpec], conditions: Sequence[str],
             option: str) -> List[RunSpec]:
    texts = [_texts(run) for run in runs]
    wanted: Dict[str, set] = {}
    for condition in conditions:
        key, equals, value = condition.partition('=')
        if not equals or key not in KEYS:
            raise UsageError(
                f'{option}: expected KEY=VALUE, got {condition!r}: '
                f'{did_you_mean(key, KEYS)}')
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
    texts = {key: str(getattr(run, key, '')) for key in KEYS}
    return dict(
        texts,
        cr=texts['cr'].lower(),
        factor='none' if factor is None else f'{factor:g}')
