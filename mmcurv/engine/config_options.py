# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The switches of a command line that change a config, and their checks.

mmengine takes a misspelt key for a new one and runs without the change that
was meant; here such an option is refused.
"""
import difflib
import inspect
import os
import os.path as osp
from argparse import ArgumentParser

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

# Read from the config by mmengine, but no argument of the Runner.
_BESIDE_RUNNER = ('activation_checkpointing', 'compile', 'custom_imports',
                  'efficient_conv_bn_eval', 'find_unused_parameters',
                  'model_wrapper_cfg', 'runner_type', 'sync_bn')


class UsageError(ValueError):
    """The command line asks for what is not there or cannot run here."""


class KeyValueAction(DictAction):
    """``DictAction`` that names the option without a ``=``."""

    def __call__(self, parser, namespace, values, option_string=None):
        for value in values or []:
            if '=' not in value:
                parser.error(f'{option_string} expects KEY=VALUE, got '
                             f'{value!r}; write no blank beside the "="')
        super().__call__(parser, namespace, values, option_string)


def add_switches(parser: ArgumentParser) -> None:
    """Add what :func:`~mmcurv.engine.merged_config.merged_config` takes."""
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
