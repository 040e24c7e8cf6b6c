# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# The ResNet-50 of RIDE: its third and fourth stage exist once for each
# expert, of three quarters of the channels. Each config sets num_classes.
_base_ = './resnet50_224.py'

model = dict(
    backbone=dict(type='mmcurv.MultiExpertResNet', num_experts=4),
    head=dict(
        type='mmcurv.MultiExpertHead',
        in_channels=1536,
        num_experts=4,
        loss=dict(_delete_=True, type='mmcurv.RIDELoss'),
        init_cfg=None))
