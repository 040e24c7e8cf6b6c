# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# LWS: one factor for the score of each class, learned on class-balanced
# images. All else is frozen, batch norms go on collecting statistics.
# Its code trains 5 epochs after 90, at the rate of the first stage; of 200
# epochs the same share is 11.
stages = [
    dict(name='features'),
    dict(
        name='scales',
        weights='features',
        freeze=['backbone', 'head.fc'],
        norm='train',
        of=90,
        changes=dict(
            model=dict(head=dict(type='mmcurv.ScaledLinearHead')),
            train_dataloader=dict(
                drop_last=True,
                sampler=dict(_delete_=True, type='mmcurv.ClassAwareSampler')),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=5)],
            train_cfg=dict(max_epochs=5))),
]
