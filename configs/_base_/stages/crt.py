# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# cRT: a new classifier on class-balanced images. The body is frozen,
# its batch norms go on collecting statistics.
# Its code trains 10 epochs after 90, at the rate of the first stage; of 200
# epochs the same share is 22.
stages = [
    dict(name='features'),
    dict(
        name='classifier',
        weights='features',
        freeze=['backbone'],
        norm='train',
        reset=['head.fc'],
        of=90,
        changes=dict(
            train_dataloader=dict(
                drop_last=True,
                sampler=dict(_delete_=True, type='mmcurv.ClassAwareSampler')),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=10)],
            train_cfg=dict(max_epochs=10))),
]
