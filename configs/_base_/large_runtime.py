# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# As default_runtime.py, for images of 224 pixels and long epochs. The geometry
# in the record of a run is that of up to 500 images of each class.
_base_ = './default_runtime.py'

default_hooks = dict(
    logger=dict(interval=100),
    checkpoint=dict(interval=5),
    geometry=dict(max_per_class=500))

env_cfg = dict(cudnn_benchmark=True)
