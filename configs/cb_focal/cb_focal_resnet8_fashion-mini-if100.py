# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Class-balanced focal loss on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

# The classifier's bias starts at a probability of 1/10 for every class and
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
            bias_prob=1 / 10)))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys={'head.fc.bias': dict(decay_mult=0.)}))
