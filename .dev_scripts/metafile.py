# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""``metafile.yml`` of a method folder: read, and its results put in."""
import posixpath
import re
import shlex
from argparse import ArgumentParser
from typing import Any, Dict, List, Literal, NamedTuple, Optional, Tuple, Union

import yaml
from pydantic import BaseModel, Field, ValidationError

from mmcurv.arguments import UsageError, add_common_arguments
from mmcurv.benchmark.matrix import UniqueKeyLoader
from mmcurv.numbers import listing

# The main number in the words of a metafile, and of a run's record.
MAIN_NUMBERS = {'last epoch': 'last', 'best epoch': 'best'}


class ConfigEntry(NamedTuple):
    """A config of a method folder, with the switches of ``tools/train.py``.

    Attributes:
        name (str): Stem of its file if there are no switches; that of a
            config with CR ends in '_cr'.
        config (str): Path in the repository.
        method (str): As the paper calls it, without '+ CR'.
        dataset (str): Such as 'CIFAR-10-LT'.
        imbalance_factor (float, optional): None for balanced data, and where
            the data set itself is long-tailed.
        model (str): Such as 'ResNet-32'.
        epochs (int): Of its training.
        main (str): Evaluation of the main number: 'last' or 'best'.
        switches (str): As on a command line. Defaults to ''.
        with_files (tuple[str]): Those of ``--with``. Defaults to ().
        cr_switch (bool): Whether ``--cr`` is among them. Defaults to False.
        options (dict): Of ``--cfg-options``, values by dotted key. Defaults
            to {}.
    """
    name: str
    config: str
    method: str
    dataset: str
    imbalance_factor: Optional[float]
    model: str
    epochs: int
    main: str
    switches: str = ''
    with_files: Tuple[str, ...] = ()
    cr_switch: bool = False
    options: Dict[str, Any] = {}

    @property
    def cr(self) -> bool:
        """bool: With Curvature Regularization."""
        return self.name.endswith('_cr')


class _Protocol(BaseModel, strict=True, extra='forbid'):
    epochs: int = Field(alias='Epochs')
    main: Literal['last epoch', 'best epoch'] = Field(alias='Main Number')


class _Metadata(BaseModel, strict=True):
    dataset: str = Field(alias='Training Data')
    imbalance_factor: Union[int, float, None] = Field(
        default=None, alias='Imbalance Factor')
    model: str = Field(alias='Architecture')
    protocol: _Protocol = Field(alias='Protocol')
    switches: Optional[str] = Field(default=None, alias='Switches')


class _Model(BaseModel, strict=True):
    name: str = Field(alias='Name')
    method: str = Field(alias='In Collection')
    metadata: _Metadata = Field(alias='Metadata')
    config: str = Field(alias='Config')


class _Metafile(BaseModel, strict=True):
    models: List[_Model] = Field(alias='Models', min_length=1)


def read_metafile(text: str, path: str) -> List[ConfigEntry]:
    """Read what a metafile says of its configs.

    Args:
        text (str): Content of the file, in OpenMMLab's model-index form.
        path (str): Of the file, for messages.

    Returns:
        list[ConfigEntry]: In the order of the file.

    Raises:
        UsageError: If it is no YAML, or an entry lacks something, does not
            fit, or stands there twice; the message names the place.
    """
    try:
        found = _Metafile.model_validate(
            yaml.load(text, Loader=UniqueKeyLoader))
    except yaml.YAMLError as error:
        raise UsageError(f'{path}: expected YAML, but {error}') from error
    except ValidationError as error:
        faults = [
            '.'.join(map(str, fault['loc'])) + f': {fault["msg"]}'
            for fault in error.errors()
        ]
        raise UsageError(f'{path}: {"; ".join(faults[:5])}') from error
    entries = [_entry(model, path) for model in found.models]
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f'{path}: Name: {name!r} stands there more than '
                             'once; keep one entry for each config')
    mains = dict.fromkeys(entry.main for entry in entries)
    if len(mains) > 1:
        raise UsageError(f'{path}: Main Number: expected one for all configs, '
                         f'which share a table, got {listing(mains)}')
    return entries


def _entry(model: _Model, path: str) -> ConfigEntry:
    metadata, protocol = model.metadata, model.metadata.protocol
    if (metadata.switches is None
            and posixpath.basename(model.config) != f'{model.name}.py'):
        raise UsageError(f'{path}: {model.name}: Config: expected a path that '
                         f"ends in '{model.name}.py', the Name, got "
                         f'{model.config!r}; else Metadata has Switches')
    switches = metadata.switches or ''
    parser = _SwitchParser(add_help=False, allow_abbrev=False)
    add_common_arguments(parser)
    try:
        given = parser.parse_args(shlex.split(switches))
    except ValueError as error:  # UsageError, or a quote that does not end
        raise UsageError(
            f'{path}: {model.name}: Switches: expected "--with FILE ... --cr '
            f'--cfg-options KEY=VALUE ...", got {switches!r}: {error}'
        ) from error
    return ConfigEntry(model.name, model.config, model.method,
                       metadata.dataset, metadata.imbalance_factor,
                       metadata.model, protocol.epochs,
                       MAIN_NUMBERS[protocol.main], switches,
                       tuple(given.with_files), given.cr, given.cfg_options)


class _SwitchParser(ArgumentParser):

    def error(self, message: str) -> None:
        raise UsageError(message)


def edit_metafile(text: str, generated: Dict[str, Tuple[Optional[dict],
                                                        Optional[list]]],
                  path: str) -> str:
    """Set Target and Results of every entry, and change nothing else.

    Args:
        text (str): Content of a metafile that :func:`read_metafile` can read,
            whose Models come last, one key in each line, Results the last.
        generated (dict[str, tuple]): For the Name of each entry its Target,
            None for no such key, and its Results, None for null.
        path (str): Of the file, for messages.

    Returns:
        str: The same text where nothing changes.

    Raises:
        UsageError: If the file is written so that a value cannot be replaced
            line by line.
    """
    # Collections have names, too, and stand before the models.
    above, models, below = text.partition('\nModels:\n')
    head, *blocks = re.split(r'^(?=  - Name: )', below, flags=re.MULTILINE)
    wanted = yaml.safe_load(text)
    place = {model['Name']: model for model in wanted['Models']}
    edited = [above, models, head]
    for block in blocks:
        name = yaml.safe_load(block)[0]['Name']
        target, results = generated[name]
        block = re.sub(r'^      Target: .*\n', '', block, flags=re.MULTILINE)
        block = re.sub(r'^    Results:.*\n', '', block, flags=re.MULTILINE)
        place[name]['Metadata'].pop('Target', None)
        if target is not None:
            block = block.replace(
                '    Config: ', f'      Target: '
                f'{_flow(target)}\n    Config: ', 1)
            place[name]['Metadata']['Target'] = target
        place[name]['Results'] = results
        value = 'null' if results is None else _flow(results)
        edited.append(f'{block.rstrip()}\n    Results: {value}\n')
    new = ''.join(edited)
    try:
        same = yaml.safe_load(new) == wanted
    except yaml.YAMLError:
        same = False
    if not same:
        raise UsageError(
            f'{path}: Target and Results could not be replaced; write each '
            'entry in block style, one key in each line, Config after '
            'Metadata and Results last')
    return new


def _flow(value: Any) -> str:
    """One line of YAML."""
    return yaml.safe_dump(
        value,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=float('inf')).strip()
