# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# CIFAR-10-LT in the place of CIFAR-100-LT: "--with" this file. All else, the
# augmentation included, stays that of the method.
data_preprocessor = dict(num_classes=10)

train_dataloader = dict(
    dataset=dict(dataset=dict(type='CIFAR10', data_root='data/cifar10')))
val_dataloader = dict(dataset=dict(type='CIFAR10', data_root='data/cifar10'))
test_dataloader = val_dataloader

model = dict(head=dict(num_classes=10))
