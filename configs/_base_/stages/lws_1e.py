# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LWS: one factor for the score of each class, learned on class-balanced
# images. All else is frozen, batch norms go on collecting statistics.
# The same share of 20 epochs as on CIFAR of 200, the rate lowered in each
# iteration.
stages = [
    dict(name='features'),
    dict(
        name='scales',
        weights='features',
        freeze=['backbone', 'head.fc'],
        norm='train',
        changes=dict(
            model=dict(head=dict(type='mmcurv.ScaledLinearHead')),
            train_dataloader=dict(
                drop_last=True,
                sampler=dict(_delete_=True, type='mmcurv.ClassAwareSampler')),
            param_scheduler=[
                dict(
                    type='CosineAnnealingLR',
                    T_max=1,
                    end=1,
                    by_epoch=True,
                    convert_to_iter_based=True),
            ],
            train_cfg=dict(max_epochs=1))),
]
