# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""CPU seconds from a command to its first answer."""
import glob
import os
import os.path as osp
import subprocess
import sys
import tempfile

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
CONFIG = osp.join(ROOT, 'configs', 'ce', 'ce_resnet8_fashion-mini-if100.py')
# One iteration, no evaluation after it.
ONE_STEP = ('train_cfg.max_epochs=1', 'train_dataloader.batch_size=32',
            'train_dataloader.dataset.indices=32')


def cpu_seconds(*words):
    """User and system time of a Python process and its children."""
    before = os.times()
    subprocess.run([sys.executable, *words],
                   check=True,
                   cwd=ROOT,
                   env=dict(os.environ, OMP_NUM_THREADS='1'),
                   stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user + after.children_system -
            before.children_user - before.children_system)


def rows():
    """One run, in the form of run.py."""
    tools = sorted(glob.glob(osp.join(ROOT, 'tools', '*.py')))
    slowest = max(cpu_seconds(tool, '--help') for tool in tools)
    with tempfile.TemporaryDirectory() as folder:
        first = cpu_seconds(
            osp.join(ROOT, 'tools', 'train.py'), CONFIG, '--no-validate',
            '--work-dir', folder, '--cfg-options', *ONE_STEP)
    torch = cpu_seconds('-c', 'import torch, mmengine.runner, torchvision')
    return [
        dict(
            what='import mmcurv',
            value=cpu_seconds('-c', 'import mmcurv'),
            unit='s of CPU',
            at_most=0.1),
        dict(
            what=f'--help of the slowest of {len(tools)} tools',
            value=slowest,
            unit='s of CPU',
            at_most=0.6),
        dict(
            what='tools/train.py from the command to the end of its first '
            'iteration',
            against='imports of torch, torchvision and mmengine',
            value=first / torch,
            unit='times the CPU time'),
    ]
