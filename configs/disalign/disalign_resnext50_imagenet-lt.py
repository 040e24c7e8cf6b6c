# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign on ImageNet-LT, own recipe.
_base_ = ['../ce/ce_resnext50_imagenet-lt.py', '../_base_/stages/disalign.py']

# That of cross-entropy, for batches of 256.
train_dataloader = dict(batch_size=32)

optim_wrapper = dict(optimizer=dict(lr=0.1))

auto_scale_lr = dict(base_batch_size=256)
