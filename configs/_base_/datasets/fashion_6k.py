# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# 600 training images of each class of Fashion-MNIST, drawn with seed 0, and
# the whole test set: balanced, and small enough for one CPU core.
_base_ = ['./fashion_lt.py']

train_dataloader = dict(dataset=dict(imbalance_factor=None, counts=[600] * 10))
