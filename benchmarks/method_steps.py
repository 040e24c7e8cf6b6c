# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a training step of each method costs, against one of cross-entropy.

Configs of CIFAR-100-LT at imbalance 100, with the common recipe where they
have one beside their own, are trained by a Runner on random images of that
size and those class counts, some steps at a time and in turns. A step is
everything from the end of one to the end of the next, to load its batch
included; CMO and BBN load two. Epoch-dependent parts are on from the first
step. BBN, which holds two sets of activations, is timed again while the
process keeps the memory that it frees.
"""
import functools
import os.path as osp
import tempfile
import time
import uuid
import warnings
from statistics import median

import numpy as np
import torch
from keep_memory import keep_memory
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import Runner

from mmcurv.engine.config_options import merged_config
from mmcurv.engine.provenance import multiply_adds

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
BASELINE = 'ce'
METHODS = ('focal', 'cb_focal', 'ldam', 'ldam_drw', 'ce_cmo', 'ldam_drw_cmo',
           'balanced_softmax', 'lade', 'gcl', 'tde', 'bbn', 'mbj', 'ride',
           'ride_cmo', 'paco')
ROUNDS, WARM_UP, STEPS = 6, 2, 6
CLASSES, PER_CLASS = 100, 500
# Hooks that save, show or evaluate, which is no part of a step.
OF_MMENGINE = ('timer', 'logger', 'checkpoint')
BESIDES = ('sync_buffers', 'geometry', 'missed_evaluation', 'run_record')


@DATASETS.register_module()
class RandomImages(BaseDataset):
    """As many images as CIFAR-100 has, of the size of its images."""
    METAINFO = dict(classes=[f'class {c}' for c in range(CLASSES)])

    def load_data_list(self):
        return [
            dict(img=image, gt_label=i % CLASSES)
            for i, image in enumerate(random_images())
        ]


@functools.lru_cache(maxsize=None)
def random_images():
    return np.random.default_rng(0).integers(
        256, size=(CLASSES * PER_CLASS, 32, 32, 3), dtype=np.uint8)


class StepClock(Hook):
    """Times steps, each from the end of the one before."""
    priority = 'LOWEST'

    def __init__(self):
        self.seconds = []

    def before_train(self, runner):
        self.began = time.perf_counter()

    def after_train_iter(self, runner, *args, **kwargs):
        now = time.perf_counter()
        self.seconds.append(now - self.began)
        self.began = now


def config_of(method):
    path = osp.join(ROOT, 'configs', method,
                    f'{method}_resnet32_cifar100-lt-if100.py')
    recipe = ['cifar_200e'] + ['cifar_two_views'] * (method == 'paco')
    cfg = merged_config(
        path,
        with_files=[f'configs/_base_/recipes/{name}.py' for name in recipe])
    for hook in OF_MMENGINE:
        cfg.default_hooks[hook] = None
    for hook in BESIDES:
        del cfg.default_hooks[hook]
    for key in ('reweighting', 'cmo'):
        if key in cfg.default_hooks:
            start = 'begin_epoch' if key == 'cmo' else 'start_epoch'
            cfg.default_hooks[key][start] = 1
    if cfg.model.head.get('loss', {}).get('type') == 'mmcurv.RIDELoss':
        cfg.model.head.loss.temperature_start = 1
    if cfg.model.head.type == 'mmcurv.MBJHead':
        cfg.model.head.start_epoch = 1
    if 'cmo' in cfg.default_hooks:
        cfg.default_hooks.cmo.update(prob=1., end_epoch=1)
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=WARM_UP + STEPS, val_interval=999)
    cfg.param_scheduler = None
    for split in ('val', 'test'):
        for part in ('cfg', 'dataloader', 'evaluator'):
            cfg[f'{split}_{part}'] = None
    train = cfg.train_dataloader
    train.update(num_workers=0, persistent_workers=False)
    train.dataset.dataset = dict(
        type='RandomImages',
        serialize_data=False,
        pipeline=train.dataset.dataset.pipeline)
    cfg.log_level = 'ERROR'
    return cfg


def time_steps(method, folder):
    """Seconds of some steps, without those that warm up."""
    cfg = config_of(method)
    cfg.work_dir = folder
    cfg.experiment_name = uuid.uuid4().hex
    runner = Runner.from_cfg(cfg)
    clock = StepClock()
    runner.register_hook(clock)
    runner.train()
    return clock.seconds[WARM_UP:]


def measure(methods):
    """Seconds of all steps of each method, taken in turns."""
    times = {method: [] for method in methods}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for method in methods:
                times[method] += time_steps(method, folder)
    return times


def multiply_adds_of(method):
    return multiply_adds(MODELS.build(config_of(method).model), (3, 32, 32))


def main():
    warnings.simplefilter('ignore')
    init_default_scope('mmpretrain')
    times = measure((BASELINE, ) + METHODS)
    baseline = median(times[BASELINE])
    kept = measure((BASELINE, 'bbn')) if keep_memory() else None
    ratios = {
        method: median(seconds) / baseline
        for method, seconds in times.items() if method != BASELINE
    }
    return dict(
        what='ResNet-32 at 32 x 32, batch 128, 100 classes, '
        f'{torch.get_num_threads()} threads; a step with CMO always mixes, '
        'in training one of two does',
        ce_step_seconds=baseline,
        **{
            f'{method}_over_ce': ratio
            for method, ratio in ratios.items()
        },
        bbn_over_ce_memory_kept=kept
        and median(kept['bbn']) / median(kept[BASELINE]),
        ride_multiply_adds_over_ce=multiply_adds_of('ride') /
        multiply_adds_of(BASELINE),
        all_seconds=times,
        all_seconds_memory_kept=kept)
