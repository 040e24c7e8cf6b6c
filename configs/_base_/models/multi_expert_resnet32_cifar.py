# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The ResNet-32 of RIDE: from its second stage on there is one for each expert,
# of three quarters of the channels. Each config sets num_classes.
_base_ = './resnet32_cifar.py'

model = dict(
    backbone=dict(type='mmcurv.MultiExpertCifarResNet', num_experts=4),
    head=dict(
        type='mmcurv.MultiExpertHead',
        in_channels=48,
        num_experts=4,
        loss=dict(_delete_=True, type='mmcurv.RIDELoss'),
        init_cfg=None))
