# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Class-balanced focal loss on CIFAR-100-LT at imbalance 100.
_base_ = '../_base_/cifar100_lt.py'

# The classifier's bias starts at a probability of 1/100 for every class and
# has no weight decay.
model = dict(
    head=dict(
        loss=dict(
            type='mmcurv.ClassBalancedLoss',
            carrier='focal',
            beta=0.9999,
            gamma=1.),
        init_cfg=dict(
            _delete_=True,
            type='Kaiming',
            layer='Linear',
            mode='fan_in',
            bias_prob=1 / 100)))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'head.fc.bias': dict(decay_mult=0.)}))

recipe_of = [dict(classes=10, changes={'model.head.init_cfg.bias_prob': 0.1})]
