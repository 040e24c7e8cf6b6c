# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every method trains on both large sets, of eight classes of few images."""
import copy
import json
import math
import uuid

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner

from mmcurv.engine.stages.run import plan_run, run_stages
from tests.listed_formats import write_lines
from tests.shipped_configs import BALANCED, LARGE, load, read
from tests.small_runs import make_short

COUNTS = (9, 8, 7, 6, 6, 5, 4, 3)
BATCH = sum(COUNTS) // 2
STAGED = [path for path in LARGE if read(path).get('stages')]
ONE_STAGE = [path for path in LARGE if path not in STAGED]
# The other methods train slowly, and with them the paths of their code.
QUICK = ('bbn_resnext50_imagenet-lt_paper', 'ce_resnet50_inaturalist2018',
         'mislas_resnet50_inaturalist2018')
PIPELINES = [
    load('ce_resnext50_imagenet-lt'),
    load('ce_resnet50_inaturalist2018'),
    load('mislas_resnet50_inaturalist2018'),
    load('paco_resnext50_imagenet-lt'),
    load('paco_resnet50_inaturalist2018'),
    load('paco_resnext50_imagenet-lt', recipe='paper'),
    load('ce_resnet50_imagenet')
]


def quick_or_slow(paths):
    return [
        pytest.param(
            path,
            id=path.stem,
            marks=[] if path.stem in QUICK else [pytest.mark.slow])
        for path in paths
    ]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


@pytest.fixture(scope='module')
def data_folder(tmp_path_factory):
    """Images in class folders, and the lists of both data sets over them."""
    root = tmp_path_factory.mktemp('data')
    rng = np.random.default_rng(0)
    pairs = {
        split: [(f'{split}/n{label:08d}/n{label:08d}_{i}.png', label)
                for label, count in enumerate(counts) for i in range(count)]
        for split, counts in (('train', COUNTS), ('val', (2, ) * len(COUNTS)))
    }
    for name, _ in pairs['train'] + pairs['val']:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(
            str(root / name), rng.integers(0, 256, (24, 28, 3), np.uint8))
    for name, split in (('ImageNet_LT_train', 'train'), ('ImageNet_LT_test',
                                                         'val'),
                        ('iNaturalist18_train', 'train'), ('iNaturalist18_val',
                                                           'val')):
        write_lines(root / f'{name}.txt', pairs[split])
    return root


def shrink_images(steps):
    """224 pixels become 32, also in views."""
    for step in steps:
        if isinstance(step, list):
            shrink_images(step)
            continue
        shrink_images(step.get('transforms', []))
        for key, size in (('scale', 32), ('crop_size', 32)):
            if isinstance(step.get(key), int):
                step[key] = size


def use_eight_classes(cfg, folder):
    """Point the data sets of a config at the tiny files."""
    classes = [str(label) for label in range(len(COUNTS))]
    for loader in (cfg.train_dataloader, cfg.val_dataloader,
                   cfg.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.data_root = str(folder)
        loader.dataset.metainfo = dict(classes=classes)
        if loader.dataset.type == 'ImageNet':
            # Its class insists on all of the thousand.
            split = loader.dataset.pop('split')
            loader.dataset.update(
                type='CustomDataset', data_root=str(folder / split))
        shrink_images(loader.dataset.pipeline)
    cfg.train_dataloader.batch_size = BATCH


def make_narrow(cfg):
    """An eighth of the channels, and ResNet-18 in the place of ResNet-50."""
    backbone, head = cfg.model.backbone, cfg.model.head
    backbone.update(base_channels=8, stem_channels=8)
    width = 64
    if 'ResNeXt' in backbone.type:
        backbone.update(groups=4, width_per_group=2)
        width = 256
    else:
        backbone.depth = 18
    times = dict(Dual=2., Mult=0.75).get(backbone.type[7:11], 1.)
    head.in_channels = int(width * times)
    head.num_classes = cfg.data_preprocessor.num_classes = len(COUNTS)
    if 'num_confusing' in cfg.model:
        cfg.model.num_confusing = 3  # there are four head classes
    if 'queue_size' in cfg.model:
        cfg.model.queue_size = 4 * BATCH


def make_shorter(cfg):
    """Two epochs, the second with all of the method."""
    make_short(cfg, 2)
    for stage in cfg.get('stages', []):
        changes = stage.get('changes', {})
        if changes.get('train_cfg'):
            changes.train_cfg.max_epochs = 1
        if changes.get('train_dataloader', {}).get('batch_size'):
            changes.train_dataloader.batch_size = BATCH
        if 'train_cfg.max_epochs' in changes:  # OFA: two groups
            changes['train_cfg.max_epochs'] = 1
            changes['train_dataloader.batch_size'] = 17
            changes['train_dataloader.sampler'].groups = 2


def small_config(path, folder, work_dir):
    cfg = copy.deepcopy(load(path.stem, cr=True))
    use_eight_classes(cfg, folder)
    make_narrow(cfg)
    make_shorter(cfg)
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = uuid.uuid4().hex
    return cfg


def test_pipelines_yield_images_of_224_pixels(data_folder):
    for cfg in PIPELINES:
        cfg = copy.deepcopy(cfg)
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            loader.dataset.data_root = str(data_folder)
            if loader.dataset.type == 'ImageNet':
                continue
            loader.dataset.metainfo = dict(
                classes=[str(label) for label in range(len(COUNTS))])
            item = DATASETS.build(loader.dataset)[3]
            views = item['inputs']
            for view in views if isinstance(views, list) else [views]:
                assert view.shape == (3, 224, 224), cfg.filename
                assert view.dtype == torch.uint8
            assert item['data_samples'].gt_label.numel() == 1


@pytest.mark.parametrize('path', quick_or_slow(ONE_STAGE))
def test_method_trains_and_validates(path, data_folder, tmp_path):
    check_run(small_config(path, data_folder, tmp_path), True)


@pytest.mark.slow
def test_mixed_images_train_and_validate(data_folder, tmp_path):
    path, = (path for path in BALANCED if path.stem.endswith('_imagenet'))
    check_run(small_config(path, data_folder, tmp_path), True)


def check_run(cfg, regularized):
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert math.isfinite(scalars['train/loss'].current())
    assert 0 <= scalars['val/fairness/class_mean'].current() <= 100
    assert ('train/loss_curvature' in scalars) == regularized
    if regularized:
        assert scalars['train/loss_curvature'].current() > 0


@pytest.mark.parametrize('path', quick_or_slow(STAGED))
def test_stages_of_a_method_train_and_validate(path, data_folder, tmp_path):
    cfg = small_config(path, data_folder, tmp_path)
    run_stages(cfg, plan_run(cfg))
    record = json.loads((tmp_path / 'run.json').read_text())
    assert [stage['name'] for stage in record['stages']
            ] == [stage.name for stage in cfg.stages]
    assert 0 <= record['results']['last']['metrics']['overall'] <= 100
