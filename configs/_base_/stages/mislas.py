# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS, stage 2: classifier and a factor for each class learn on
# class-balanced images, which are not mixed, with label-aware smoothing; the
# body is frozen.
# Smoothing, rate of the classifier and mode of the batch norms differ by data
# set and imbalance; these are those of CIFAR-10-LT at 100, and each config
# sets its own.
stages = [
    dict(name='features'),
    dict(
        name='classifier',
        weights='features',
        freeze=['backbone'],
        norm='eval',
        of=200,
        changes=dict(
            model=dict(
                head=dict(
                    type='mmcurv.ScaledLinearHead',
                    loss=dict(
                        _delete_=True,
                        type='mmcurv.LabelAwareSmoothingLoss',
                        head=0.3,
                        tail=0.))),
            default_hooks=dict(mixup=None),
            train_dataloader=dict(
                sampler=dict(_delete_=True, type='mmcurv.ClassAwareSampler')),
            optim_wrapper=dict(
                paramwise_cfg=dict(custom_keys={'head.fc': dict(
                    lr_mult=0.5)})),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=10)],
            train_cfg=dict(max_epochs=10))),
]
