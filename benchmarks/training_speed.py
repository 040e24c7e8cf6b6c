# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What CR, and what whole methods, add to a training step of ResNet-32.

CR: the pool is full with CIFAR-10-LT's 12,406 images at imbalance 100, and
steps without CR and with it take turns; features come from the real network.

Methods: configs of CIFAR-100-LT at imbalance 100, with the common recipe
where they have one beside their own, are trained by a Runner on random images
of that size and those class counts, some steps at a time and in turns. A step
is everything from the end of one to the end of the next, to load its batch
included; CMO and BBN load two. Epoch-dependent parts are on from the first
step.
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
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from mmpretrain.utils import register_all_modules

from mmcurv.engine.config_options import merged_config
from mmcurv.engine.curvature.feature_tap import FeatureTap
from mmcurv.engine.curvature.step import CurvatureStep
from mmcurv.registry import MODELS

ROOT = osp.dirname(osp.dirname(osp.abspath(__file__)))
BASELINE = 'ce'
AIMS = dict(ldam_drw=1.3, tde=1.3, ce_cmo=1.3, ride=2.19, bbn=2.2)
NAMES = dict(
    ldam_drw='LDAM-DRW',
    tde='De-c-TDE',
    ce_cmo='CE with CMO, mixing each step',
    ride='RIDE, four experts with 1.83 times the multiply-adds',
    bbn='BBN, which trains on two batches')
ROUNDS, WARM_UP, STEPS = 2, 2, 6
COUNTS = (5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50)
BATCH, CR_ROUNDS = 128, 8
REFRESHES = dict(batch=1.06, neighbors=None)  # and their aims
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


def make_model():
    return MODELS.build(
        dict(
            type='mmpretrain.ImageClassifier',
            backbone=dict(type='mmcurv.CifarResNet', depth=32),
            neck=dict(type='mmpretrain.GlobalAveragePooling'),
            head=dict(
                type='mmpretrain.LinearClsHead',
                num_classes=len(COUNTS),
                in_channels=64)))


def make_batch(number):
    """A batch of the long-tailed set, with the numbers of its images."""
    generator = torch.Generator().manual_seed(number)
    images = torch.randperm(sum(COUNTS), generator=generator)[:BATCH]
    labels = torch.arange(len(COUNTS)).repeat_interleave(
        torch.tensor(COUNTS))[images]
    samples = []
    for image, label in zip(images.tolist(), labels.tolist()):
        sample = DataSample(metainfo=dict(sample_idx=image))
        samples.append(sample.set_gt_label(label))
    pixels = torch.randn(BATCH, 3, 32, 32, generator=generator)
    return pixels, samples


def full_step(refresh):
    """A CurvatureStep whose pool is full of random features."""
    step = CurvatureStep('skip', None, dict(refresh=refresh), None)
    step.prepare(COUNTS, None)
    labels = torch.arange(len(COUNTS)).repeat_interleave(torch.tensor(COUNTS))
    samples = [
        DataSample(metainfo=dict(sample_idx=i)).set_gt_label(c)
        for i, c in enumerate(labels.tolist())
    ]
    features = torch.randn(len(labels), 64).abs()
    step(features, samples, torch.tensor(1.), 1, False)
    step.curvature.measure_all()
    return step


def time_step(model, optimizer, batch, step):

    def add(features, samples, losses):
        term, _ = step(*features, samples, losses['loss'], 6, True)
        return {**losses, 'loss_curvature': term}

    tap = FeatureTap('head.fc', add)
    if step is not None:
        tap.attach(model)
    started = time.perf_counter()
    losses = model(batch[0], data_samples=batch[1], mode='loss')
    optimizer.zero_grad()
    sum(losses.values()).backward()
    optimizer.step()
    spent = time.perf_counter() - started
    tap.detach()
    return spent


def cr_shares():
    """What each refresh of CR adds to the seconds of a step, as a ratio."""
    model = make_model()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, 0.9)
    steps = dict(none=None, **{name: full_step(name) for name in REFRESHES})
    times = {name: [] for name in steps}
    for number in range(CR_ROUNDS + 2):
        batch = make_batch(number)
        for name, step in steps.items():
            spent = time_step(model, optimizer, batch, step)
            if number > 1:  # the first two warm up
                times[name].append(spent)
    without = median(times['none'])
    return {name: median(times[name]) / without for name in REFRESHES}


def rows():
    """One run, in the form of run.py."""
    warnings.simplefilter('ignore')
    register_all_modules()
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    found = [
        dict(
            what=f"a step of ResNet-32, batch {BATCH}, with CR and "
            f"refresh='{name}'",
            against='the step without CR',
            value=ratio,
            unit='times the time',
            at_most=REFRESHES[name]) for name, ratio in cr_shares().items()
    ]
    times = measure((BASELINE, *AIMS))
    return found + [
        dict(
            what=f'a step of ResNet-32 by {NAMES[method]}',
            against='cross-entropy, its batch loaded as well',
            value=median(times[method]) / median(times[BASELINE]),
            unit='times the time',
            at_most=aim) for method, aim in AIMS.items()
    ]
