# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Arguments that several tools take, and what is wrong with them.

Nothing heavy is imported here: ``--help``, a misspelt option and a missing
file are answered before torch is, which takes two seconds.
"""
import contextlib
import os
import os.path as osp
from argparse import Action, ArgumentParser

from mmcurv.files import config_file

SPLITS = ('train', 'test')
POOLINGS = ('avg', 'max', 'flatten', 'cls')


class UsageError(ValueError):
    """The command line asks for what is not there or cannot run here."""


class KeyValueAction(Action):
    """mmengine's ``DictAction``, which names the option without a ``=``."""

    def __call__(self, parser, namespace, values, option_string=None):
        for value in values or []:
            if '=' not in value:
                parser.error(f'{option_string} expects KEY=VALUE, got '
                             f'{value!r}; write no blank beside the "="')
        from mmengine.config import DictAction
        read = DictAction(self.option_strings, self.dest)
        read(parser, namespace, values, option_string)


def check_file(path: str, what: str) -> None:
    """Check that a local file exists; addresses of other back ends pass.

    Args:
        path (str): Path of the file.
        what (str): What the user calls it, for the message.

    Raises:
        UsageError: If there is no such file.
    """
    if '://' not in path and not osp.isfile(path):
        raise UsageError(f'{what}: expected a file, found none at {path!r}; '
                         f'the current folder is {os.getcwd()!r}')


def find_file(path: str, what: str) -> str:
    """A file of the user, else the one of that path that comes with mmcurv.

    Args:
        path (str): From the current folder, or from that of mmcurv.
        what (str): What the user calls it, for the message.

    Returns:
        str: Path of an existing file.

    Raises:
        UsageError: If there is neither.
    """
    with contextlib.suppress(FileNotFoundError):
        path = config_file(path)
    check_file(path, what)
    return path


def check_folder(path: str, what: str, holds: str) -> None:
    """Check that a folder exists.

    Args:
        path (str): Path of the folder.
        what (str): What the user calls it, for the message.
        holds (str): What it is the folder of.

    Raises:
        UsageError: If there is no such folder.
    """
    if not osp.isdir(path):
        raise UsageError(f'{what}: expected the folder of {holds}, found '
                         f'none at {path!r}')


def check_inputs(parser: ArgumentParser, config: str, **files: str) -> None:
    """End the program where a config or another file is missing, at once.

    Args:
        parser (ArgumentParser): Of the program.
        config (str): Path of the config.
        files (str): Paths of further files, by what the user calls them.
    """
    try:
        for what, path in dict(config=config, **files).items():
            check_file(path, what)
    except UsageError as error:
        parser.error(str(error))


def add_switches(parser: ArgumentParser) -> None:
    """Add what :func:`mmcurv.engine.config_options.merged_config` takes."""
    parser.add_argument(
        '--cr',
        action='store_true',
        help='add Curvature Regularization (configs/_base_/curvature.py)')
    parser.add_argument(
        '--with',
        nargs='+',
        default=[],
        action='extend',
        dest='with_files',
        metavar='FILE',
        help='merge further configs over the config, in this order: a data '
        'set, a network or a schedule of configs/_base_, or your own')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default={},
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='change entries of the config, e.g. train_cfg.max_epochs=2 '
        'custom_hooks.0.start_epoch=2 param_scheduler.1.milestones="[8,9]"')


def add_common_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that training and testing share."""
    parser.add_argument(
        '--work-dir',
        help='folder of logs, checkpoints and results; by default that of '
        'the config, else work_dirs/<name of the config and its switches>')
    add_switches(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher')
    # Older launchers pass the rank as an argument, torchrun by environment.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
