# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Each method, as it trains on the bundled images, shared by two processes."""
import copy
import json
import math

import pytest
import torch
import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, init_default_scope

from mmcurv.engine.stages.run_stages import build_runner, plan_run, run_stages
from mmcurv.engine.unwrapped import unwrapped
from tests.engine.two_processes import in_two_processes
from tests.format_once import format_each_config_once
from tests.shipped_configs import BASELINES, read, use_tiny_data
from tests.small_runs import make_short, make_small

BUNDLED = [path for path in BASELINES if 'fashion-mini' in path.stem]


class SameWeights(Hook):
    """At the end of a training or stage all processes have one network."""

    def after_train(self, runner):
        weights = torch.cat([
            weight.detach().flatten()
            for weight in unwrapped(runner.model).parameters()
        ])
        both = [torch.empty_like(weights) for _ in range(2)]
        dist.all_gather(both, weights)
        assert torch.equal(*both), runner.work_dir


def train(path, folder):
    cfg = copy.deepcopy(read(path))
    use_tiny_data(cfg, None)
    make_small(cfg)
    make_short(cfg)
    cfg.train_dataloader.batch_size //= 2
    cfg.work_dir = str(folder / path.stem)
    cfg.launcher = 'pytorch'
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel', device_ids=None)
    cfg.default_hooks.same_weights = dict(type='SameWeights')
    if cfg.get('stages'):
        run_stages(plan_run(cfg))
    else:
        cfg.experiment_name = path.stem
        build_runner(cfg).train()


def train_all(folder, suffix):
    HOOKS.register_module(module=SameWeights)
    init_default_scope('mmpretrain')
    format_each_config_once()
    for path in BUNDLED:
        train(path.with_stem(path.stem + suffix), folder)


def train_plain(rank, folder):
    train_all(folder, '')


def train_regularized(rank, folder):
    train_all(folder, '_cr')


def logged(folder):
    """Every number that the stages of a run logged, by name."""
    numbers = {}
    for path in sorted(folder.glob('**/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            numbers.update(json.loads(line))
    return numbers


@pytest.mark.parametrize('work, suffix', [(train_plain, ''),
                                          (train_regularized, '_cr')])
def test_each_method_trains_and_validates_in_two_processes(
        work, suffix, tmp_path):
    in_two_processes(work, tmp_path)
    for path in BUNDLED:
        folder = tmp_path / (path.stem + suffix)
        numbers = logged(folder)
        assert math.isfinite(numbers['loss']), path
        assert 0 <= numbers['accuracy/top1'] <= 100, path
        assert ('loss_curvature' in numbers) == bool(suffix), path
        record = json.loads((folder / 'run.json').read_text())
        assert record['machine']['processes'] == 2
