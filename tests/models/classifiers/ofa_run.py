# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Small runs of OFA's phase II, from random weights."""
import uuid

from mmengine.runner import Runner

from tests.engine.image_run import image_classifier
from tests.shipped_configs import few_of_each_class

GROUP = 4  # a tail image, two partners, another head image


def ofa(**options):
    model = dict(
        type='mmcurv.OFAClassifier',
        augment=True,
        num_fused=2,
        num_confusing=2,
        head=dict(num_classes=10))
    model.update(options)
    model['backbone'] = dict(
        type='mmcurv.CifarResNet', depth=8, in_channels=1, base_channels=4)
    return image_classifier(**model)


def bundled(split, batch_size, sampler, *augmentations):
    return dict(
        batch_size=batch_size,
        num_workers=0,
        collate_fn=dict(type='default_collate'),
        sampler=sampler,
        dataset=dict(
            type='mmcurv.FashionMini',
            split=split,
            indices=few_of_each_class(split),
            serialize_data=False,
            pipeline=[*augmentations, dict(type='PackInputs')]))


def build_ofa(work_dir,
              model=None,
              batch=4 * GROUP,
              sampler=None,
              hooks=None,
              max_epochs=2,
              **config):
    """A Runner of three steps in an epoch."""
    sampler = dict(
        dict(type='mmcurv.TailPartnerSampler', groups=12, num_fused=2),
        **(sampler or {}))
    flip = dict(type='RandomFlip', prob=0.5)
    hooks = dict(
        dict(
            checkpoint=dict(type='CheckpointHook', interval=1),
            freeze=dict(type='mmcurv.FreezeHook', modules=['backbone']),
            confusing=dict(type='mmcurv.ConfusingClassesHook'),
            random_state=dict(type='mmcurv.RandomStateHook')), **(hooks or {}))
    hooks = {key: hook for key, hook in hooks.items() if hook}
    return Runner.from_cfg(
        dict(
            model=model or ofa(),
            data_preprocessor=dict(mean=[73.], std=[90.]),
            train_dataloader=bundled('train', batch, sampler, flip),
            val_dataloader=bundled('test', 50,
                                   dict(type='DefaultSampler', shuffle=False)),
            val_cfg=dict(),
            val_evaluator=dict(type='Accuracy'),
            train_cfg=dict(
                by_epoch=True, max_epochs=max_epochs, val_interval=9),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.05)),
            default_hooks=hooks,
            default_scope='mmpretrain',
            randomness=dict(seed=3),
            work_dir=str(work_dir),
            log_level='WARNING',
            experiment_name=uuid.uuid4().hex,
            **config))
