# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# GCL, stage 2: the classifier goes on with a margin, a smaller scale and focal
# modulation, on class-balanced images; the body is fixed, and images are still
# mixed.
# The rate is what the code comes to, 0.1 * 0.1 * 2 of the 0.1 that it names.
stages = [
    dict(name='features'),
    dict(
        name='classifier',
        weights='features',
        freeze=['backbone'],
        norm='eval',
        of=200,
        changes=dict(
            model=dict(head=dict(loss=dict(margin=0.1, scale=20., gamma=1.))),
            train_dataloader=dict(
                batch_size=64,
                sampler=dict(
                    _delete_=True,
                    type='mmcurv.WeightedSampler',
                    weights='balanced')),
            auto_scale_lr=dict(base_batch_size=64),
            optim_wrapper=dict(optimizer=dict(lr=0.002)),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=30)],
            train_cfg=dict(max_epochs=30))),
]
