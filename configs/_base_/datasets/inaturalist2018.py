# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# iNaturalist 2018: 437,513 training images of 8,142 classes, evaluated on the
# 24,426 images of its validation, which published results call its test.
# "tools/prepare_data.py inaturalist2018" says where lists and images belong.
# Images are treated as those of ImageNet; 8 GPUs with 64 each make the paper's
# batch of 512.
_base_ = './imagenet.py'

data_preprocessor = dict(num_classes=8142)
train_dataloader = dict(
    dataset=dict(
        type='mmcurv.INaturalist2018', data_root='data/inaturalist2018'))
val_dataloader = dict(
    dataset=dict(
        type='mmcurv.INaturalist2018', data_root='data/inaturalist2018'))
test_dataloader = val_dataloader
