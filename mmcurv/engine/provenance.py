# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a run is: its code, packages, machine, config and model."""
import copy
import hashlib
import importlib.metadata
import json
import os
import os.path as osp
import platform
import subprocess
from typing import Any, Dict, List, Optional, Sequence

import torch
from mmengine.config import Config, ConfigDict
from mmengine.dist import get_world_size
from torch import nn
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

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


# Where a run lies, how it is started and what it shows are not what it is;
# nor is what its config says of other configs.
NOT_THE_RUN = ('work_dir', 'resume', 'load_from', 'branched_from', 'launcher',
               'visualizer', 'vis_backends', 'log_level', 'log_processor',
               'env_cfg', 'experiment_name', 'model_wrapper_cfg', 'switches',
               'recipe_of', 'curvature_file', 'image_size', 'network_size')
# Default hooks that watch, save or show, and leave the training as it is.
WATCHING = ('timer', 'logger', 'checkpoint', 'visualization', 'run_record',
            'missed_evaluation')


def config_hash(cfg: Any) -> str:
    """Hash of a resolved config without its seed.

    Repetitions with other seeds have one hash; so have a run and its resumed
    continuation.

    Args:
        cfg (Config | dict): The config with all changes merged.

    Returns:
        str: SHA-256, 64 hexadecimal digits.
    """
    return hashlib.sha256(canonical_json(cfg).encode()).hexdigest()


def canonical_json(cfg: Any) -> str:
    """What is hashed: the entries that make the run, in order of their keys.

    Args:
        cfg (Config | dict): The config with all changes merged.

    Returns:
        str: JSON.
    """
    if isinstance(cfg, (Config, ConfigDict)):
        cfg = cfg.to_dict()
    entries = copy.deepcopy(dict(cfg))
    for key in NOT_THE_RUN:
        entries.pop(key, None)
    hooks = entries.get('default_hooks') or {}
    for name in WATCHING:
        hooks.pop(name, None)
    (hooks.get('geometry') or {}).pop('interval', None)
    (entries.get('randomness') or {}).pop('seed', None)
    return json.dumps(entries, sort_keys=True, default=_name)


def _name(value: Any) -> str:
    """A class by its name: its address differs from process to process."""
    named = getattr(value, '__qualname__', None)
    return f'{value.__module__}.{named}' if named else repr(value)


def count_parameters(model: nn.Module) -> int:
    """Number of trainable and frozen parameters; shared ones count once."""
    return sum(parameter.numel() for parameter in model.parameters())


@torch.no_grad()
def multiply_adds(model: nn.Module,
                  input_shape: Sequence[int]) -> Optional[int]:
    """Multiply-adds of one image's forward pass, as a test runs it.

    Convolutions and matrix products are counted, by torch's own counter, on
    tensors without data: nothing is computed, and neither the model's state
    nor any random number changes.

    Args:
        model (nn.Module): A model of mmengine, whose mode ``'tensor'`` takes
            a batch of images.
        input_shape (Sequence[int]): Shape of one image, without the batch.

    Returns:
        int | None: None for a model that cannot run without data.
    """
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    tensors = {name: each.to('meta') for name, each in tensors.items()}
    images = torch.empty(1, *input_shape, device='meta')
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    counter = FlopCounterMode(display=False)
    try:
        with counter:
            functional_call(
                model, tensors, (images, ), dict(mode='tensor'), strict=True)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return None  # it looks at its data, or keeps tensors of its own
    finally:
        for module, mode in modes:
            module.training = mode
    return counter.get_total_flops() // 2
