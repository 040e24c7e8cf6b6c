# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Cross-entropy on the bundled subset of Fashion-MNIST, for a demonstration.
_base_ = [
    '../_base_/models/resnet20_fashion.py',
    '../_base_/datasets/fashion_mini.py',
    '../_base_/schedules/mini_20e.py',
    '../_base_/default_runtime.py',
]

# Small enough to be measured after every epoch.
default_hooks = dict(logger=dict(interval=5), geometry=dict(interval=1))
