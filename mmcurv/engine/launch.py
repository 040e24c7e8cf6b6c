# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From a command line to a config: what ``tools/*.py`` share."""
import datetime
import os
import os.path as osp
import sys
import threading
import time
from typing import Optional, Sequence

import torch.distributed
from mmengine.config import Config
from mmengine.device import get_device

from mmcurv.arguments import UsageError
from .config_options import merged_config, run_name


def load_config(path: str,
                options: dict,
                work_dir: Optional[str] = None,
                with_files: Sequence[str] = (),
                cr: bool = False) -> Config:
    """Read a config, change it by the switches, and settle its work folder.

    Args:
        path (str): Path of the config.
        options (dict): Values by dotted key.
        work_dir (str, optional): The work folder. Defaults to None, which
            takes the config's own, else ``work_dirs/<name>``, see
            :func:`~mmcurv.engine.config_options.run_name`.
        with_files (Sequence[str]): Paths of further configs. Defaults to ().
        cr (bool): Whether to add Curvature Regularization. Defaults to False.

    Returns:
        Config: The changed config.

    Raises:
        UsageError: As :func:`~mmcurv.engine.config_options.merged_config`.
    """
    cfg = merged_config(path, options, with_files, cr)
    cfg.work_dir = (
        work_dir or cfg.get('work_dir')
        or osp.join('work_dirs', run_name(path, cfg)))
    if os.environ.get('RANK', '0') == '0':
        for note in (cfg.get('switches') or {}).get('notes', []):
            print(f'mmcurv: {note}.')
    return cfg


def detach_from_file(cfg: Config) -> Config:
    """Let the Runner write the config under its time, not its file's name.

    The Runner dumps what it runs to the work folder. Under the file's name,
    a test would replace the training config kept there by one that loads a
    checkpoint, and so would a training from that very file.

    Args:
        cfg (Config): A config read from a file.

    Returns:
        Config: The same entries without the file.
    """
    stem = osp.splitext(osp.basename(cfg.filename))[0]
    detached = Config(cfg.to_dict(), cfg_text=cfg.text)
    detached.experiment_name = cfg.get('experiment_name') or stem
    return detached


def start_processes(cfg: Config, launcher: str, local_rank: int = 0) -> None:
    """Settle the launcher, and start gloo where there is no accelerator.

    A launched process ends when its launcher is gone, see
    :func:`end_with_launcher`.

    mmengine selects a CUDA device in every launched process, whatever the
    backend, unless the process group already exists. SLURM and MPI are left
    to mmengine.

    Args:
        cfg (Config): Changed in place.
        launcher (str): One of 'none', 'pytorch', 'slurm', 'mpi'.
        local_rank (int): Used where the environment has no ``LOCAL_RANK``.
            Defaults to 0.

    Raises:
        UsageError: If torchrun did not start this process though the
            launcher is 'pytorch', or if 'slurm' or 'mpi' finds no
            accelerator.
    """
    cfg.launcher = launcher
    os.environ.setdefault('LOCAL_RANK', str(local_rank))
    if launcher == 'none':
        return
    end_with_launcher()
    needed = ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')
    absent = [name for name in needed if name not in os.environ]
    if launcher == 'pytorch' and absent:
        raise UsageError(
            f"--launcher pytorch: expected {', '.join(absent)} in the "
            'environment; start by tools/dist_train.sh or torchrun')
    if get_device() != 'cpu':
        return
    if launcher != 'pytorch':
        raise UsageError(f'--launcher {launcher} needs an accelerator and '
                         'found none; on CPUs use tools/dist_train.sh')
    seconds = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
    torch.distributed.init_process_group(
        'gloo', timeout=seconds and datetime.timedelta(seconds=seconds))
    # With a wrapper config, mmengine's own two defaults no longer apply.
    wrapper = dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False))
    wrapper.update(cfg.get('model_wrapper_cfg') or {})
    wrapper['device_ids'] = None  # a module on the CPU takes no number
    cfg.model_wrapper_cfg = wrapper


def end_with_launcher(seconds: float = 1.) -> None:
    """End this process when the one that started it is gone.

    A launcher that is killed cannot end the processes that it started. Those
    would train on, unseen, in a folder in which the next attempt trains.

    Args:
        seconds (float): Between two looks. Defaults to 1.
    """
    launcher = os.getppid()

    def watch() -> None:
        # Orphans are given to another process.
        while os.getppid() == launcher:
            time.sleep(seconds)
        print(
            f'The launcher, process {launcher}, is gone: process '
            f'{os.getpid()} ends. Resume from the latest checkpoint.',
            file=sys.stderr,
            flush=True)
        os._exit(1)  # the main thread may wait for the others

    threading.Thread(target=watch, daemon=True).start()


def end_processes() -> None:
    """Wait for all processes of a finished run, then take their group down.

    Without it the first process to end may abort in its communication thread,
    and the launcher then kills process 0, which alone is still saving.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
