# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The recipe that the paper states for ImageNet, for batches of 512, but for
# one word: its "Adam" has a momentum and a rate at which Adam diverges, so we
# read SGD. The words themselves are in paper_imagenet_adam_200e.py. It states
# no schedule here; the linear decay is that of its other sets.
_base_ = './paper_200e.py'

optim_wrapper = dict(optimizer=dict(lr=0.05))

auto_scale_lr = dict(base_batch_size=512)
