# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# MBJ, our reading, on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

# 8 batches, and the second half of the epochs, as in 200 of 128 images.
model = dict(
    head=dict(
        type='mmcurv.MBJHead',
        memory_size=512,
        rho=1.,
        memory_weight=1.,
        start_epoch=11))

default_hooks = dict(model_epoch=dict(type='mmcurv.ModelEpochHook'))
