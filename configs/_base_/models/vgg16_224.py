# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# VGG-16 for images of about 224 x 224, "--with" this file.
# As published: no batch normalisation, two fully connected layers with dropout
# before the classifier. It bears a learning rate of 0.01; give the backbone
# norm_cfg.type=BN for more.
network_size = 224

model = dict(
    backbone=dict(_delete_=True, type='VGG', depth=16, out_indices=(4, )),
    neck=dict(_delete_=True, type='mmcurv.HiddenLayers'),
    head=dict(in_channels=4096))
