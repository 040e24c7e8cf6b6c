# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign: the scores of the frozen network are calibrated. Batch norms go
# on collecting statistics.
# The same share of 20 epochs as on CIFAR of 200, the rate lowered in each
# iteration.
stages = [
    dict(name='features'),
    dict(
        name='calibration',
        weights='features',
        freeze=['backbone', 'head.fc'],
        norm='train',
        changes=dict(
            model=dict(
                head=dict(
                    type='mmcurv.DisAlignHead',
                    loss=dict(
                        _delete_=True,
                        type='mmcurv.GeneralizedReweightingLoss',
                        rho=1.2))),
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
