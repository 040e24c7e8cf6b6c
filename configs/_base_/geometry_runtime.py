# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# As default_runtime.py; the geometry of the class manifolds is measured before
# training and after every fifth epoch, on up to 500 images of each class.
_base_ = './default_runtime.py'

default_hooks = dict(
    geometry=dict(interval=5, max_per_class=500, at_start=True))
