# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One config from a file and the switches of a command line.

``CONFIG --with FILE ... --cr --cfg-options KEY=VALUE ...``: further files
over the config, Curvature Regularization over them, then single values.
mmengine takes a misspelt key for a new one and runs without the change that
was meant; here such an option is refused.
"""
import copy
import difflib
import inspect
import math
import os.path as osp
import re
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from mmengine.config import Config
from mmengine.runner import Runner

from mmcurv.arguments import UsageError, check_file
from mmcurv.files import config_file
from .schedule_lengths import SCALED, scaled_schedulers, scaled_stage

CURVATURE = 'configs/_base_/curvature.py'
LENGTH = 'train_cfg.max_epochs'
# What both files of a pair must agree on: of the data, and of the network.
CLASSES = ('data_preprocessor.num_classes', 'model.head.num_classes')
SIZES = ('image_size', 'network_size')
MAY_BE_INFINITE = ('end', 'max_norm', 'norm_type')
Entries = Dict[str, Any]
# Read from the config by mmengine, but no argument of the Runner.
_BESIDE_RUNNER = ('activation_checkpointing', 'compile', 'custom_imports',
                  'efficient_conv_bn_eval', 'find_unused_parameters',
                  'model_wrapper_cfg', 'runner_type', 'sync_bn')


def check_options(cfg: Config,
                  options: dict,
                  what: str = '--cfg-options') -> None:
    """Check that every option has a place in the config.

    A new key below the first level passes: it becomes an argument of a
    class or function, which itself refuses a name that it does not know.

    Args:
        cfg (Config): The config that the options are about to change.
        options (dict): Values by dotted key, e.g. ``'train_cfg.max_epochs'``.
        what (str): What the user calls the options, for messages. Defaults
            to '--cfg-options'.

    Raises:
        UsageError: If a first key is unknown, an index is not in its list,
            or a key leads into a plain value.
    """
    for key in options:
        _check_first_step(cfg, key, what)
        _check_path(cfg, key, what)


def _check_first_step(cfg: Config, key: str, what: str) -> None:
    known = {*cfg, *_BESIDE_RUNNER}
    known.update(inspect.signature(Runner.__init__).parameters)
    known -= {'self', 'cfg'}
    first = key.split('.')[0]
    if first not in known:
        near = difflib.get_close_matches(first, known, n=2)
        hint = f"; did you mean {' or '.join(near)}?" if near else ''
        raise UsageError(f'{what} {key}: neither the config nor the '
                         f'Runner has {first!r}{hint}')


def _check_path(cfg: Config, key: str, what: str) -> None:
    steps = key.split('.')
    node = cfg
    for depth, step in enumerate(steps):
        parent = '.'.join(steps[:depth])
        if isinstance(node, list):
            if not step.isdigit() or int(step) >= len(node):
                raise UsageError(
                    f'{what} {key}: {parent} is a list; expected an '
                    f'index from 0 to {len(node) - 1}, got {step!r}')
            node = node[int(step)]
        elif not isinstance(node, (dict, Config)):
            raise UsageError(f'{what} {key}: {parent} is {node!r} '
                             f'and has no part {step!r}')
        elif step in node:
            node = node[step]
        elif any(later.isdigit() for later in steps[depth:]):
            raise UsageError(
                f'{what} {key}: the config has no list '
                f"{'.'.join(steps[:depth + 1])!r}, and an option cannot make "
                'one; write it in the config')
        else:
            return


def merged_config(path: str,
                  options: Optional[Entries] = None,
                  with_files: Sequence[str] = (),
                  cr: bool = False) -> Config:
    """Read a config and change it as the switches say.

    - A further file is merged as one over its ``_base_``: dicts key by key,
      unless they have ``_delete_=True``. Its ``custom_hooks`` are added.
    - Entries of ``recipe_of`` in the config, such as ``dict(classes=10,
      imbalance_factor=50, changes={...})`` with either condition or both, are
      applied where they fit the data, before all else.
    - If an option changes ``train_cfg.max_epochs``, ``param_scheduler`` keeps
      its shares of the training, unless an option changes it.

    Args:
        path (str): Path of the config.
        options (dict, optional): Values by dotted key. Defaults to None.
        with_files (Sequence[str]): Paths of further files, from the current
            folder or that of mmcurv, later ones on top. Defaults to ().
        cr (bool): Whether to add the hooks of the file that the config names
            as ``curvature_file``, by default ``configs/_base_/curvature.py``.
            Defaults to False.

    Returns:
        Config: If there are switches, they stand in ``switches``, and what
        was decided here, a sentence each, in ``switches.notes``.

    Raises:
        UsageError: If a file is missing or broken, files contradict each
            other, an option has no place or value, or a number is nan.
    """
    options, notes = dict(options or {}), []
    read = read_config(path, 'config')
    own = read.to_dict()
    own.get('switches', {}).pop('notes', None)  # of the run that wrote it
    further = [(name, _read_further(name, '--with')) for name in with_files]
    recipes = own.pop('recipe_of', [])
    if recipes:
        data = _with_files(own, path, further)
        if cr:
            _add_curvature(data, [])
        data = _with_options(data, options, [])
        own = _with_recipes(own, recipes, data, notes)
    own = _with_files(own, path, further)
    if cr:
        _add_curvature(own, notes)
    own = _with_options(own, options, notes)
    _check_numbers(own, path)
    if further or cr or notes:
        own['switches'] = dict(
            with_files=list(with_files), cr=cr, options=options, notes=notes)
    return Config(own, cfg_text=read.text or None, filename=read.filename)


def read_config(path: str, what: str) -> Config:
    """Read a config file, whatever may be wrong with it.

    Args:
        path (str): Path of the file.
        what (str): What the user calls it, for messages.

    Returns:
        Config: The config.

    Raises:
        UsageError: If it is missing or cannot be read.
    """
    check_file(path, what)
    try:
        return Config.fromfile(path)
    except Exception as error:  # a config is a program of the user
        words = ' '.join(str(error).split())
        raise UsageError(f'{what} {path}: cannot be read as a config: '
                         f'{type(error).__name__}: {words}') from error


def run_name(path: str, cfg: Config) -> str:
    """What a run is called by its config and switches.

    Args:
        path (str): Path of the config.
        cfg (Config): Of :func:`merged_config`.

    Returns:
        str: Such as 'ce_resnet32_cifar100-lt-if50_vgg16_32_cr', where the
        imbalance factor is that of the config, whatever its file is called.
    """
    name = osp.splitext(osp.basename(path))[0]
    factor = imbalance_factor(cfg)
    if factor is not None:
        name = re.sub(r'-if[\d.]+', f'-if{factor:g}', name)
    switches = cfg.get('switches') or {}
    files = [
        osp.splitext(osp.basename(one))[0]
        for one in switches.get('with_files', [])
    ]
    return '_'.join([name, *files] + ['cr'] * bool(switches.get('cr')))


def imbalance_factor(cfg: Any) -> Optional[float]:
    """The imbalance factor of the train set, None if it has no such number.

    Args:
        cfg (Config | dict): A config.

    Returns:
        float | None: As the config has it.
    """
    data = (cfg.get('train_dataloader') or {}).get('dataset')
    while isinstance(data, dict):
        if data.get('imbalance_factor') is not None:
            return data['imbalance_factor']
        data = data.get('dataset')
    return None


def _read_further(path: str, what: str) -> Entries:
    """Read a file of the user, else the one of that path of mmcurv."""
    try:
        path = config_file(path)
    except FileNotFoundError:
        pass  # read_config says it as of every file
    return read_config(path, what).to_dict()


def _with_files(own: Entries, path: str,
                further: Sequence[Tuple[str, Entries]]) -> Entries:
    """Merge files over a config, and check that they fit together."""
    set_by = {key: path for key in CLASSES + SIZES}
    for name, entries in further:
        _check_head(own, entries, name)
        _check_datasets(own, entries, name)
        hooks = _added(own.get('custom_hooks'), entries.get('custom_hooks'))
        own = _merged(own, entries, f'--with {name}')
        if hooks:
            own['custom_hooks'] = hooks
        set_by.update(
            (key, name) for key in set_by if _get(entries, key) is not None)
    if further:
        _check_pair(own, CLASSES, set_by, lambda a, b: a == b)
        # Networks for 32 x 32 pixels take 28 x 28, too.
        _check_pair(own, SIZES, set_by, lambda a, b: max(a, b) < 2 * min(a, b))
    return own


def _merged(own: Entries, changes: Entries, what: str) -> Entries:
    cfg = Config(own)
    try:
        cfg.merge_from_dict(copy.deepcopy(changes))
    except (KeyError, TypeError) as error:
        raise UsageError(f'{what}: {" ".join(str(error).split())}') from error
    return cfg.to_dict()


def _check_head(own: Entries, entries: Entries, name: str) -> None:
    """Refuse a network whose file would replace the head of the method."""
    if _get(entries, 'model.backbone') is None:
        return
    for key in ('model.type', 'model.head.type', 'model.head.loss.type'):
        brings, has = _get(entries, key), _get(own, key)
        if brings is not None and has is not None and brings != has:
            raise UsageError(
                f'--with {name}: it has a backbone and {key}={brings!r}, '
                f'which would replace {has!r} of the method. Expected '
                'backbone, neck and model.head.in_channels, as in '
                'configs/_base_/models')


def _check_datasets(own: Entries, entries: Entries, name: str) -> None:
    """Refuse a data set whose file leaves to it what another type takes."""
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        key = f'{loader}.dataset'
        brings, has = _get(entries, key), _get(own, key)
        if not (isinstance(brings, dict) and isinstance(has, dict)):
            continue
        left = [
            one for one in ('dataset', 'datasets', 'imbalance_factor')
            if one in has and one not in brings
        ]
        if (left and brings.get('type', has['type']) != has['type']
                and not brings.get('_delete_')
                and not _get(entries, f'{loader}._delete_')):
            raise UsageError(
                f'--with {name}: {key}.type={brings["type"]!r} would replace '
                f'{has["type"]!r} of the config and inherit its '
                f'{" and ".join(left)}. Write _delete_=True into that data '
                'set, or give a file of configs/_base_/datasets')


def _check_pair(own: Entries, keys: Tuple[str, str], set_by: Dict[str, str],
                fit: Any) -> None:
    values = [_get(own, key) for key in keys]
    if None not in values and not fit(*values):
        places = ' and '.join(f'{key}={value} of {set_by[key]}'
                              for key, value in zip(keys, values))
        raise UsageError(f'--with: files do not fit together: {places}. Give '
                         'files for the same number of classes and size of '
                         'images')


def _add_curvature(own: Entries, notes: List[str]) -> None:
    path = own.get('curvature_file', CURVATURE)
    hooks = _read_further(path, '--cr').get('custom_hooks')
    if not hooks:
        raise UsageError(f'--cr: expected custom_hooks with a hook of '
                         f'Curvature Regularization in {path}, found none')
    known = own.get('custom_hooks') or []
    if _types(hooks) & _types(known):
        notes.append('--cr: the config has Curvature Regularization already; '
                     'its own hook stays and no second one is added')
        return
    own['custom_hooks'] = _added(known, hooks)


def _added(known: Optional[Sequence[Entries]],
           hooks: Optional[Sequence[Entries]]) -> List[Entries]:
    """A hook takes the place of one of its type, else comes last."""
    hooks = [dict(hook) for hook in hooks or []]
    types = _types(hooks)
    return [hook
            for hook in known or [] if hook.get('type') not in types] + hooks


def _types(hooks: Sequence[Entries]) -> set:
    return {hook.get('type') for hook in hooks}


def _with_recipes(own: Entries, recipes: Sequence[Entries], data: Entries,
                  notes: List[str]) -> Entries:
    has = dict(
        classes=_get(data, CLASSES[0]),
        imbalance_factor=imbalance_factor(data))
    factors = [imbalance_factor(own)]
    changed = own
    for one in recipes:
        conditions = {key: one[key] for key in has if key in one}
        factors.append(conditions.get('imbalance_factor'))
        if all(has[key] == value for key, value in conditions.items()):
            changed = _merged(changed, one['changes'], 'recipe_of')
    if factors[1:] != [None] * len(recipes) and (has['imbalance_factor']
                                                 not in factors):
        known = ', '.join(f'{one:g}' for one in sorted(set(factors) - {None}))
        notes.append(f'the recipe is known for imbalance factors {known}; for '
                     f'{has["imbalance_factor"]} it stays that of '
                     f'{imbalance_factor(own):g}')
    return changed


def _with_options(own: Entries, options: Entries, notes: List[str]) -> Entries:
    _check_factor(own, options)
    for key, value in options.items():
        if key.rpartition('.')[2] not in MAY_BE_INFINITE:
            _check_numbers(value, '--cfg-options', key, math.isinf)
    cfg = Config(own)
    check_options(cfg, options)
    before = _get(own, LENGTH)
    after = options.get(LENGTH, before)
    for i, stage in enumerate(own.get('stages') or []):
        # Lengths that an option gives are those of this training.
        if any(key.startswith(f'stages.{i}.changes') for key in options):
            cfg.stages[i] = scaled_stage(stage, after)
    if (before != after and own.get('param_scheduler') and _is_length(before)
            and _is_length(after)
            and not any(key.startswith('param_scheduler') for key in options)):
        cfg.param_scheduler = scaled_schedulers(own['param_scheduler'],
                                                after / before, after)
        notes.append(_about_schedule(cfg.param_scheduler, before, after))
    return _merged(cfg.to_dict(), options, '--cfg-options')


def _is_length(epochs: Any) -> bool:
    return isinstance(epochs, int) and epochs > 0


def _about_schedule(schedulers: Sequence[Entries], before: int,
                    after: int) -> str:
    left = [one['type'] for one in schedulers if one['type'] not in SCALED]
    note = f'the learning-rate schedule of {before} epochs is that of {after}'
    if left:
        note += (f', but {", ".join(left)} stays as it is, because mmcurv '
                 'does not know its numbers of epochs')
    return note


def _check_numbers(value: Any,
                   what: str,
                   key: str = '',
                   refused: Callable[[float], bool] = math.isnan) -> None:
    """Refuse numbers that are none, and with which a run learns nothing."""
    if isinstance(value, dict):
        for name, one in value.items():
            _check_numbers(one, what, f'{key}.{name}' if key else str(name),
                           refused)
    elif isinstance(value, (list, tuple)):
        for i, one in enumerate(value):
            _check_numbers(one, what, f'{key}.{i}', refused)
    elif isinstance(value, float) and refused(value):
        raise UsageError(f'{what}: {key}: expected a finite number, got '
                         f'{value}')


def _check_factor(own: Entries, options: Entries) -> None:
    """Refuse a factor that is no factor, or of data that take none."""
    for key, value in options.items():
        parent, _, last = key.rpartition('.')
        if last != 'imbalance_factor':
            continue
        if value is not None and not (isinstance(value, (int, float))
                                      and 1 <= value < math.inf):
            raise UsageError(f'{key}: expected a finite number of at least 1, '
                             f'got {value!r}')
        place = _get(own, parent)
        if isinstance(place, dict) and last not in place:
            raise UsageError(
                f'{key}: {place.get("type")} takes no imbalance factor; its '
                'images are thinned already, or need a mmcurv.LongTailed '
                'around them')


def _get(entries: Any, key: str) -> Any:
    for step in key.split('.'):
        entries = entries.get(step) if isinstance(entries, dict) else None
    return entries
