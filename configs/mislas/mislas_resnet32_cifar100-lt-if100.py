# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MiSLAS on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = ['../_base_/cifar100_lt.py', '../_base_/stages/mislas.py']

model = dict(head=dict(type='mmcurv.PairedLinearHead'))
default_hooks = dict(mixup=dict(type='mmcurv.PairedMixupHook', alpha=1.))

# Stage 1: x 0.1 at epoch 160 and x 0.01 at epoch 180.
param_scheduler = _base_.param_scheduler
param_scheduler[1]['gamma'] = 0.1

stages = _base_.stages
stages[1]['norm'] = 'train'
stages[1]['changes']['model']['head']['loss'].update(head=0.4, tail=0.1)
stages[1]['changes']['optim_wrapper']['paramwise_cfg'] = dict(
    custom_keys={'head.fc': dict(lr_mult=0.2)})

recipe_of = [
    dict(
        classes=classes,
        imbalance_factor=factor,
        changes={
            'stages.1.norm':
            'train' if classes == 100 else 'eval',
            'stages.1.changes.model.head.loss':
            dict(head=head, tail=tail),
            'stages.1.changes.optim_wrapper.paramwise_cfg':
            dict(custom_keys={'head.fc': dict(lr_mult=rate)})
        })
    for classes, factor, head, tail, rate in ((100, 10, 0.2, 0.,
                                               0.1), (100, 50, 0.3, 0., 0.1),
                                              (100, 200, 0.4, 0.1,
                                               0.2), (10, 10, 0.1, 0., 0.2),
                                              (10, 50, 0.2, 0.,
                                               0.2), (10, 100, 0.3, 0., 0.5),
                                              (10, 200, 0.3, 0., 0.5))
]
