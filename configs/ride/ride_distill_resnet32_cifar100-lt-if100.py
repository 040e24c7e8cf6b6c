# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with four experts that learn from a teacher of six, on CIFAR-100-LT at
# imbalance 100, own recipe; three have model.backbone.num_experts=3 and
# model.head.num_experts=3.
_base_ = './ride_resnet32_cifar100-lt-if100.py'

# The code adds the whole loss once for each expert.
model = dict(
    type='mmcurv.RIDEClassifier',
    temperature=1.5,
    times_experts=True,
    teacher=dict(
        model=dict(
            type='mmpretrain.ImageClassifier',
            backbone=dict(type='mmcurv.MultiExpertCifarResNet', num_experts=6),
            neck=dict(type='mmpretrain.GlobalAveragePooling'),
            head=dict(
                type='mmcurv.MultiExpertHead',
                num_classes=100,
                in_channels=48,
                num_experts=6)),
        checkpoint=None))

# The warm-up of a student is longer: 1/20, 2/20, ..., 1 of the rate in epochs
# 1 to 20.
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 20, begin=0, end=20, by_epoch=True),
    dict(type='MultiStepLR', milestones=[160, 180], gamma=0.01),
]

# The teacher has the recipe of RIDE without one. CR acts on the student.
stages = [
    dict(
        name='teacher',
        cr=False,
        of=200,
        changes={
            'model.teacher': None,
            'model.backbone.num_experts': 6,
            'model.head.num_experts': 6,
            'param_scheduler': _base_.param_scheduler,
            'train_cfg.max_epochs': 200,
        }),
    dict(
        name='student',
        cr=True,
        changes={'model.teacher.checkpoint': '{teacher}'}),
]

recipe_of = _base_.recipe_of
recipe_of[0]['changes']['model.teacher.model.head.num_classes'] = 10
