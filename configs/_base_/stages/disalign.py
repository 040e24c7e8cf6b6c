# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign: the scores of the frozen network are calibrated. Batch norms go
# on collecting statistics.
# Its code trains 10 epochs after 90, at the rate of the first stage; of 200
# epochs the same share is 22.
stages = [
    dict(name='features'),
    dict(
        name='calibration',
        weights='features',
        freeze=['backbone', 'head.fc'],
        norm='train',
        of=90,
        changes=dict(
            model=dict(
                head=dict(
                    type='mmcurv.DisAlignHead',
                    loss=dict(
                        _delete_=True,
                        type='mmcurv.GeneralizedReweightingLoss',
                        rho=1.2))),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=10)],
            train_cfg=dict(max_epochs=10))),
]
