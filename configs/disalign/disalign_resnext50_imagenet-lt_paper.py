# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# DisAlign on ImageNet-LT, recipe of the paper.
_base_ = [
    '../ce/ce_resnext50_imagenet-lt_paper.py',
    '../_base_/stages/disalign_22e.py',
]
