# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The configs of a method folder, as its ``metafile.yml`` describes them."""
import posixpath
import shlex
from argparse import ArgumentParser
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import yaml

from mmcurv.audit.report.numbers import listing
from mmcurv.benchmark.matrix import UniqueKeyLoader
from mmcurv.engine.config_options import UsageError
from mmcurv.engine.launch import add_common_arguments
from mmcurv.files import did_you_mean

# The main number in the words of a metafile, and of a run's record.
MAIN_NUMBERS = {'last epoch': 'last', 'best epoch': 'best'}
EXAMPLE = """\
  - Name: ce_resnet32_cifar100-lt-if100_cr
    In Collection: Cross Entropy
    Metadata:
      Training Data: CIFAR-100-LT
      Imbalance Factor: 100
      Architecture: ResNet-32
      Protocol: {Epochs: 200, Main Number: last epoch}
      Switches: --cr
    Config: configs/ce/ce_resnet32_cifar100-lt-if100.py"""


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


def read_metafile(text: str, path: str) -> List[ConfigEntry]:
    """Read what a metafile says of its configs.

    Args:
        text (str): Content of the file, in OpenMMLab's model-index form.
        path (str): Of the file, for messages.

    Returns:
        list[ConfigEntry]: In the order of the file.

    Raises:
        UsageError: If it is no YAML, or an entry lacks something, does not
            fit, or stands there twice; the message names the entry.
    """
    try:
        content = yaml.load(text, Loader=UniqueKeyLoader)
    except yaml.YAMLError as error:
        raise UsageError(f'{path}: expected YAML, but {error}') from error
    models = content.get('Models') if isinstance(content, dict) else None
    if not isinstance(models, list) or not models:
        raise UsageError(f'{path}: expected a list Models with at least one '
                         f'entry such as\nModels:\n{EXAMPLE}')
    entries = [_entry(model, f'{path}: Models, entry {i}')
               for i, model in enumerate(models, 1)]  # yapf: disable
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


def _entry(model: Any, where: str) -> ConfigEntry:
    name = _field(model, 'Name', where, str)
    where += f' ({name!r})'
    config = _field(model, 'Config', where, str)
    metadata = _field(model, 'Metadata', where, dict)
    switches = ''
    if 'Switches' in metadata:
        switches = _field(metadata, 'Switches', f'{where}: Metadata', str)
    elif posixpath.basename(config) != f'{name}.py':
        raise UsageError(f'{where}: Config: expected a path that ends in '
                         f"{name + '.py'!r}, the Name, got {config!r}; else "
                         'Metadata has Switches')
    protocol = _field(metadata, 'Protocol', f'{where}: Metadata', dict)
    place = f'{where}: Metadata: Protocol'
    main = _field(protocol, 'Main Number', place, str)
    if main not in MAIN_NUMBERS:
        raise UsageError(f'{place}: Main Number: unknown {main!r}: '
                         f'{did_you_mean(main, MAIN_NUMBERS)}')
    factor = metadata.get('Imbalance Factor')
    if factor is not None:
        factor = _field(metadata, 'Imbalance Factor', f'{where}: Metadata',
                        (int, float))
    return ConfigEntry(
        name=name,
        config=config,
        method=_field(model, 'In Collection', where, str),
        dataset=_field(metadata, 'Training Data', f'{where}: Metadata', str),
        imbalance_factor=factor,
        model=_field(metadata, 'Architecture', f'{where}: Metadata', str),
        epochs=_field(protocol, 'Epochs', place, int),
        main=MAIN_NUMBERS[main],
        switches=switches,
        **_read_switches(switches, where))


class _SwitchParser(ArgumentParser):

    def error(self, message: str) -> None:
        raise UsageError(message)


def _read_switches(text: str, where: str) -> Dict[str, Any]:
    parser = _SwitchParser(add_help=False, allow_abbrev=False)
    add_common_arguments(parser)
    try:
        found = parser.parse_args(shlex.split(text))
    except ValueError as error:  # UsageError, or a quote that does not end
        raise UsageError(
            f"{where}: Metadata: Switches: expected '--with FILE ... --cr "
            f"--cfg-options KEY=VALUE ...', got {text!r}: {error}") from error
    return dict(
        with_files=tuple(found.with_files),
        cr_switch=found.cr,
        options=found.cfg_options)


def _field(entry: Dict[str, Any], key: str, where: str, kind) -> Any:
    """A value of the expected kind."""
    value = entry.get(key) if isinstance(entry, dict) else None
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    found = 'none' if value is None else repr(value)
    words = {str: 'a text', dict: 'a mapping', int: 'a whole number'}
    raise UsageError(f'{where}: {key}: expected {words.get(kind, "a number")},'
                     f' found {found}; an entry is\n{EXAMPLE}')
