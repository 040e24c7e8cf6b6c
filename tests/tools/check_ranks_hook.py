# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Writes what each process of a distributed training ended with."""
import json
import os.path as osp

import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class CheckRanksHook(Hook):
    """Write ``rank_<r>.json`` and ``rank_<r>.pth`` after training."""

    def after_train(self, runner):
        path = osp.join(runner.work_dir, f'rank_{runner.rank}')
        scalars = runner.message_hub.log_scalars
        with open(f'{path}.json', 'w') as f:
            json.dump(
                dict(
                    world_size=runner.world_size,
                    wrapper=type(runner.model).__name__,
                    scalars=sorted(scalars)), f)
        torch.save(runner.model.module.state_dict(), f'{path}.pth')
