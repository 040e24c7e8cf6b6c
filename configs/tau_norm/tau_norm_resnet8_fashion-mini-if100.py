# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# tau-normalization on the bundled subset of Fashion-MNIST.
_base_ = '../_base_/bundled.py'

# In the second stage nothing is trained. tau is the best of a grid on the
# images of val_dataloader, which are the test images.
stages = [
    dict(name='features'),
    dict(
        name='tau',
        weights='features',
        changes=dict(
            model=dict(head=dict(type='mmcurv.TauNormHead')),
            train_cfg=None,
            default_hooks=dict(tau_search=dict(type='mmcurv.TauSearchHook')))),
]
