# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A classifier, a data set and a Runner that train in a tenth of a second."""
import uuid

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import nn

COUNTS = (120, 40, 5)


@DATASETS.register_module()
class CornerPoints(BaseDataset):
    """Points around one corner per class, ``counts[c]`` of class c."""

    def __init__(self, counts=COUNTS, seed=0, named=True):
        self.counts, self.seed = counts, seed
        names = [f'class {c}' for c in range(len(counts))]
        super().__init__(
            metainfo=dict(classes=names) if named else None,
            serialize_data=False)  # serializing collects garbage: 0.3 s

    def load_data_list(self):
        rng = np.random.default_rng(self.seed)
        labels = np.repeat(np.arange(len(self.counts)), self.counts)
        points = np.eye(4)[labels] + 0.4 * rng.normal(size=(labels.size, 4))
        return [
            dict(img=point, gt_label=int(label))
            for point, label in zip(points.astype(np.float32), labels)
        ]

    def prepare_data(self, idx):
        info = self.get_data_info(idx)
        sample = DataSample(metainfo=dict(sample_idx=info['sample_idx']))
        sample.set_gt_label(info['gt_label'])
        return dict(inputs=torch.tensor(info['img']), data_samples=sample)


class AskingLoss(nn.Module):
    """Cross entropy that remembers each time it is told the class counts."""

    def __init__(self):
        super().__init__()
        self.told = []

    def set_class_counts(self, counts):
        self.told.append(counts)

    def forward(self, scores, labels):
        return nn.functional.cross_entropy(scores, labels)


class CornerHead(nn.Module):

    def __init__(self, num_classes):
        super().__init__()
        self.num_classes = num_classes
        self.fc = nn.Linear(4, num_classes)
        self.loss_module = AskingLoss()


@MODELS.register_module()
class CornerClassifier(BaseModel):

    def __init__(self, num_classes=len(COUNTS)):
        super().__init__()
        self.head = CornerHead(num_classes)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        scores = self.head.fc(torch.stack(list(inputs)))
        if mode == 'loss':
            labels = torch.cat([sample.gt_label for sample in data_samples])
            return dict(loss=self.head.loss_module(scores, labels))
        return [
            sample.set_pred_score(score)
            for sample, score in zip(data_samples, scores.softmax(1))
        ]


def loader(shuffle=False, batch_size=16, **dataset):
    return dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dict(type='CornerPoints', **dataset))


def val_parts(val=None, metric=None, test=False):
    name = 'test' if test else 'val'
    return {
        f'{name}_dataloader':
        loader(**(val or dict(counts=(8, 8, 8), seed=1))),
        f'{name}_cfg': dict(),
        f'{name}_evaluator': metric or dict(type='mmcurv.ClassFairness')
    }


def train_parts(train=None, max_epochs=2, **train_cfg):
    train_cfg = train_cfg or dict(by_epoch=True, max_epochs=max_epochs)
    return dict(
        train_dataloader=loader(shuffle=True, **(train or {})),
        train_cfg=train_cfg,
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.5)))


def build(work_dir, *parts, hook=None, hooks=None, num_classes=3, **config):
    """A Runner with a ClassCountsHook; ``parts`` from the functions above."""
    for part in parts:
        config.update(part)
    default_hooks = dict(class_counts=dict(type='mmcurv.ClassCountsHook'))
    default_hooks['class_counts'].update(hook or {})
    default_hooks.update(hooks or {})
    return Runner(
        model=dict(type='CornerClassifier', num_classes=num_classes),
        work_dir=str(work_dir),
        default_hooks=default_hooks,
        randomness=dict(seed=7),
        log_level='WARNING',
        experiment_name=uuid.uuid4().hex,
        **config)
