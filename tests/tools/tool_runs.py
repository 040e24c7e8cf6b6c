# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Call the tools as a user would, on sixty images and a tiny network."""
import importlib.util
import os
import sys
import uuid
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs' / 'ce' / 'ce_resnet20_fashion-mini-if100_cr.py'
INDICES = ','.join(str(40 * i) for i in range(60))


def tiny_options(**changes):
    """``KEY=VALUE`` arguments of a run that takes about a second.

    Keys of ``changes`` are written with ``__`` for a dot.
    """
    options = {
        'train_dataloader.dataset.indices': INDICES,
        'train_dataloader.batch_size': 20,
        'val_dataloader.dataset.indices': '0,200,400,600,800,1000,1200,1400',
        'test_dataloader.dataset.indices': '0,200,400,600,800,1000,1200,1400',
        'model.backbone.depth': 8,
        'model.backbone.base_channels': 4,
        'model.head.in_channels': 16,
        'train_cfg.max_epochs': 1,
        'custom_hooks.0.start_epoch': 2,
        # mmengine shares loggers between runs of one name and second.
        'experiment_name': uuid.uuid4().hex,
    }
    options.update(
        (key.replace('__', '.'), value) for key, value in changes.items())
    return [f'{key}={value}' for key, value in options.items()]


def load_tool(name):
    """Import ``tools/<name>.py`` as a module of its own."""
    spec = importlib.util.spec_from_file_location(
        f'tool_{name}', ROOT / 'tools' / f'{name}.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def prepare(name, *args):
    """Config that a tool builds from its arguments, without running it."""
    tool = load_tool(name)
    return tool.prepare(tool.make_parser().parse_args([str(a) for a in args]))


def call(name, *args):
    """Run a tool in this process."""
    with mock.patch.object(sys, 'argv', [name, *map(str, args)]):
        load_tool(name).main()


def tool_environment(**changes):
    """Environment in which a tool of this checkout finds its package."""
    return dict(
        os.environ,
        PYTHONPATH=os.pathsep.join(
            [str(ROOT), os.environ.get('PYTHONPATH', '')]),
        **changes)
