# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Phase I trains the network; phase II fine-tunes its classifier on groups of a
# tail image, three head images that it is fused with and one more, 16 groups
# in a step: 128 images and fused maps.
stages = [
    dict(name='features'),
    dict(
        name='classifier',
        weights='features',
        freeze=['backbone'],
        norm='eval',
        of=200,
        changes={
            'model.augment':
            True,
            'train_dataloader.batch_size':
            80,
            'train_dataloader.sampler':
            dict(
                _delete_=True,
                type='mmcurv.TailPartnerSampler',
                groups=1600,
                num_fused=3),
            'optim_wrapper.optimizer.lr':
            5e-4,
            'param_scheduler': [],
            'train_cfg.max_epochs':
            64,
            'default_hooks.confusing':
            dict(type='mmcurv.ConfusingClassesHook'),
        }),
]
