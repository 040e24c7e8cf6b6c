# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os.path as osp

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmcurv.arguments import UsageError
from mmcurv.engine.extraction.images import split_images
from .toy_extraction import COUNTS, config_text, loader

PAINTED = dict(type='PaintedImages', pipeline=[dict(type='PackInputs')])


def images(dataset=PAINTED, split='train', **loader_changes):
    cfg = Config.fromstring(
        config_text(**{
            f'{split}_dataloader':
            dict(loader(dataset=dataset), **loader_changes)
        }), '.py')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return split_images(cfg, split)


@pytest.mark.parametrize('wrapper', [
    dict(type='RepeatDataset', times=3),
    dict(type='ClassBalancedDataset', oversample_thr=0.9)
])
def test_image_that_a_wrapper_repeats_comes_once(wrapper):
    plain, wrapped = images(), images(dict(wrapper, dataset=PAINTED))
    assert len(wrapped.as_trained) > len(plain.dataset)
    assert wrapped.labels.tolist() == plain.labels.tolist()
    assert wrapped.fingerprint == plain.fingerprint


def test_long_tailed_set_keeps_its_tail_only():
    part = images(
        dict(type='mmcurv.LongTailed', imbalance_factor=9, dataset=PAINTED))
    assert sorted(part.labels.tolist()) == 9 * [0] + 3 * [1] + [2]
    assert part.class_names == ['class 0', 'class 1', 'class 2']


@pytest.mark.parametrize('split', ['train', 'test'])
def test_concatenation_is_read_in_order_each_image_once(split):
    repeated = dict(type='RepeatDataset', times=2, dataset=PAINTED)
    part = images(
        dict(type='ConcatDataset', datasets=[PAINTED, repeated]), split)
    once = images().labels.tolist()
    assert part.labels.tolist() == once + once


def test_order_is_that_of_the_set_whatever_the_loader_says():
    part = images(
        split='test',
        sampler=dict(type='DefaultSampler', shuffle=True),
        drop_last=True)
    labels = [
        int(sample.gt_label) for batch in part.batches(2)
        for sample in batch['data_samples']
    ]
    assert labels == part.labels[2:].tolist()
    assert len(labels) == sum(COUNTS) - 2


def test_paths_are_absolute_and_none_for_images_in_memory():
    assert images().paths() is None
    paths = images(dict(PAINTED, files=True, data_prefix='pics')).paths()
    assert paths[0] == osp.abspath('pics/0.png')
    assert len(paths) == sum(COUNTS)


def test_train_set_needs_the_pipeline_of_a_test():
    cfg = Config(dict(train_dataloader=loader(dataset=PAINTED)))
    with pytest.raises(UsageError, match='--split train: expected val_data'):
        split_images(cfg, 'train')


def test_path_to_correct_is_that_of_the_innermost_set():
    gone = dict(
        type='CustomDataset',
        data_prefix='no_such_folder',
        pipeline=PAINTED['pipeline'])
    wrapped = dict(type='mmcurv.LongTailed', imbalance_factor=9, dataset=gone)
    with pytest.raises(
            UsageError, match='train_dataloader.dataset.dataset.data_root='):
        images(wrapped)
