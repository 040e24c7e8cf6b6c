# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A head of several tasks has no single class per image."""
import pytest
import torch
from mmengine.registry import DATASETS
from mmpretrain.structures import DataSample, MultiTaskDataSample

from tests.engine.image_run import COUNTS, NoiseImages, build, image_classifier

COLORS = dict(type='LinearClsHead', num_classes=3)
SHAPES = dict(type='LinearClsHead', num_classes=2)
MODEL = image_classifier(
    head=dict(
        type='MultiTaskHead', task_heads=dict(color=COLORS, shape=SHAPES)))
del MODEL['head']['num_classes']


@DATASETS.register_module()
class TwoTasks(NoiseImages):

    def load_data_list(self):
        infos = super().load_data_list()
        for info in infos:
            label = info['gt_label']
            info['gt_label'] = dict(color=label, shape=label % 2)
        return infos

    def prepare_data(self, idx):
        info = self.get_data_info(idx)
        sample = MultiTaskDataSample()
        for task, label in info['gt_label'].items():
            sample.set_field(DataSample().set_gt_label(label), task)
        return dict(inputs=torch.tensor(info['img']), data_samples=sample)


def refused(tmp_path, said, **hook):
    runner = build(
        tmp_path,
        model=MODEL,
        layer='head.task_heads.color.fc',
        dataset=dict(type='TwoTasks'),
        hook=hook)
    with pytest.raises(RuntimeError, match=said):
        runner.train()
    assert all(p.grad is None for p in runner.model.parameters())


def test_set_of_several_tasks_is_refused_before_the_first_step(tmp_path):
    refused(tmp_path, 'the feature pool needs one label per image')


def test_samples_of_several_tasks_are_refused_in_the_first_step(tmp_path):
    refused(
        tmp_path,
        'samples with a field gt_label, got MultiTaskDataSample without it',
        pool=dict(class_counts=COUNTS))
