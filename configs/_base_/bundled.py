# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# What the methods have in common on the bundled subset of Fashion-MNIST. A
# config over it changes what makes its method and nothing else, so that their
# runs differ by their methods alone.
_base_ = [
    './models/resnet8_fashion.py',
    './datasets/fashion_mini.py',
    './schedules/mini_20e.py',
    './default_runtime.py',
]

train_cfg = dict(val_interval=5)
default_hooks = dict(checkpoint=dict(interval=5))
