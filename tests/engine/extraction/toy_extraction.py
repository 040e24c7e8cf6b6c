# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A config and a checkpoint whose extraction takes a tenth of a second."""
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from mmcurv.engine.extraction.model import build_model

COUNTS = (9, 4, 2)


@DATASETS.register_module()
class PaintedImages(BaseDataset):
    """Random 8 x 8 images of three classes in mixed order.

    As a class it counts the images that are read, and can be interrupted.
    """
    read = 0
    interrupt_at = None

    def __init__(self, counts=COUNTS, seed=0, named=True, files=False, **args):
        self.counts, self.seed, self.files = counts, seed, files
        names = [f'class {c}' for c in range(len(counts))] if named else None
        super().__init__(
            ann_file='',
            metainfo=dict(classes=names) if named else None,
            serialize_data=False,
            **args)

    def load_data_list(self):
        rng = np.random.default_rng(self.seed)
        labels = rng.permutation(
            np.repeat(np.arange(len(self.counts)), self.counts))
        images = rng.integers(0, 255, (labels.size, 8, 8, 1), dtype=np.uint8)
        items = []
        for i, (image, label) in enumerate(zip(images, labels)):
            items.append(dict(img=image, gt_label=int(label)))
            if self.files:
                items[-1]['img_path'] = f'{self.img_prefix}/{i}.png'
        return items

    def prepare_data(self, idx):
        if idx == PaintedImages.interrupt_at:
            raise KeyboardInterrupt
        PaintedImages.read += 1
        return super().prepare_data(idx)


def loader(shuffle=False, **changes):
    """Config of a loader; ``changes`` are added."""
    return dict(
        batch_size=4,
        num_workers=0,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        **changes)


def config_text(**changes):
    """A config as text; ``changes`` replace its entries."""
    flip = dict(type='RandomFlip', prob=1.0, direction='horizontal')
    pack = dict(type='PackInputs')
    parts = dict(
        default_scope='mmpretrain',
        data_preprocessor=dict(num_classes=3, mean=[100.], std=[50.]),
        model=dict(
            type='ImageClassifier',
            backbone=dict(
                type='mmcurv.CifarResNet',
                depth=8,
                in_channels=1,
                base_channels=2),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='LinearClsHead', num_classes=3, in_channels=8)),
        train_dataloader=loader(
            shuffle=True,
            dataset=dict(type='PaintedImages', pipeline=[flip, pack])),
        test_dataloader=loader(
            dataset=dict(
                type='PaintedImages',
                seed=1,
                counts=(2, 2, 2),
                pipeline=[pack])))
    parts.update(changes)
    return ''.join(f'{name} = {value!r}\n' for name, value in parts.items())


def write_config(folder, name='toy.py', **changes):
    """Path of a config in a folder."""
    path = folder / name
    path.write_text(config_text(**changes))
    return str(path)


def toy_model(config, seed=0):
    """The model of a config with weights of that seed, in evaluation."""
    torch.manual_seed(seed)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return build_model(Config.fromfile(config)).eval()


def write_checkpoint(folder, config, seed=0, name='epoch_3.pth', **more):
    """Path of a checkpoint of the config's model after three epochs."""
    path = folder / name
    content = dict(
        meta=dict(epoch=3, iter=12),
        state_dict=toy_model(config, seed).state_dict())
    torch.save(dict(content, **more), path)
    return str(path)
