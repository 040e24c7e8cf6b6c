# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The optimizer as the paper prints it: Adam with a rate of 0.1. Its "momentum
# of 0.9" is Adam's first beta.
_base_ = './paper_cifar100_200e.py'

optim_wrapper = dict(
    optimizer=dict(
        _delete_=True,
        type='Adam',
        lr=0.1,
        betas=(0.9, 0.999),
        weight_decay=5e-3))
