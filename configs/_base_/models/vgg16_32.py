# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# VGG-16 for images of about 32 x 32, "--with" this file.
# Batch normalisation, and one linear classifier on the last map of 512
# channels, as is usual at this size.
network_size = 32

model = dict(
    backbone=dict(
        _delete_=True,
        type='VGG',
        depth=16,
        norm_cfg=dict(type='BN'),
        # At 28 x 28 the maps are 14, 7, 4, 2 and 1 pixels wide; rounding down
        # there would be none left. At 32 x 32 it changes nothing.
        ceil_mode=True,
        out_indices=(4, )),
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(in_channels=512))
