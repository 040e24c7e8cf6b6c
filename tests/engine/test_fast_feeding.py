# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs that feed from memory and augment whole batches."""
import json
import uuid

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.utils import register_all_modules

import mmcurv.engine.hooks  # noqa: F401
from mmcurv.datasets import FashionMini, LongTailed, split_fingerprint
from tests.engine.test_resume_exactly import STATES, differences

register_all_modules(init_default_scope=False)
COUNTS = [30, 24, 18, 14, 11, 9, 7, 6, 5, 4]
PACK = [dict(type='PackInputs')]


def images(split, **options):
    return dict(
        type='mmcurv.FashionMini',
        split=split,
        serialize_data=False,  # serializing collects garbage: 0.4 s
        pipeline=PACK,
        **options)


def loader(dataset, shuffle):
    return dict(
        batch_size=32,
        num_workers=0,
        collate_fn=dict(type='mmcurv.image_batch_collate'),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dict(type='mmcurv.InMemoryDataset', dataset=dataset))


def build(work_dir, max_epochs, mixing=None, **options):
    """A run with CR from epoch 2 and curvatures after every epoch."""
    pool = dict(
        type='mmcurv.FeaturePoolHook', start_epoch=2, curvature=dict(k=4))
    train_set = dict(
        type='mmcurv.LongTailed', counts=COUNTS, dataset=images('train'))
    config = dict(
        model=dict(
            type='ImageClassifier',
            train_cfg=mixing and dict(augments=[dict(type=mixing, alpha=1.)]),
            backbone=dict(
                type='mmcurv.CifarResNet',
                depth=8,
                in_channels=1,
                base_channels=4),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=10, in_channels=16)),
        data_preprocessor=dict(
            type='mmcurv.BatchAugmentPreprocessor',
            num_classes=10,
            mean=[73.],
            std=[90.],
            augment=[
                dict(type='BatchRandomCrop', crop_size=28, padding=4),
                dict(type='BatchRandomFlip', prob=0.5),
            ]),
        train_dataloader=loader(train_set, True),
        val_dataloader=loader(
            images('test', indices=list(range(0, 2000, 50))), False),
        val_evaluator=dict(type='mmcurv.ClassFairness'),
        val_cfg=dict(),
        train_cfg=dict(by_epoch=True, max_epochs=max_epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9)),
        custom_hooks=[pool],
        default_hooks=dict(
            class_counts=dict(type='mmcurv.ClassCountsHook'),
            geometry=dict(
                type='mmcurv.GeometryMonitorHook', curvature=dict(k=4)),
            random_state=dict(type='mmcurv.RandomStateHook')),
        default_scope='mmpretrain',
        randomness=dict(seed=3),
        work_dir=str(work_dir),
        log_level='ERROR',
        experiment_name=uuid.uuid4().hex,
        **options)
    return Runner.from_cfg(Config(config))


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """Folders of a whole run of 2 epochs, and of one resumed after 1."""
    top = tmp_path_factory.mktemp('feeding')
    build(top / 'whole', 2).train()
    build(top / 'resumed', 1).train()
    build(top / 'resumed', 2, resume=True).train()
    return top


def checkpoint(folder):
    return torch.load(folder / 'epoch_2.pth', weights_only=True)


def test_every_image_is_pooled_under_its_own_number(runs):
    state = checkpoint(runs / 'whole')['mmcurv_feature_pool']['layers']
    assert state['head.fc']['curvature']['pool.arrived'].tolist() == COUNTS
    logged = checkpoint(runs / 'whole')['message_hub']['log_scalars']
    assert logged['train/loss_curvature'].current() > 0


def test_split_counts_and_geometry_are_recorded(runs):
    split = json.loads((runs / 'whole' / 'split.json').read_text())
    assert split['class_counts'] == COUNTS
    assert split['dataset'] == 'InMemoryDataset(LongTailed(FashionMini))'
    plain = LongTailed(FashionMini(pipeline=PACK), counts=COUNTS)
    assert split['fingerprint'] == split_fingerprint(plain)
    geometry = json.loads(
        (runs / 'whole' / 'geometry' / 'epoch_002.json').read_text())
    assert len(geometry['curvature']) == len(geometry['accuracy']) == 10


def test_a_resumed_run_ends_bit_for_bit_alike(runs):
    whole, resumed = (checkpoint(runs / n) for n in ('whole', 'resumed'))
    for state in STATES:
        found = differences(whole.get(state), resumed.get(state), state)
        assert found == []


def test_mixup_after_it_keeps_soft_labels_out_of_the_next_batch(tmp_path):
    runner = build(tmp_path, 1, mixing='Mixup')
    runner.train()
    first, second = runner.train_dataloader, runner.train_dataloader
    done = runner.model.data_preprocessor(next(iter(first)), True)
    assert all(0 < one.gt_score.max() <= 1 for one in done['data_samples'])
    fresh = next(iter(second))['data_samples']
    assert not any('gt_score' in one for one in fresh)
