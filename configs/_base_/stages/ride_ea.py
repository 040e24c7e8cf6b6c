# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE, stage 2: gates learn from class-balanced images whether an image needs
# another expert. Body and experts are fixed.
# The constants of its code for CIFAR-100-LT.
stages = [
    dict(name='experts'),
    dict(
        name='routing',
        weights='experts',
        freeze=['backbone', 'head.fcs'],
        norm='eval',
        of=200,
        changes=dict(
            model=dict(
                head=dict(
                    type='mmcurv.ExpertAssignmentHead',
                    top_logits=30,
                    loss=dict(
                        _delete_=True, type='mmcurv.ExpertAssignmentLoss'),
                    init_cfg=dict(
                        _delete_=True,
                        type='mmcurv.KaimingWeight',
                        layer='Linear'))),
            default_hooks=dict(reweighting=None),
            train_dataloader=dict(
                batch_size=512,
                sampler=dict(
                    _delete_=True,
                    type='mmcurv.WeightedSampler',
                    weights='balanced')),
            auto_scale_lr=dict(base_batch_size=512),
            optim_wrapper=dict(
                optimizer=dict(lr=0.01, weight_decay=5e-4, nesterov=True)),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=5)],
            train_cfg=dict(max_epochs=5),
            val_evaluator=[
                dict(type='Accuracy', topk=(1, )),
                dict(type='mmcurv.ClassFairness'),
                dict(type='mmcurv.ExpertsUsed'),
            ],
            test_evaluator=[
                dict(type='Accuracy', topk=(1, )),
                dict(type='mmcurv.ClassFairness'),
                dict(type='mmcurv.ExpertsUsed'),
            ])),
]
