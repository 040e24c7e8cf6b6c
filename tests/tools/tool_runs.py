# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Call the tools as a user would, on sixty images and a tiny network."""
import contextlib
import importlib.util
import os
import random
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import numpy as np
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

from mmcurv.engine.launch import end_processes

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs' / 'ce' / 'ce_resnet8_fashion-mini-if100_cr.py'
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
    """Exit code of a tool that runs in this process."""
    return load_tool(name).main([str(arg) for arg in args])


def start_tool(name, *args, **options):
    """A process that can be interrupted, however the tests were started.

    A shell lets what runs in its background ignore SIGINT, and so do all
    processes that this starts.
    """
    return subprocess.Popen(
        [sys.executable, ROOT / 'tools' / f'{name}.py', *map(str, args)],
        env=tool_environment(),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        text=True,
        **options)


@contextlib.contextmanager
def unchanged_process():
    """Undo what a tool changes of its process, which it takes for its own.

    Registries keep what was registered: modules are imported only once.
    """
    environment = dict(os.environ)
    threads = torch.get_num_threads()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    kinds = (DefaultScope, MMLogger, MessageHub, Visualizer)
    named = [dict(kind._instance_dict) for kind in kinds]
    try:
        yield
    finally:
        end_processes()
        for logger in MMLogger._instance_dict.values():
            if logger not in named[1].values():
                for handler in logger.handlers:
                    handler.close()
        for kind, instances in zip(kinds, named):
            kind._instance_dict.clear()
            kind._instance_dict.update(instances)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        torch.set_num_threads(threads)
        os.environ.clear()
        os.environ.update(environment)


def tool_environment(**changes):
    """Environment in which a tool of this checkout finds its package."""
    return dict(
        os.environ,
        PYTHONPATH=os.pathsep.join(
            [str(ROOT), os.environ.get('PYTHONPATH', '')]),
        **changes)
