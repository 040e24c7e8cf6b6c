# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# OFA, phase II on large sets: groups of a tail image, 15 head images that it
# is fused with and one more, 32 images and fused maps of each group. Number of
# partners, optimizer and rate are those of an unofficial code for ImageNet-LT.
# As many steps as on CIFAR, 6,400. With 8 GPUs a step has 8 groups, as many as
# make a batch of 256.
stages = [
    dict(name='features'),
    dict(
        name='classifier',
        weights='features',
        freeze=['backbone'],
        norm='eval',
        changes={
            'model.augment':
            True,
            'train_dataloader.batch_size':
            17,
            'train_dataloader.sampler':
            dict(
                _delete_=True,
                type='mmcurv.TailPartnerSampler',
                groups=5120,
                num_fused=15),
            'auto_scale_lr.base_batch_size':
            136,
            'optim_wrapper.optimizer':
            dict(_delete_=True, type='AdamW', lr=1e-5, weight_decay=0.01),
            'param_scheduler': [],
            'train_cfg.max_epochs':
            10,
            'default_hooks.confusing':
            dict(type='mmcurv.ConfusingClassesHook'),
        }),
]
