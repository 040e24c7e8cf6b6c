# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# As default_runtime.py; each step's own loss is logged, so that the mean of an
# epoch is that of all of its steps.
_base_ = '../../configs/_base_/default_runtime.py'

default_hooks = dict(logger=dict(interval=1))
log_processor = dict(window_size=1)
