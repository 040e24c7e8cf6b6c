# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which code ran, with which packages, on which machine."""
import importlib.metadata
import os
import os.path as osp
import platform
import subprocess
from typing import Any, Dict, List, Optional

import torch
from mmengine.dist import get_world_size

import mmcurv

PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmpretrain', 'mmcv',
            'mmcv-lite', 'numpy', 'scipy', 'pillow', 'opencv-python',
            'opencv-python-headless')


def code_version() -> Dict[str, Any]:
    """Version of mmcurv, and the commit of the checkout that it runs from.

    Returns:
        dict: ``version``; ``commit`` (40 hexadecimal digits) and ``clean``
        (no tracked file is changed, and no ``.py`` or ``.yml`` file is
        untracked), both None where mmcurv was not imported from a git
        checkout of its own.
    """
    root = osp.dirname(osp.dirname(osp.abspath(mmcurv.__file__)))
    record = dict(version=mmcurv.__version__, commit=None, clean=None)
    top = _git(root, 'rev-parse', '--show-toplevel')
    # An installed package may lie inside somebody else's repository.
    if top and osp.realpath(top) == osp.realpath(root):
        record['commit'] = _git(root, 'rev-parse', 'HEAD')
        changes = _git(root, 'status', '--porcelain', '--untracked-files=all')
        record['clean'] = None if changes is None else not any(
            map(_may_change_a_run, changes.splitlines()))
    return record


def _may_change_a_run(line: str) -> bool:
    """Of ``git status --porcelain``; a log beside the code changes none."""
    return not line.startswith('??') or line.endswith(('.py', '.yml'))


def package_versions() -> Dict[str, str]:
    """Version of Python and of each installed package that numbers depend on.
    """
    found = dict(python=platform.python_version())
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # mmcv or mmcv-lite, one of two builds of OpenCV
    return found


def machine() -> Dict[str, Any]:
    """Processor, memory, accelerators, and how many of them this run used.

    Returns:
        dict: ``processor``, ``cores`` (that this process may use),
        ``threads`` (of torch), ``memory_bytes``, ``accelerators`` (names),
        ``processes`` (of the run), ``system``.
    """
    return dict(
        processor=processor(),
        cores=usable_cores(),
        threads=torch.get_num_threads(),
        memory_bytes=_memory(),
        accelerators=_accelerators(),
        processes=get_world_size(),
        system=f'{platform.system()} {platform.machine()}')


def processor() -> str:
    """Name of the processor."""
    if osp.exists('/proc/cpuinfo'):
        with open('/proc/cpuinfo', encoding='utf-8', errors='replace') as file:
            for line in file:
                if line.startswith('model name'):
                    return line.split(':', 1)[1].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _git(folder: str, *arguments: str) -> Optional[str]:
    """What git prints; None without git or repository."""
    try:
        return subprocess.run(['git', '-C', folder, *arguments],
                              check=True,
                              capture_output=True,
                              text=True,
                              timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _memory() -> Optional[int]:
    try:
        return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    except (AttributeError, ValueError, OSError):
        return None


def _accelerators() -> List[str]:
    return [
        torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())
    ]
