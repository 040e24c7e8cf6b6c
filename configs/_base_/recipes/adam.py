# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The optimizer as the paper prints it for CIFAR-100 and ImageNet: Adam, whose
# first beta is its "momentum of 0.9". At the printed rates, 0.1 and 0.05, it
# diverges; the configs read SGD.
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True,
        type='Adam',
        lr=0.1,
        betas=(0.9, 0.999),
        weight_decay=5e-3))
