# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train each method whole, and once more with a kill and a resume.

``python -m tests.faults.method_jobs FOLDER``: makes ``FOLDER/<name>/whole``
and ``FOLDER/<name>/killed`` for each name of NAMES. Each start is a fork of
this process.
"""
import os
import random
import signal
import sys
import traceback
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.registry import HOOKS, init_default_scope

from mmcurv.engine.config_options import merged_config
from mmcurv.engine.stages.run import build_runner, plan_run, run_stages
from tests.engine.resume_runs import die
from tests.prepared_forks import prepare_forks
from tests.shipped_configs import ROOT, use_tiny_data
from tests.small_runs import make_short, make_small

METHODS = ('bbn', 'ride', 'mbj', 'paco', 'dive', 'ofa', 'ce_cmo', 'ldam_drw')
NAMES = [f'{method}{cr}' for method in METHODS for cr in ('', '_cr')]


@HOOKS.register_module()
class CountSteps(Hook):
    """Counts the steps of all stages, and may end the process.

    Args:
        path (str): File that holds their number.
        last (int, optional): The step after which to die. Defaults to None.
    """
    priority = 'LOWEST'
    steps = 0

    def __init__(self, path, last=None):
        self.path, self.last = Path(path), last

    def after_train_iter(self, runner, *args, **kwargs):
        CountSteps.steps += 1
        if CountSteps.steps == self.last:
            die()

    def after_train(self, runner):
        self.path.write_text(str(CountSteps.steps))


def config(name, folder, last=None):
    method = name.removesuffix('_cr')
    network = 'resnet14' if method == 'bbn' else 'resnet8'
    path = f'configs/{method}/{method}_{network}_fashion-mini-if100.py'
    cfg = merged_config(str(ROOT / path), cr=name != method)
    use_tiny_data(cfg, None)
    make_small(cfg)
    make_short(cfg)
    cfg.default_hooks.checkpoint.interval = 1
    cfg.default_hooks.count = dict(
        type='mmengine.CountSteps', path=str(folder / 'steps'), last=last)
    cfg.work_dir = str(folder)
    cfg.log_level = 'ERROR'
    cfg.visualizer = dict(type='Visualizer')
    return cfg


def train(name, cfg):
    if cfg.get('stages'):
        run_stages(cfg, plan_run(cfg, 'auto'))
        return
    cfg.experiment_name = name
    cfg.resume = Path(cfg.work_dir, 'last_checkpoint').exists()
    build_runner(cfg).train()


def run_in_child(name, folder, last=None):
    cfg = config(name, folder, last)  # what it reads is kept for the next
    child = os.fork()
    if child == 0:
        sys.stdout = open(os.devnull, 'w')
        try:
            train(name, cfg)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != (0 if last is None else -signal.SIGKILL):
        raise SystemExit(f'{name} ended with status {status}.')


def main():
    prepare_forks()
    init_default_scope('mmpretrain')
    rng = random.Random(0)
    for name in sys.argv[2:] or NAMES:
        whole, killed = (
            Path(sys.argv[1], name, part) for part in ('whole', 'killed'))
        for folder in (whole, killed):
            folder.mkdir(parents=True)
        run_in_child(name, whole)
        steps = int((whole / 'steps').read_text())
        # Of three epochs, or of as many in each stage, one was saved.
        run_in_child(name, killed, rng.randint(steps // 3 + 1, steps - 1))
        run_in_child(name, killed)


if __name__ == '__main__':
    main()
