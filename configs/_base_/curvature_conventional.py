# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# For networks of two branches: CR takes the feature of the conventional one,
# whose images and labels are those of the batch. The other branch sees images
# of its own, so that the concatenation belongs to no one class.
_base_ = './curvature.py'

custom_hooks = _base_.custom_hooks
custom_hooks[0]['layer'] = 'head.conventional'
