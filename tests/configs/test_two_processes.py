# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Methods as they train on the bundled images, shared by two processes."""
import json
import math

import pytest
import torch
import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, init_default_scope

from mmcurv.engine.config_options import merged_config
from mmcurv.engine.stages.run import build_runner, plan_run, run_stages
from tests.engine.two_processes import in_two_processes
from tests.format_once import format_each_config_once
from tests.shipped_configs import BUNDLED, use_tiny_data
from tests.small_runs import make_short, make_small

# One for each thing that talks: the pool, stages with the batch norms that
# they freeze, two branches and batches, experts, a queue of keys, mixing.
TALKING = ('ce', 'mislas', 'bbn', 'ride', 'paco', 'ce_cmo')


class SameWeights(Hook):
    """At the end of a training or stage all processes have one network."""

    def after_train(self, runner):
        model = getattr(runner.model, 'module', runner.model)
        weights = torch.cat(
            [weight.detach().flatten() for weight in model.parameters()])
        both = [torch.empty_like(weights) for _ in range(2)]
        dist.all_gather(both, weights)
        assert torch.equal(*both), runner.work_dir


def train(path, folder, cr):
    cfg = merged_config(str(path), cr=cr)
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
        run_stages(cfg, plan_run(cfg))
    else:
        cfg.experiment_name = path.stem
        build_runner(cfg).train()


def train_all(folder, cr, methods=None):
    HOOKS.register_module(module=SameWeights)
    init_default_scope('mmpretrain')
    format_each_config_once()
    for path in BUNDLED:
        if methods is None or path.parent.name in methods:
            train(path, folder, cr)


def train_talking(rank, folder):
    train_all(folder, True, TALKING)


def train_plain(rank, folder):
    train_all(folder, False)


def train_regularized(rank, folder):
    train_all(folder, True)


def logged(folder):
    """Every number that the stages of a run logged, by name."""
    numbers = {}
    for path in sorted(folder.glob('**/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            numbers.update(json.loads(line))
    return numbers


@pytest.mark.parametrize('work, cr, methods', [
    (train_talking, True, TALKING),
    pytest.param(train_plain, False, None, marks=pytest.mark.slow),
    pytest.param(train_regularized, True, None, marks=pytest.mark.slow),
])
def test_methods_train_and_validate_in_two_processes(work, cr, methods,
                                                     tmp_path):
    in_two_processes(work, tmp_path)
    for path in BUNDLED:
        if methods and path.parent.name not in methods:
            continue
        folder = tmp_path / path.stem
        numbers = logged(folder)
        assert math.isfinite(numbers['loss']), path
        assert 0 <= numbers['accuracy/top1'] <= 100, path
        assert ('loss_curvature' in numbers) == cr, path
        record = json.loads((folder / 'run.json').read_text())
        assert record['machine']['processes'] == 2
