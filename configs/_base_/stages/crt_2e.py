# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# cRT: a new classifier on class-balanced images. The body is frozen,
# its batch norms go on collecting statistics.
# The same share of 20 epochs as on CIFAR of 200, the rate lowered in each
# iteration.
stages = [
    dict(name='features'),
    dict(
        name='classifier',
        weights='features',
        freeze=['backbone'],
        norm='train',
        reset=['head.fc'],
        changes=dict(
            train_dataloader=dict(
                drop_last=True,
                sampler=dict(_delete_=True, type='mmcurv.ClassAwareSampler')),
            param_scheduler=[
                dict(
                    type='CosineAnnealingLR',
                    T_max=2,
                    end=2,
                    by_epoch=True,
                    convert_to_iter_based=True),
            ],
            train_cfg=dict(max_epochs=2))),
]
