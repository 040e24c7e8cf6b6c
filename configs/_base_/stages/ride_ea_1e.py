# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE, stage 2: gates learn from class-balanced images whether an image needs
# another expert. Body and experts are fixed.
# One epoch of small batches, the rate lowered in each iteration; the gates see
# the logits of all ten classes.
stages = [
    dict(name='experts'),
    dict(
        name='routing',
        weights='experts',
        freeze=['backbone', 'head.fcs'],
        norm='eval',
        changes=dict(
            model=dict(
                head=dict(
                    type='mmcurv.ExpertAssignmentHead',
                    top_logits=10,
                    loss=dict(
                        _delete_=True, type='mmcurv.ExpertAssignmentLoss'),
                    init_cfg=dict(
                        _delete_=True,
                        type='mmcurv.KaimingWeight',
                        layer='Linear'))),
            default_hooks=dict(model_epoch=None, reweighting=None),
            train_dataloader=dict(
                batch_size=64,
                sampler=dict(
                    _delete_=True,
                    type='mmcurv.WeightedSampler',
                    weights='balanced')),
            auto_scale_lr=dict(base_batch_size=64),
            optim_wrapper=dict(
                optimizer=dict(lr=0.01, weight_decay=5e-4, nesterov=True)),
            param_scheduler=[
                dict(
                    type='CosineAnnealingLR',
                    T_max=1,
                    end=1,
                    by_epoch=True,
                    convert_to_iter_based=True),
            ],
            train_cfg=dict(max_epochs=1),
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
