# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Balanced CIFAR-100 in the place of CIFAR-10, "--with" this file.
data_preprocessor = dict(num_classes=100)

train_dataloader = dict(
    dataset=dict(type='CIFAR100', data_root='data/cifar100'))
val_dataloader = dict(dataset=dict(type='CIFAR100', data_root='data/cifar100'))
test_dataloader = val_dataloader

model = dict(head=dict(num_classes=100))
